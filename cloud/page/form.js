/** Forms: labelled controls, buttons, and what became of them. */
import { confirmed } from "./dialog.js";
import { h } from "./dom.js";

/**
 * A form: `fields` are labelled controls, `run` gets their values and gives the text of success; what it throws is shown.
 * `buttons`: [label, what `run` is told, class, the question that is asked before].
 */
export function form(fields, buttons, run) {
	const output = h("output");
	const element = h(
		"form",
		{
			async onsubmit(event) {
				event.preventDefault();
				const action = event.submitter?.value;
				const [label, , , question] = buttons.find(([label, value = label]) => value === action) ?? [];
				const values = Object.fromEntries(new FormData(element));
				if (question !== undefined && !(await confirmed(question, label))) return;
				output.className = "dim";
				output.textContent = "…";
				try {
					output.textContent = await run(values, action);
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
