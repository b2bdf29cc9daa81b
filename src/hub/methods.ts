/**
 * Direct methods: a request by name in, one answer out.
 *
 * Names by case: IoT Hub hands a name on as the caller wrote it. Azure's device SDKs match exactly, IoT Edge's own methods
 * without regard to case ("Communicate with edgeAgent using built-in direct methods", Microsoft). Here the exact name comes first; another
 * calls the only one that it differs from by case.
 *
 * Every call is answered exactly once: by its handler, or here with 400 (payload that is no JSON), 404 (no such method),
 * 413 (payload beyond the device's intake), 429 (too many calls open), 500 (the handler threw, or its answer cannot be sent), 503 (the
 * device is unstable: base/starts.ts) or 504 (no answer in the longest time the hub waits). What a handler says after that is dropped.
 */
import { Fault, printable } from "../fault.ts";
import type { Sink } from "../mqtt/events.ts";
import type { Clock, Log } from "../port.ts";
import { FAULTS } from "../remedies.ts";
import { parseProperties, splitCall } from "./hub-topics.ts";
import type { Intake } from "./intake.ts";
import { encodeJson, type Json, OfferParts, parseJson } from "./json.ts";
import { METHOD_SECONDS, MOST_METHOD_BYTES, MOST_OPEN_METHODS } from "./limits.ts";
import { OWN_METHODS } from "./own.ts";
import type { Send } from "./twin.ts";

/** `status`: 100 to 999, by convention as in HTTP. Now or later, once. */
export type Respond = (status: number, payload?: unknown) => void;
/** `payload`: null when the caller gave none. */
export type MethodHandler = (payload: Json, respond: Respond) => void;
export type MethodHandlers = Readonly<Record<string, MethodHandler>>;

export interface MethodsOptions {
	readonly clock: Pick<Clock, "after">;
	readonly log: Log;
	readonly handlers: MethodHandlers;
	readonly intake: Intake;
	readonly careful?: boolean | undefined;
}

export class Methods {
	readonly #options: MethodsOptions;
	/** The application is kept from calls. */
	careful: boolean;
	#send: Send | undefined;
	/** By request id: cancels the time-out. Those of an earlier connection are gone: their ids may come again. */
	#open = new Map<string, () => void>();

	constructor(options: MethodsOptions) {
		this.#options = options;
		this.careful = options.careful ?? false;
	}

	attach(send: Send): void {
		this.detach();
		this.#send = send;
	}

