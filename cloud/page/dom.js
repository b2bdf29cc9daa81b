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
