/**
 * One registration with DPS as a state machine: register, wait as told, poll, assigned / failed / disabled.
 *
 * Messages in, actions out; the caller (exchange.ts) owns connection and time. The status in the topic is HTTP-like,
 * the outcome is the body's `status`. Unknown members are skipped; an unknown status or a half assignment is refused.
 */
import { type Choose, JsonReader } from "../base/json-reader.ts";
import { Budget } from "../base/json-value.ts";
import { Fault, printable } from "../fault.ts";
import type { Certificate } from "../x509/certificate.ts";
import { type Dialect, issuedCertificates, parseTrustBundle, registerBody, type TrustBundle } from "./dialect.ts";
import { failureFault, requestFault } from "./dps-refusal.ts";
import { parseResponseTopic, queryTopic, type ResponseTopic, registerTopic } from "./dps-topics.ts";

export interface Assignment {
	/** `host` or `host:port`, as the service said it. */
	readonly hub: string;
	readonly deviceId: string;
	/** In the order received; empty when the enrolment has no certificate policy. */
	readonly certificates: readonly Certificate[];
	readonly trustBundle: TrustBundle | undefined;
	/** The operator's own JSON from custom allocation, whatever it is; undefined where there is none, or null. */
	readonly payload: unknown;
	/** There is a payload that is more than this device takes: it is left out. */
	readonly isPayloadCut: boolean;
}

export type Action =
	| { readonly type: "publish"; readonly topic: string; readonly payload: Uint8Array }
	/** Call `poll` after this time. */
	| { readonly type: "wait"; readonly seconds: number }
	| { readonly type: "assigned"; readonly assignment: Assignment }
	| { readonly type: "failed"; readonly fault: Fault };

export interface Request {
	readonly dialect: Dialect;
	readonly registrationId: string;
	/** PKCS#10, DER. */
	readonly csr: Uint8Array;
	readonly payload?: unknown;
}

type Members = Readonly<Record<string, unknown>>;

export interface Answer {
	readonly response: ResponseTopic;
	readonly body: Members;
	readonly isPayloadCut: boolean;
}

/** A reply with three certificates is under 4 KB, one with a trust bundle well under 32 KB. */
const MOST_BODY_BYTES = 32 * 1024;
const MOST_OPERATION_ID = 256;
/** All that is said in words: ids, codes, messages. */
const MOST_TEXT_BYTES = 2048;
const MOST_MEMBERS = 256;
const MOST_LEVELS = 16;
const MEMBERS = /* @__PURE__ */ Object.freeze(["operationId", "status", "errorCode", "message"]);
/** Of `registrationState`. */
const STATE = /* @__PURE__ */ Object.freeze([
	"assignedHub",
	"deviceId",
	"status",
	"connectionProfile",
	"errorCode",
	"errorMessage",
]);
const CERTIFICATES = /* @__PURE__ */ Object.freeze([
	"issuedCertificateChain",
	"issuedClientCertificate",
	"trustBundle",
]);
/** As JsonReader names what did not fit. */
const PAYLOAD = "registrationState.payload";
const NOTHING = /* @__PURE__ */ Object.freeze({ body: /* @__PURE__ */ Object.freeze({}), isPayloadCut: false });
const MOST_DEVICE_ID = 128;
/** One exchange a connection, so ids need to be unique only within it. */
const NO_BYTES = new Uint8Array(0);

export class Registration {
	readonly #request: Request;
	#requestNumber = 0;
	/** The last request has no answer yet. */
	#open = false;
	#operationId = "";

	constructor(request: Request) {
		this.#request = request;
	}

