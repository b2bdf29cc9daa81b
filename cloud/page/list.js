/** The list on the left: the cloud itself, then its devices. Arrow keys move through it, Enter in the search opens the match. */
import { h } from "./dom.js";
import { model } from "./model.js";
import { life } from "./time.js";

const list = document.querySelector("#list");
const find = document.querySelector("#find");
const state = document.querySelector("#state");
const none = document.querySelector("#none");
const rows = new Map();

find.addEventListener("input", filter);
find.addEventListener("keydown", (event) => {
	if (event.key === "Enter") match()?.click();
});
state.addEventListener("input", filter);
document.querySelector("nav").addEventListener("keydown", (event) => {
	if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
	const links = [...list.querySelectorAll("li:not([hidden]) a")];
	const next = links.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
	(links[next] ?? (next < 0 ? find : undefined))?.focus();
	event.preventDefault();
});

export function showList(selected) {
	row("", "#cloud", "The cloud", "", "");
	for (const id of [...model.devices.keys()].sort()) {
		const device = model.devices.get(id);
		row(id, `#device/${encodeURIComponent(id)}`, id, dotOf(device), lifeOf(device));
	}
	for (const [id, { element }] of rows)
		if (id !== "" && !model.devices.has(id)) {
			element.remove();
			rows.delete(id);
		}
	for (const [id, { link }] of rows)
		if (id === selected) link.setAttribute("aria-current", "page");
		else link.removeAttribute("aria-current");
	filter();
}

/** Makes it or brings it up to date. */
function row(id, href, text, dot, small) {
	let found = rows.get(id);
	if (found === undefined) {
		const link = h("a", { href }, h("span"), h("span", {}, text), h("small"));
		found = { element: h("li", {}, link), link };
		rows.set(id, found);
		const after = [...rows.keys()].sort().indexOf(id);
		list.insertBefore(found.element, list.children[after] ?? null);
	}
	const [mark, , detail] = found.link.children;
	if (mark.className !== dot) {
		mark.className = dot;
		mark.title = dot === "dot on" ? "connected" : dot === "dot off" ? "disabled" : dot === "" ? "" : "offline";
	}
	if (detail.textContent !== small) detail.textContent = small;
}

function dotOf({ connected, disabled }) {
	return disabled ? "dot off" : connected ? "dot on" : "dot";
}

function lifeOf({ certificates: [newest] }) {
	return newest === undefined ? "" : life(newest).text.replace(" left", "");
}

function filter() {
	const wanted = find.value.trim().toLowerCase();
	let shown = 0;
	for (const [id, { element, link }] of rows) {
		link.classList.remove("match");
		// The cloud itself is always there.
		if (id === "") continue;
		const fits = id.toLowerCase().includes(wanted) && (state.value === "" || statesOf(id).includes(state.value));
		element.hidden = !fits;
		if (fits) shown++;
	}
	none.hidden = shown > 0 || model.devices.size === 0;
	if (wanted !== "") match()?.classList.add("match");
}

/** What Enter opens: the device of that name, else the first that is left, else the cloud where it is meant. */
function match() {
	const wanted = find.value.trim().toLowerCase();
	const links = [...rows].filter(([id, { element }]) => id !== "" && !element.hidden);
	const [, row] =
		links.find(([id]) => id.toLowerCase() === wanted) ?? links.sort(([a], [b]) => (a < b ? -1 : 1))[0] ?? [];
	return row?.link ?? ("the cloud".includes(wanted) ? rows.get("").link : undefined);
}

function statesOf(id) {
	const { connected, disabled, certificateRequest } = model.devices.get(id);
	return [connected ? "connected" : "offline", disabled && "disabled", certificateRequest && "renewing"];
}
