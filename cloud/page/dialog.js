/** Questions before what cannot be taken back. */
import { h } from "./dom.js";

/** True when the person presses the button that is called what is to be done; Escape and Cancel are a no. */
export function confirmed(question, action) {
	return new Promise((resolve) => {
		const dialog = h(
			"dialog",
			{ role: "alertdialog", "aria-label": action, "aria-describedby": "question" },
			h("p", { id: "question" }, question),
			h(
				"form",
				{ method: "dialog", class: "buttons" },
				h("button", { value: "", autofocus: true }, "Cancel"),
				h("button", { value: "yes", class: "danger" }, action),
			),
		);
		dialog.addEventListener("close", () => {
			dialog.remove();
			resolve(dialog.returnValue === "yes");
		});
		document.body.append(dialog);
		dialog.showModal();
	});
}
