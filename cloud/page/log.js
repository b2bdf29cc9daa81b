/** The live log at the bottom: packets on the wire and what the cloud made of them. A line opens to show its payload. */
import { h } from "./dom.js";
import { entriesOf, keep, keepOlderThan, MOST_LINES } from "./entries.js";
import { clockTime } from "./time.js";

const lines = h("ol", { id: "lines", "aria-label": "Log lines" });
const find = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the log" });
const packets = h("input", { type: "checkbox", checked: true });
const events = h("input", { type: "checkbox", checked: true });
const own = h("input", { type: "checkbox" });
const pause = h("input", { type: "checkbox" });
let device;
/** Entries up to here were cleared away. */
let clearedUntil = 0;

document
	.querySelector("#log")
	.append(
		h(
			"div",
			{ class: "bar" },
			h("strong", {}, "Log"),
			h("label", {}, packets, "packets"),
			h("label", {}, events, "events"),
			h("label", {}, own, "this device only"),
			h("label", {}, pause, "pause"),
			find,
			h("button", { type: "button", onclick: clear }, "Clear"),
			h("span", { class: "dim" }, "passwords and signatures are masked"),
		),
		lines,
	);
for (const control of [packets, events, find]) control.addEventListener("input", filter);
own.addEventListener("input", fill);
pause.addEventListener("input", () => {
	if (!pause.checked) fill();
});

/** The cloud tells what it has; what was seen before that stays. */
export function resetLog(entries) {
	keepOlderThan(entries[0]?.time ?? Number.POSITIVE_INFINITY);
	keep(entries);
	fill();
}

export function appendLog(entries) {
	keep(entries);
	if (!pause.checked) append(entries.filter(({ deviceId }) => shownDevice() === undefined || deviceId === device));
}

/** Undefined: no device is looked at. */
export function setLogDevice(id) {
	device = id;
	if (own.checked) fill();
}

const shownDevice = () => (own.checked ? device : undefined);

/** Anew, from what is kept of the device or of all. */
function fill() {
	lines.replaceChildren();
	append(entriesOf(shownDevice()).filter(({ time }) => time > clearedUntil));
	lines.scrollTop = lines.scrollHeight;
}

function clear() {
	clearedUntil = Date.now();
	lines.replaceChildren();
}

function append(entries) {
	const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
	lines.append(...entries.slice(-MOST_LINES).map((entry) => item(lineOf(entry))));
	while (lines.childElementCount > MOST_LINES) lines.firstElementChild.remove();
	if (atEnd) lines.scrollTop = lines.scrollHeight;
}

const lineOf = (entry) => (entry.packet === undefined ? eventLine(entry) : packetLine(entry));

function item({ kind, time, deviceId, arrow, name, look, detail, payload }) {
	const parts = [clockTime(time), deviceId, arrow, name, detail];
	const [when, who, way, what, rest] = parts.map((text) => h("span", { title: text.length > 12 && text }, text));
	when.className = "dim";
	what.className = look;
	const element = h(
		"li",
		{ "data-kind": kind },
		h("details", {}, h("summary", {}, when, who, way, what, rest), payload !== undefined && h("pre", {}, payload)),
	);
	element.hidden = !wanted(element);
	return element;
}

function packetLine({ time, deviceId, direction, packet, detail, payload }) {
	const arrow = direction === "in" ? "→" : "←";
	const short = payload ? `${detail}  ${payload}` : detail;
	return { kind: "packet", time, deviceId, arrow, name: packet, look: "", detail: short.slice(0, 400), payload };
}

const looks = {
	refused: "bad",
	disconnected: "warn",
	operator: "warn",
	fault: "warn",
	connected: "good",
	registered: "good",
};

function eventLine({ time, event, deviceId = "", ...rest }) {
	const refused = event === "registered" && rest.outcome !== "assigned";
	const detail = Object.entries(rest)
		.map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`)
		.join("  ");
	const look = refused ? "bad" : (looks[event] ?? "dim");
	return {
		kind: "event",
		time,
		deviceId,
		arrow: "·",
		name: event,
		look,
		detail: detail.slice(0, 400),
		payload: detail,
	};
}

function filter() {
	for (const element of lines.children) element.hidden = !wanted(element);
	lines.scrollTop = lines.scrollHeight;
}

function wanted(element) {
	const { kind } = element.dataset;
	if (!(kind === "packet" ? packets : events).checked) return false;
	return find.value === "" || element.textContent.toLowerCase().includes(find.value.toLowerCase());
}