	/** The connection has ended, and with it every caller's patience. */
	detach(): void {
		this.#send = undefined;
		for (const cancel of this.#open.values()) cancel();
		this.#open = new Map();
	}

	/** Whether the message was a call. */
	message(topic: string, payload: Uint8Array): boolean {
		const { name, rid } = parseTopic(topic) ?? {};
		if (name === undefined || rid === undefined) return false;
		if (!this.#open.has(rid)) this.#call(name, rid, () => (payload.length === 0 ? null : this.#read(name, payload)));
		return true;
	}

	/**
	 * A call whose payload is too large to be held: read as it comes where it may be an offer of an update, else answered at once, and
	 * Fault hub.too-large. `bytes`: of topic and payload.
	 */
	open(topic: string, bytes: number): Sink | undefined {
		const { name, rid } = parseTopic(topic) ?? {};
		if (name === undefined || rid === undefined || this.#open.has(rid)) return undefined;
		const { intake } = this.#options;
		const own = isOwn(name);
		const most = own ? intake.ownBytes : intake.bytes;
		if (!own || bytes - topic.length > most) {
			const fault = new Fault(
				"hub.too-large",
				`call of ${printable(name)} of ${bytes} bytes, its payload at most ${most}; not looked at`,
			);
			this.#answer(name, rid, 413, { code: fault.code, message: fault.message });
			throw fault;
		}
		const parts = new OfferParts(intake);
		return { push: (part) => parts.push(part), end: () => this.#call(name, rid, () => parts.whole()) };
	}

	/** To the agent its own: an offer has room whatever the application has been called with. */
	#read(name: string, payload: Uint8Array): Json {
		const { intake } = this.#options;
		if (!isOwn(name)) return parseJson(payload, intake);
		const parts = new OfferParts(intake);
		parts.push(payload);
		return parts.whole();
	}

	/** `read`: the payload. */
	#call(name: string, rid: string, read: () => Json): void {
		const { clock, log, handlers } = this.#options;
		const handler = handlerOf(handlers, name);
		if (!handler) {
			this.#answer(name, rid, 404, { message: "no such method" });
			return;
		}
		if (this.careful && !isOwn(name)) {
			this.#answer(name, rid, 503, { code: "device.unstable", message: FAULTS["device.unstable"] });
			return;
		}
		const open = this.#open;
		const respond: Respond = (status, body = {}) => {
			const cancel = open.get(rid);
			if (!cancel || open !== this.#open) {
				log("method.late", { name, status });
				return;
			}
			open.delete(rid);
			cancel();
			this.#answer(name, rid, status, body);
		};
		if (open.size >= MOST_OPEN_METHODS) {
			this.#answer(name, rid, 429, { message: `${MOST_OPEN_METHODS} calls are open` });
			return;
		}
		open.set(
			rid,
			clock.after(METHOD_SECONDS * 1000, () => respond(504, { message: `no answer in ${METHOD_SECONDS} s` })),
		);
		let argument: Json;
		try {
			argument = read();
		} catch (thrown) {
			const { code, message } = Fault.of(thrown, "hub.response");
			log("fault", { code, message, method: name });
			respond(code === "hub.too-large" ? 413 : 400, { code, message });
			return;
		}
		try {
			handler(argument, respond);
		} catch (thrown) {
			const fault = Fault.of(thrown, "agent.callback");
			log("fault", { code: fault.code, message: fault.message, method: name });
			respond(500, { code: fault.code, message: "the method failed" });
		}
	}

	/** What cannot be sent as the handler wanted it becomes a 500. */
	#answer(name: string, rid: string, status: number, body: unknown): void {
		let bytes: Uint8Array;
		try {
			if (!Number.isInteger(status) || status < 100 || status > 999)
				throw new Fault("hub.invalid", `method status ${status}: expected 100 to 999`);
			bytes = encodeJson(body, MOST_METHOD_BYTES);
		} catch (thrown) {
			const { code, message } = Fault.of(thrown, "hub.invalid");
			this.#options.log("fault", { code, message, method: name });
			this.#answer(name, rid, 500, { code, message: "the method's answer cannot be sent" });
			return;
		}
		this.#options.log("method", { name, status });
		this.#send?.(`$iothub/methods/res/${status}/?$rid=${rid}`, bytes);
	}
}

/** Undefined: no call. Throws Fault hub.response when it cannot be answered. */
function parseTopic(topic: string): { readonly name: string; readonly rid: string } | undefined {
	const call = splitCall("$iothub/methods/POST/", topic);
	if (!call) return undefined;
	const rid = parseProperties(call.query).get("$rid") ?? "";
	// It goes back as it came, into a topic.
	if (!/^[A-Za-z0-9_.:~-]{1,64}$/.test(rid)) throw new Fault("hub.response", "a method call without a request id");
	return { name: decodeName(call.name), rid };
}

const isOwn = (name: string): boolean => name.slice(0, OWN_METHODS.length).toLowerCase() === OWN_METHODS;

/** By names that are there: XS keeps for ever what a member is looked up by, and callers may call by any number of names. */
function handlerOf(handlers: MethodHandlers, name: string): MethodHandler | undefined {
	const names = Object.keys(handlers).filter(({ length }) => length === name.length);
	if (names.length === 0) return undefined;
	const folded = name.toLowerCase();
	const alike = names.includes(name) ? [name] : names.filter((one) => one.toLowerCase() === folded);
	return alike.length === 1 ? handlers[alike[0]!] : undefined;
}

function decodeName(name: string): string {
	try {
		return decodeURIComponent(name);
	} catch {
		return name;
	}
}
