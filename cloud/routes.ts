/** The HTTP API's resources: what can be read, and what an operator can do. */
import type { Hub } from "./hub.ts";
import { isRecord } from "./json.ts";
import type { Operator } from "./operator.ts";
import { readable, showCertificates, showTwin } from "./show.ts";
import type { StreamSources } from "./stream.ts";
import type { Properties } from "./topic.ts";

export interface Call {
	/** What the path's groups matched, decoded. */
	readonly names: readonly string[];
	readonly query: URLSearchParams;
	readonly body: Readonly<Record<string, unknown>>;
	readonly context: Context;
}

export interface Context extends StreamSources {
	readonly operator: Operator;
	readonly hub: Hub;
}

export interface Route {
	readonly method: "GET" | "POST" | "PATCH" | "DELETE";
	readonly path: RegExp;
	run(call: Call): unknown;
}

const DEVICE = "/devices/([^/]+)";

export const ROUTES: readonly Route[] = [
	route("GET", "/cloud", ({ context }) => context.cloud()),
	route("GET", "/devices", ({ context }) => context.devices()),
	route("GET", DEVICE, ({ context, names: [id = ""] }) => context.device(context.operator.device(id).id)),
	route("POST", "/devices", ({ context, body }) =>
		context.device(context.operator.createDevice(String(body.deviceId ?? "")).id),
	),
	route("POST", `${DEVICE}/modules`, ({ context, names: [id = ""], body }) => {
		const module = context.operator.createModule(id, String(body.moduleId ?? ""));
		return { id: module.id, key: module.key };
	}),
	route("GET", `${DEVICE}/twin`, ({ context, names: [id = ""] }) => showTwin(context.operator.device(id))),
	route("GET", `${DEVICE}/certificates`, ({ context, names: [id = ""] }) =>
		showCertificates(context.operator.device(id)),
	),
	route("GET", "/enrolments/([^/]+)", ({ context, names: [id = ""] }) => context.operator.enrolment(id)),
	route("PATCH", `${DEVICE}/desired`, ({ context, names: [id = ""], body }) => ({
		version: context.operator.pushDesired(id, body),
	})),
	route("POST", `${DEVICE}/methods/([^/]+)`, ({ context, names: [id = "", name = ""], body }) => {
		const { payload, timeoutSeconds = 30 } = body;
		if (typeof timeoutSeconds !== "number" || !(timeoutSeconds > 0 && timeoutSeconds <= 300))
			throw new RangeError("timeoutSeconds: a number up to 300");
		return context.operator.callMethod(id, name, payload, timeoutSeconds);
	}),
	route("POST", `${DEVICE}/messages`, ({ context, names: [id = ""], body }) => {
		const { body: text = "", properties = {} } = body;
		if (typeof text !== "string") throw new RangeError("body: a text");
		if (
			!isRecord(properties) ||
			!Object.values(properties).every((value) => value === null || typeof value === "string")
		)
			throw new RangeError("properties: an object of texts; null is a name without value");
		return { id: context.operator.sendMessage(id, text, properties as Properties) };
	}),
	route("POST", `${DEVICE}/certificates/(revoke|expire)`, ({ context, names: [id = "", what] }) =>
		context.operator.withdraw(id, what === "revoke" ? "revoked" : "expired"),
	),
	route("POST", `${DEVICE}/move`, ({ context, names: [id = ""], body }) =>
		context.operator.move(id, String(body.hub ?? "")),
	),
	route("POST", `${DEVICE}/disable`, ({ context, names: [id = ""] }) => context.operator.setDisabled(id, true)),
	route("POST", `${DEVICE}/enable`, ({ context, names: [id = ""] }) => context.operator.setDisabled(id, false)),
	route("POST", `${DEVICE}/disconnect`, ({ context, names: [id = ""] }) => context.operator.disconnect(id)),
	route("POST", `${DEVICE}/release`, ({ context, names: [id = ""] }) => context.hub.release(id)),
	route("POST", `${DEVICE}/update`, ({ context, names: [id = ""], body }) =>
		context.operator.offerUpdate(id, String(body.bundle ?? "")),
	),
	route("GET", "/updates", ({ context }) => context.operator.bundles),
	route("POST", "/ca/roll", ({ context, body }) => context.operator.rollCa(body.forget === true)),
	route("GET", "/faults", ({ context }) => context.faults.list()),
	route("POST", "/faults", ({ context, body }) => context.faults.arm(String(body.fault ?? ""))),
	route("DELETE", "/faults", ({ context }) => context.faults.disarm()),
	route("DELETE", "/faults/([^/]+)", ({ context, names: [name = ""] }) => context.faults.disarm(name)),
	route("GET", "/events", ({ context, query }) => {
		const since = Number(query.get("since") ?? 0);
		return context.events.filter((event) => event.time > since).map(readable);
	}),
];

function route(method: Route["method"], path: string, run: Route["run"]): Route {
	return { method, path: new RegExp(`^${path}$`), run };
}
