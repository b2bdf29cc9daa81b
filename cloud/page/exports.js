/** What the cloud knows of a device, as files. */
import { call, devicePath } from "./api.js";
import { form } from "./form.js";
import { model } from "./model.js";
import { csv, json, saveFile } from "./save.js";

const [JSON_TYPE, CSV_TYPE, PEM_TYPE] = ["application/json", "text/csv", "application/x-pem-file"];

export function exports(id) {
	const name = id.replace(/[^\w.-]/g, "_");
	const save = (what, type, text) => {
		const file = `${name}-${what}`;
		saveFile(file, type, text);
		return `Saved ${file}`;
	};
	const files = {
		"Twin, JSON": async () => save("twin.json", JSON_TYPE, json(await call("GET", devicePath(id, "twin")))),
		"Telemetry, JSON": () => save("telemetry.json", JSON_TYPE, json(messagesOf(id))),
		"Telemetry, CSV": () => {
			const rows = messagesOf(id).map(({ time, body, properties }) => [time, body, JSON.stringify(properties ?? {})]);
			return save("telemetry.csv", CSV_TYPE, csv([["time", "body", "properties"], ...rows]));
		},
		"Certificates, JSON": async () => save("certificates.json", JSON_TYPE, json(await certificatesOf(id))),
		"Certificates, CSV": async () => {
			const rows = (await certificatesOf(id)).map((it) => [it.serial, it.validFrom, it.validUntil, it.standing]);
			return save("certificates.csv", CSV_TYPE, csv([["serial", "valid from", "valid until", "standing"], ...rows]));
		},
		"Certificates, PEM": async () =>
			save("certificates.pem", PEM_TYPE, (await certificatesOf(id)).map(({ pem }) => pem).join("")),
	};
	const buttons = Object.keys(files).map((label) => [label]);
	return form([], buttons, (_, label) => files[label]());
}

const certificatesOf = (id) => call("GET", devicePath(id, "certificates"));

/** Oldest first, with the time as ISO 8601. */
function messagesOf(id) {
	const messages = model.telemetry.get(id) ?? [];
	return messages.toReversed().map(({ time, body, properties }) => ({
		time: new Date(time).toISOString(),
		body,
		properties,
	}));
}
