/** What can be done to a device: one card a kind of action. */
import { call, devicePath } from "./api.js";
import { card, h } from "./dom.js";
import { form, jsonOf } from "./form.js";
import { model } from "./model.js";

export function actions(id) {
	return [
		card("Push desired properties", desiredForm(id)),
		card("Call a method", methodForm(id)),
		card("Send a message", messageForm(id)),
		card("Offer an update", updateForm(id)),
		card("Certificates and connection", withdrawForm(id), moveForm(id)),
	];
}

function desiredForm(id) {
	const patch = h("textarea", { name: "patch", spellcheck: "false" }, '{"interval": 5}');
	return form([["Patch", patch]], [["Push"]], async (values) => {
		const { version } = await push(id, jsonOf(values.patch, "Patch"));
		return `Pushed; version ${version}`;
	});
}

function methodForm(id) {
	const fields = [
		["Method", h("input", { name: "name", required: true, value: "enrollee.status" })],
		["Payload", h("textarea", { name: "payload", spellcheck: "false" }, "{}")],
		["Timeout, s", h("input", { name: "seconds", type: "number", min: "1", max: "300", value: "30" })],
	];
	return form(fields, [["Call"]], async ({ name, payload, seconds }) => {
		const body = { payload: jsonOf(payload, "Payload"), timeoutSeconds: Number(seconds) };
		const {
			status,
			payload: answer,
			error,
		} = await call("POST", devicePath(id, `methods/${encodeURIComponent(name)}`), body);
		if (error !== undefined) throw new Error(error);
		return `${status} ${JSON.stringify(answer ?? null)}`;
	});
}

function messageForm(id) {
	const fields = [
		["Body", h("textarea", { name: "body" }, "hello")],
		["Properties", h("input", { name: "properties", value: "{}", spellcheck: "false" })],
	];
	return form(fields, [["Send"]], async ({ body, properties }) => {
		const sent = await call("POST", devicePath(id, "messages"), { body, properties: jsonOf(properties, "Properties") });
		return `Sent as ${sent.id}`;
	});
}

function updateForm(id) {
	const bundles = h("select", { name: "bundle", onfocus: () => fill() });
	const fill = async () => {
		const names = await call("GET", "/updates");
		if (bundles.options.length === names.length + 1) return;
		bundles.replaceChildren(h("option", { value: "" }, "elsewhere:"), ...names.map((name) => h("option", {}, name)));
	};
	fill();
	const fields = [
		["Bundle", bundles],
		["Address", h("input", { name: "url", type: "url", placeholder: "https://updates.example.com/agent.suit" })],
		["Sequence", h("input", { name: "sequence", type: "number", min: "1", value: "2" })],
	];
	return form(fields, [["Offer"], ["Withdraw"]], async ({ bundle, url, sequence }, action) => {
		if (action === "Offer" && bundle !== "") {
			const ota = await call("POST", devicePath(id, "update"), { bundle });
			return `Offered: sequence ${ota.sequence}`;
		}
		const ota = action === "Withdraw" ? null : { url, sequence: Number(sequence) };
		if (ota !== null && !url.startsWith("https://")) throw new Error("Address: one that begins with https://");
		const { version } = await push(id, { ota });
		return `${ota === null ? "Withdrawn" : "Offered"}; version ${version}`;
	});
}

function withdrawForm(id) {
	const paths = {
		Revoke: ["certificates/revoke", "Revoked: every certificate issued so far"],
		Expire: ["certificates/expire", "Expired: every certificate issued so far"],
		Disconnect: ["disconnect", "Disconnected"],
		Disable: ["disable", "Disabled, at DPS and at the hub"],
		Enable: ["enable", "Enabled"],
		Release: ["release", "Released: a renewal that renew-hold held goes on"],
	};
	const questions = {
		Revoke: `Revoke every certificate of ${id}? It loses its connection and has to enrol again.`,
		Expire: `Let every certificate of ${id} expire now? It loses its connection and has to enrol again.`,
		Disable: `Disable ${id}? Neither DPS nor the hub lets it in until it is enabled.`,
	};
	const buttons = Object.keys(paths).map((name) => [name, name, questions[name] && "danger", questions[name]]);
	return form([], buttons, async (_, action) => {
		const [path, text] = paths[action];
		await call("POST", devicePath(id, path));
		return text;
	});
}

function moveForm(id) {
	const hubs = h(
		"select",
		{ name: "hub" },
		model.cloud.hosts.map((host) => h("option", { selected: host !== model.devices.get(id)?.hub }, host)),
	);
	return form([["Hub", hubs]], [["Move"]], async ({ hub }) => {
		await call("POST", devicePath(id, "move"), { hub });
		return `Moved to ${hub}; the hub it has refuses it now`;
	});
}

function push(id, patch) {
	return call("PATCH", devicePath(id, "desired"), patch);
}