	/** The first thing to do once the response topic is subscribed. */
	register(): Action {
		const { dialect, registrationId, csr, payload } = this.#request;
		const topic = registerTopic(this.#nextRequestId());
		return { type: "publish", topic, payload: registerBody(dialect, registrationId, csr, payload) };
	}

	/** The wait is over. */
	poll(): Action {
		return { type: "publish", topic: queryTopic(this.#nextRequestId(), this.#operationId), payload: NO_BYTES };
	}

	/** The topic of the first answer to the request that is open; undefined for anything else, a second answer included. */
	take(topic: string): ResponseTopic | Fault | undefined {
		if (!this.#open) return undefined;
		let response: ResponseTopic | Fault | undefined;
		try {
			response = parseResponseTopic(topic);
		} catch (thrown) {
			response = Fault.of(thrown, "dps.response");
		}
		if (!(response instanceof Fault) && response?.requestId !== String(this.#requestNumber)) return undefined;
		this.#open = false;
		return response;
	}

	/** The answer whose topic `take` took. */
	read(response: ResponseTopic | Fault, payload: Uint8Array): Answer | Fault {
		if (response instanceof Fault) return response;
		try {
			return { response, ...parseBody(payload, response.status) };
		} catch (thrown) {
			return Fault.of(thrown, "dps.response");
		}
	}

	/** Apart from `read`, so that the packet need not be kept while its certificates are parsed. */
	answer(answer: Answer | Fault): Action {
		try {
			if (answer instanceof Fault) throw answer;
			return this.#judge(answer);
		} catch (thrown) {
			return { type: "failed", fault: Fault.of(thrown, "dps.response") };
		}
	}

	#nextRequestId(): string {
		this.#open = true;
		return String(++this.#requestNumber);
	}

	#judge({ response, body, isPayloadCut }: Answer): Action {
		if (response.status >= 300 || (body.status === undefined && body.errorCode !== undefined))
			return { type: "failed", fault: requestFault(response, body) };
		switch (body.status) {
			case "assigning":
			case "unassigned":
				if (typeof body.operationId === "string" && body.operationId !== "") {
					if (body.operationId.length > MOST_OPERATION_ID) throw new Fault("dps.response", "operationId: too long");
					this.#operationId = body.operationId;
				}
				if (this.#operationId === "") throw new Fault("dps.response", "operationId: missing");
				return { type: "wait", seconds: response.retryAfterSeconds };
			case "assigned":
				return {
					type: "assigned",
					assignment: { ...parseAssignment(object(body.registrationState, "registrationState")), isPayloadCut },
				};
			case "failed":
				return { type: "failed", fault: failureFault(object(body.registrationState ?? {}, "registrationState")) };
			case "disabled":
				return { type: "failed", fault: new Fault("dps.disabled", `registration ${this.#request.registrationId}`) };
			default:
				throw new Fault("dps.response", "status: unknown value");
		}
	}
}

function parseBody(payload: Uint8Array, status: number): Omit<Answer, "response"> {
	if (payload.length > MOST_BODY_BYTES) throw new Fault("dps.response", `body over ${MOST_BODY_BYTES} bytes`);
	// A proxy in front of the service may answer an error without a body; the status alone says enough.
	if (status >= 300 && payload.length === 0) return NOTHING;
	const reader = new JsonReader(chooser(payload.length));
	let value: unknown;
	try {
		reader.push(payload);
		value = reader.end();
	} catch {
		if (status >= 300) return NOTHING;
		throw new Fault("dps.response", "body is not JSON");
	}
	if (value === undefined && status >= 300) return NOTHING;
	const cut = reader.cut.find((path) => CERTIFICATES.some((name) => path === `registrationState.${name}`));
	if (cut !== undefined) throw new Fault("dps.response", `${cut}: more than this device takes`);
	return { body: object(value, "body"), isPayloadCut: reader.cut.includes(PAYLOAD) };
}

/** Only what is used is made of an answer. The operator's own payload has a budget apart. */
function chooser(bytes: number): Choose {
	const texts = new Budget(MOST_TEXT_BYTES, MOST_MEMBERS, MOST_LEVELS);
	const certificates = new Budget(bytes, MOST_MEMBERS, MOST_LEVELS);
	const payload = new Budget(bytes, MOST_MEMBERS, MOST_LEVELS);
	return ([first, second]) => {
		if (first === undefined || (first === "registrationState" && second === undefined)) return "enter";
		if (first !== "registrationState") return MEMBERS.includes(first) ? texts : "skip";
		return second === "payload"
			? payload
			: STATE.includes(second!)
				? texts
				: CERTIFICATES.includes(second!)
					? certificates
					: "skip";
	};
}

function object(value: unknown, field: string): Members {
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new Fault("dps.response", `${field}: expected an object`);
	return value as Members;
}

function parseAssignment(state: Members): Omit<Assignment, "isPayloadCut"> {
	const { assignedHub, deviceId, connectionProfile, payload } = state;
	if (typeof assignedHub !== "string" || typeof deviceId !== "string" || assignedHub === "" || deviceId === "")
		throw new Fault("dps.response", "assignedHub and deviceId must appear together");
	checkDeviceId(deviceId);
	if (connectionProfile !== undefined && connectionProfile !== null && connectionProfile !== "classic")
		throw new Fault("dps.profile", `connectionProfile: expected classic, got ${printable(connectionProfile)}`);
	return {
		hub: assignedHub,
		deviceId,
		certificates: issuedCertificates(state),
		trustBundle: parseTrustBundle(state.trustBundle),
		payload: payload ?? undefined,
	};
}

/**
 * What IoT Hub takes as a device id (128 characters; `;` is not in its documents, yet taken), without what stands for something
 * else in a topic: with + or # a device could connect, and never send (MQTT 3.1.1, 4.7.1).
 */
function checkDeviceId(id: string): void {
	if (id.length > MOST_DEVICE_ID)
		throw new Fault("dps.device-id", `deviceId has ${id.length} characters, at most ${MOST_DEVICE_ID}`);
	const foreign = /[^A-Za-z0-9\-.%_*?!(),:;=@$']/.exec(id);
	if (foreign)
		throw new Fault("dps.device-id", `deviceId has ${JSON.stringify(foreign[0])} at position ${foreign.index + 1}`);
}
