/** Elements from data. Texts become text nodes, never markup. */

/** `attributes`: `on...` are listeners, false and undefined are left out. */
export function h(tag, attributes = {}, ...children) {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) {
		if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
		else if (value !== false && value !== undefined) element.setAttribute(name, value === true ? "" : value);
	}
	element.append(...children.flat().filter((child) => child !== undefined && child !== false));
	return element;
}

export function card(title, ...children) {
	return h("section", { class: "card", "aria-label": title }, h("h3", {}, title), ...children);
}

/** A place whose content is built anew when `key` changes; so a selection or focus in it survives what does not concern it. */
export function place(tag, attributes = {}) {
	const element = h(tag, attributes);
	let last;
	return {
		element,
		show(key, build) {
			const text = JSON.stringify(key);
			if (text === last) return;
			last = text;
			element.replaceChildren(...[build()].flat().filter(Boolean));
		},
	};
}

/**
 * A form: `fields` are labelled controls, `run` gets their values and gives the text of success; what it throws is shown.
 * `buttons`: [label, what `run` is told, class].
 */
export function form(fields, buttons, run) {
	const output = h("output");
	const element = h(
		"form",
		{
			async onsubmit(event) {
				event.preventDefault();
				output.className = "dim";
				output.textContent = "…";
				try {
					const values = Object.fromEntries(new FormData(element));
					output.textContent = await run(values, event.submitter?.value);
					output.className = "good";
				} catch (error) {
					output.textContent = error.message;
					output.className = "bad";
				}
			},
		},
		fields.map(([label, control]) =>
			h(
				"label",
				{ class: control.type === "checkbox" && "check" },
				...(control.type === "checkbox" ? [control, label] : [label, control]),
			),
		),
		h(
			"div",
			{ class: "buttons" },
			buttons.map(([label, value = label, look]) => h("button", { value, class: look }, label)),
			output,
		),
	);
	return element;
}

/** The JSON object in a text field; throws what to correct. */
export function jsonOf(text, what) {
	try {
		return JSON.parse(text);
	} catch {
		throw new Error(`${what}: this is not JSON`);
	}
}
