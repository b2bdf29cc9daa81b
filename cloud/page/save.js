/** What the page has, as files and on the clipboard. */
import { h } from "./dom.js";

export function saveFile(name, type, text) {
	const url = URL.createObjectURL(new Blob([text], { type }));
	h("a", { href: url, download: name }).click();
	// Not before the browser has begun to read it.
	setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

export const json = (value) => `${JSON.stringify(value, null, "\t")}\n`;

/** RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe. */
export function csv(rows) {
	const cell = (value) => {
		const text = value === undefined || value === null ? "" : String(value);
		const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
		return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
	};
	return rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");
}

/** A text to take away, and the button that does so. */
export function copyable(label, text) {
	const said = h("output");
	const copy = async () => {
		try {
			await navigator.clipboard.writeText(text);
			said.textContent = "copied";
		} catch {
			said.textContent = "select it, and copy by hand";
		}
	};
	const button = h("button", { type: "button", "aria-label": `Copy ${label}`, onclick: copy }, "Copy");
	return [h("dt", {}, label), h("dd", { class: "mono" }, h("span", {}, text), " ", button, said)];
}
