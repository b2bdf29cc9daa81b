/** The live log at the bottom: packets on the wire and what the cloud made of them. A line opens to show its payload. */
import { h } from "./dom.js";
import { clockTime } from "./time.js";

const MAX_LINES = 500;

const lines = h("ol", { id: "lines", "aria-label": "Log lines" });
const find = h("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the log" });
const packets = h("input", { type: "checkbox", checked: true });
const events = h("input", { type: "checkbox", checked: true });
const own = h("input", { type: "checkbox" });
const pause = h("input", { type: "checkbox" });
/** What came while the log was paused. */
let held = [];
let device;

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
			h("button", { type: "button", onclick: () => lines.replaceChildren() }, "Clear"),
			h("span", { class: "dim" }, "passwords and signatures are masked"),
		),
		lines,
	);
for (const control of [packets, events, own, find]) control.addEventListener("input", filter);
pause.addEventListener("input", () => {
	if (!pause.checked) append(held.splice(0));
});

export function resetLog(entries) {
	lines.replaceChildren();
	held = [];
	appendLog(entries);
}

export function appendLog(entries) {
	const batch = entries.map((entry) => (entry.packet === undefined ? eventLine(entry) : packetLine(entry)));
	if (pause.checked) held = [...held, ...batch].slice(-MAX_LINES);
	else append(batch);
}

/** Undefined: no device is looked at. */
export function setLogDevice(id) {
	device = id;
	filter();
}

function append(batch) {
	const atEnd = lines.scrollHeight - lines.scrollTop - lines.clientHeight < 40;
	for (const line of batch.slice(-MAX_LINES)) lines.append(item(line));
	while (lines.childElementCount > MAX_LINES) lines.firstElementChild.remove();
	if (atEnd) lines.scrollTop = lines.scrollHeight;
}

function item({ kind, time, deviceId, arrow, name, look, detail, payload }) {
	const parts = [clockTime(time), deviceId, arrow, name, detail];
	const [when, who, way, what, rest] = parts.map((text) => h("span", { title: text.length > 12 && text }, text));
	when.className = "dim";
	what.className = look;
	const element = h(
		"li",
		{ "data-kind": kind, "data-device": deviceId },
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
	const { kind, device: of } = element.dataset;
	if (!(kind === "packet" ? packets : events).checked) return false;
	if (own.checked && device !== undefined && of !== device) return false;
	return find.value === "" || element.textContent.toLowerCase().includes(find.value.toLowerCase());
}
