/** The view of one device: what the cloud knows of it, and what can be done to it. */
import { actions } from "./actions.js";
import { card, h, place } from "./dom.js";
import { exports } from "./exports.js";
import { model } from "./model.js";
import { plots } from "./plot.js";
import { clockTime, life } from "./time.js";

export function openDevice(view, id) {
	const state = place("span");
	const scroll = (label) => ({ class: "scroll", tabindex: "0", role: "group", "aria-label": label });
	const certificates = place("div", scroll("Issued certificates"));
	const desired = place("pre", scroll("Desired properties"));
	const reported = place("pre", scroll("Reported properties"));
	const telemetry = place("div", scroll("Telemetry messages"));
	const courses = place("div", { class: "plots" });
	const updates = place("dl");
	view.replaceChildren(
		h("div", { class: "title" }, h("h2", {}, id), state.element),
		h(
			"div",
			{ class: "cards" },
			h("div", { class: "stack" }, card("Certificates", certificates.element), card("Updates", updates.element)),
			card("Telemetry", telemetry.element),
			card("Numbers", courses.element),
			card("Twin: desired", desired.element),
			card("Twin: reported", reported.element),
		),
		h("h2", { class: "title" }, "Act"),
		h("div", { class: "cards" }, actions(id), card("Export", exports(id))),
	);
	return () => {
		const device = model.devices.get(id);
		if (device === undefined) return;
		state.show([stateOf(device)], () => stateOf(device).map(([text, look]) => h("span", { class: look }, `${text}  `)));
		showCertificates(certificates, device);
		desired.show(device.desired, () => JSON.stringify(device.desired, null, 2));
		reported.show(device.reported, () => JSON.stringify(device.reported, null, 2));
		const messages = model.telemetry.get(id) ?? [];
		showTelemetry(telemetry, messages);
		courses.show([messages.length, messages[0]?.time], () => plots(messages));
		showUpdates(updates, device);
	};
}

function stateOf({ connected, connection, disabled, hub, messagesWaiting, certificateRequest }) {
	return [
		connected
			? [
					`connected since ${clockTime(Date.parse(connection.since)).slice(0, 8)} with ${credentials[connection.credential]}`,
					"good",
				]
			: ["offline", "dim"],
		...(disabled ? [["disabled", "bad"]] : []),
		[`hub ${hub}`, "dim"],
		...(messagesWaiting > 0 ? [[`${messagesWaiting} messages wait`, "warn"]] : []),
		...(certificateRequest ? [[`renewal ${certificateRequest} under way`, "warn"]] : []),
	];
}

const credentials = { x509: "its certificate", sas: "a SAS token" };

function showCertificates(at, { certificates, connection }) {
	const rows = certificates.map((certificate) => ({ ...certificate, ...life(certificate) }));
	const key = rows.map(({ serial, text, share }) => [serial, text, Math.round(share * 100)]);
	at.show([key, connection?.serial], () =>
		rows.length === 0
			? h("span", { class: "dim" }, "None issued.")
			: h(
					"table",
					{},
					h("tr", {}, ...["Remaining life", "", "Until", "Serial"].map((name) => h("th", {}, name))),
					rows.map(({ serial, validUntil, share, text }) =>
						h(
							"tr",
							{},
							h(
								"td",
								{},
								h("meter", { value: share.toFixed(2), low: "0.2", high: "0.2", optimum: "1", "aria-label": text }),
							),
							h("td", { class: share === 0 ? "bad tight" : "tight" }, text.replace(" left", "")),
							h("td", { class: "tight", title: validUntil }, validUntil.slice(0, 10)),
							h(
								"td",
								{ class: "mono tight", title: serial },
								`…${serial.slice(-8)}`,
								serial === connection?.serial && h("span", { class: "good" }, " in use"),
							),
						),
					),
				),
	);
}

const MOST_SHOWN = 50;

function showTelemetry(at, messages) {
	at.show([messages.length, messages[0]?.time], () =>
		messages.length === 0
			? h("span", { class: "dim" }, "None yet.")
			: h(
					"table",
					{},
					messages
						.slice(0, MOST_SHOWN)
						.map(({ time, body, properties }) =>
							h(
								"tr",
								{ title: JSON.stringify(properties) },
								h("td", { class: "dim tight" }, clockTime(time)),
								h("td", { class: "mono" }, body),
							),
						),
				),
	);
}

/** What was offered, and what the device says of its firmware, its application and their updates. */
function showUpdates(at, { desired, reported }) {
	const facts = {
		Offered: desired.ota ? `sequence ${desired.ota.sequence}, ${desired.ota.url}` : "nothing",
		Reported: reported.ota ? JSON.stringify(reported.ota) : "nothing",
		...(desired.app ? { "App offered": `sequence ${desired.app.sequence}, ${desired.app.url}` } : {}),
		...(reported.app ? { "App reported": JSON.stringify(reported.app) } : {}),
		...(reported.enrollee?.firmware ? { Firmware: String(reported.enrollee.firmware) } : {}),
	};
	at.show([facts], () =>
		Object.entries(facts).flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: "mono" }, value)]),
	);
}
