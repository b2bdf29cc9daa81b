/** One small plot for each numeric field of a device's telemetry. */
import { h } from "./dom.js";
import { fieldsOf } from "./numbers.js";
import { clockTime } from "./time.js";

const [WIDTH, HEIGHT, EDGE] = [320, 64, 4];
const SVG = "http://www.w3.org/2000/svg";

export function plots(messages) {
	const fields = [...fieldsOf(messages)];
	if (fields.length === 0) return [h("span", { class: "dim" }, "No numbers yet.")];
	return fields.map(([path, points]) => plot(path, points));
}

function plot(path, points) {
	const values = points.map(([, value]) => value);
	const [least, most, last] = [Math.min(...values), Math.max(...values), values.at(-1)];
	const from = points[0][0];
	const span = points.at(-1)[0] - from || 1;
	const x = (time) => EDGE + ((time - from) / span) * (WIDTH - 2 * EDGE);
	// A constant runs through the middle.
	const y = (value) =>
		most === least ? HEIGHT / 2 : HEIGHT - EDGE - ((value - least) / (most - least)) * (HEIGHT - 2 * EDGE);
	const line = points.map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
	const course = `${points.length} values, last ${short(last)}, from ${short(least)} to ${short(most)}`;
	return h(
		"figure",
		{},
		h("figcaption", {}, h("strong", {}, path), ` ${short(last)}`),
		svg(
			"svg",
			{
				viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
				preserveAspectRatio: "none",
				role: "img",
				"aria-label": `${path}: ${course}`,
			},
			[svg("polyline", { points: line })],
		),
		h("small", { class: "dim" }, `${short(least)} to ${short(most)}, since ${clockTime(from).slice(0, 8)}`),
	);
}

function svg(tag, attributes, children = []) {
	const element = document.createElementNS(SVG, tag);
	for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
	element.append(...children);
	return element;
}

const short = (value) => Number(value.toPrecision(5)).toString();
