/**
 * One registration with DPS as a state machine: register, wait as told, poll, assigned / failed / disabled.
 *
 * Messages in, actions out; the caller (exchange.ts) owns connection and time. The status in the topic is HTTP-like,
 * the outcome is the body's `status`. Unknown members are skipped; an unknown status or a half assignment is refused.
 */
import type { Names } from "../base/names.ts";
import { Fault, printable } from "../fault.ts";
import type { Certificate } from "../x509/certificate.ts";
import { type Answer, BodyReader, type Members, object } from "./body.ts";
import { type Dialect, issuedCertificates, parseTrustBundle, registerBody, type TrustBundle } from "./dialect.ts";
import { failureFault, requestFault } from "./dps-refusal.ts";
import { encodeOperationId, parseResponseTopic, queryTopic, type ResponseTopic, registerTopic } from "./dps-topics.ts";

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
	/** What the device holds of a message. */
	readonly maxMessageBytes: number;
	/** Member names of all payloads that have come, where the engine keeps them. */
	readonly names?: Names | undefined;
}

const MOST_DEVICE_ID = 128;
/** One exchange a connection, so ids need to be unique only within it. */
const NO_BYTES = new Uint8Array(0);

export class Registration {
	readonly #request: Request;
	#requestNumber = 0;
	/** The last request has no answer yet. */
	#open = false;
	/** Of the operation to poll for, as it stands in a topic: what cannot stand there is refused with the answer that says it. */
	#operation = "";

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
		return { type: "publish", topic: queryTopic(this.#nextRequestId(), this.#operation), payload: NO_BYTES };
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

	/** Who reads the answer whose topic `take` took. */
	open(response: ResponseTopic | Fault): BodyReader {
		return new BodyReader(response, this.#request.maxMessageBytes, this.#request.names);
	}

	/** It is whole. Not within the reader, so that the packet need not be kept while its certificates are parsed. */
	answer(reader: BodyReader): Action {
		try {
			return this.#judge(reader.answer());
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
					this.#operation = encodeOperationId(body.operationId);
				}
				if (this.#operation === "") throw new Fault("dps.response", "operationId: missing");
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
