/** The view of the cloud itself: how to connect, authorities, faults. */
import { call } from "./api.js";
import { card, h, place } from "./dom.js";
import { form } from "./form.js";
import { model } from "./model.js";
import { copyable } from "./save.js";
import { duration } from "./time.js";

export function openCloud(view) {
	const facts = place("dl");
	const roots = place("div");
	const armed = place("div");
	const effect = h("span", { class: "dim" });
	const { known } = model.cloud.faults;
	const names = h(
		"select",
		{ name: "fault", onchange: () => explain() },
		Object.keys(known).map((name) => h("option", {}, name)),
	);
	const explain = () => {
		effect.textContent = known[names.value];
	};
	explain();
	view.replaceChildren(
		h("div", { class: "title" }, h("h2", {}, "The cloud")),
		h(
			"div",
			{ class: "cards" },
			card("Connect", facts.element),
			card("Enrol a device", enrolForm()),
			card("Device CA", roots.element, rollForm()),
			card("Faults", armed.element, faultForm(names, effect)),
		),
	);
	return () => {
		const { host, port, idScope, registrationId, rootCa, roots: authorities, faults } = model.cloud;
		facts.show([host, port], () =>
			Object.entries({
				"DPS and hub": `${host}:${port}`,
				"ID scope": idScope,
				"Registration id": `${registrationId}, or any other with the group key`,
				"Server's root": rootCa,
			}).flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: "mono" }, value)]),
		);
		roots.show([authorities], () => rootTable(authorities));
		armed.show(faults.armed, () => armedList(faults.armed));
	};
}

function rootTable(roots) {
	return h(
		"table",
		{},
		h("tr", {}, ...["Root", "Life", ""].map((name) => h("th", {}, name))),
		roots.map(({ subject, serial, validUntil, issues }) =>
			h(
				"tr",
				{ title: `serial ${serial}` },
				h("td", {}, subject.replaceAll("\n", ", ")),
				h("td", { class: "tight" }, duration(Date.parse(validUntil) - Date.now())),
				h("td", { class: issues ? "good tight" : "dim tight" }, issues ? "issues" : "trusted"),
			),
		),
	);
}

function rollForm() {
	const forget = h("input", { type: "checkbox", name: "forget" });
	const roll = form(
		[["Forget the old roots: what they issued is refused", forget]],
		[
			[
				"Roll the CA",
				"roll",
				"danger",
				"Roll the CA? New certificates come from a new root; forgotten ones are refused.",
			],
		],
		async (values) => {
			await call("POST", "/ca/roll", { forget: values.forget === "on" });
			return "A new root issues from now on.";
		},
	);
	roll.classList.add("spaced");
	return roll;
}

/** What a new device needs, on demand: keys are not on the page before. */
function enrolForm() {
	const keys = h("dl", { class: "spaced" });
	const id = h("input", { name: "id", required: true, maxlength: "128", placeholder: "my-device" });
	const show = form([["Registration id", id]], [["Show its key"]], async (values) => {
		const { registrationId, key, group } = await call("GET", `/enrolments/${encodeURIComponent(values.id)}`);
		const { host, port, idScope, rootCa } = model.cloud;
		const command =
			`ENROLLEE_SYMMETRIC_KEY=${key} npx enrollee run --dps ${host}:${port} --id-scope ${idScope}` +
			` --registration-id ${registrationId} --ca "${rootCa}" --once`;
		keys.replaceChildren(
			...copyable("ID scope", idScope),
			...copyable("Registration id", registrationId),
			...copyable("Symmetric key", key),
			...copyable("Command", command),
		);
		return group ? "Derived from the group's key" : "An enrolment of its own";
	});
	return h("div", {}, show, keys);
}

function faultForm(names, effect) {
	const fields = [
		["Fault", names],
		["Value", h("input", { name: "value", placeholder: "none" })],
		["Times", h("input", { name: "times", type: "number", min: "1", placeholder: "until disarmed" })],
	];
	const arm = form(fields, [["Arm"]], async ({ fault, value, times }) => {
		const text = fault + (value === "" ? "" : `=${value}`) + (times === "" ? "" : `:${times}`);
		await call("POST", "/faults", { fault: text });
		return `Armed: ${text}`;
	});
	arm.firstElementChild.after(effect);
	arm.classList.add("spaced");
	return arm;
}

function armedList(armed) {
	if (armed.length === 0) return h("span", { class: "dim" }, "None is armed.");
	return h(
		"table",
		{},
		armed.map((fault) => {
			const disarm = () => call("DELETE", `/faults/${encodeURIComponent(fault)}`);
			const button = h("button", { type: "button", onclick: disarm, "aria-label": `Disarm ${fault}` }, "Disarm");
			return h("tr", {}, h("td", { class: "mono warn" }, fault), h("td", { class: "tight" }, button));
		}),
	);
}
