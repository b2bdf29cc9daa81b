/**
 * The texts of dialect C, a certificate issued by IoT Hub over MQTT (api-version 2025-08-01-preview). No I/O.
 *
 * The sources disagree, so answers are read by shape: `$rid` anywhere among the parameters or as the last part of the
 * topic; certificates in an object or a bare array, each base64 DER or PEM. Members we do not know are passed over, and so are longer
 * topics than anybody's.
 * Refused with Fault hub.response: bodies over 32 KB, anything unreadable in a success; with x509.certificate: more than five
 * certificates. An answer is read as it comes: of the largest one there are held its certificates, once, in DER.
 */
import { utf8 } from "../base/bytes.ts";
import type { Choose, Kind } from "../base/json-reader.ts";
import { JsonStream } from "../base/json-stream.ts";
import { Budget } from "../base/json-value.ts";
import { parameter } from "../base/topic.ts";
import { Fault } from "../fault.ts";
import type { Sink } from "../mqtt/events.ts";
import { MOST_ISSUED, takeCertificates } from "../x509/certificate.ts";
import { CertificateText, type Room } from "../x509/certificate-text.ts";

/** To be subscribed, and acknowledged, before the request is published. */
export const CREDENTIALS_FILTER = "$iothub/credentials/res/#";
const ANSWERS = "$iothub/credentials/res/";

export type Answer =
	| { readonly type: "issued"; readonly certificates: readonly Uint8Array[] }
	/** Without `expires` the hub did not say until when it keeps the request, or not legibly. */
	| { readonly type: "accepted"; readonly expires: number | undefined }
	| Refusal;

export interface Refusal {
	readonly type: "refused";
	/** HTTP-like, 300 to 599. */
	readonly status: number;
	/** Six digits, or 0 when the hub gave none. */
	readonly errorCode: number;
	/** Foreign text. */
	readonly message: unknown;
	readonly retryAfterSeconds: number | undefined;
	/** Of the request that is active at the hub. */
	readonly activeRequestId: string | undefined;
	readonly expires: number | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** Of a request id with what stands around it there are under 100. */
const MOST_TOPIC = 512;
const MOST_BODY_BYTES = 32 * 1024;
/** Texts and numbers that are kept of an answer, and how much of them. */
const MOST_MEMBERS = 32;
const MOST_TEXT_BYTES = 2048;
const MEMBERS = /* @__PURE__ */ Object.freeze(["errorCode", "message", "retryAfter", "operationExpires"]);
/** Of `info`. */
const INFO = /* @__PURE__ */ Object.freeze(["requestId", "operationExpires"]);

export function requestTopic(requestId: string): string {
	return `$iothub/credentials/POST/issueCertificate/?$rid=${requestId}`;
}

/** Exactly these members: the hub refuses any other. `replace`: whatever request is active gives way. */
export function requestBody(deviceId: string, csr: string, replace: boolean): Uint8Array {
	return utf8(JSON.stringify({ id: deviceId, csr, ...(replace ? { replace: "*" } : {}) }));
}

/** Who reads the answer to request `requestId`, with room for so many bytes of certificates; undefined when the message is none. */
export function openAnswer(topic: string, requestId: string, room: number): AnswerReader | undefined {
	if (topic.length > MOST_TOPIC || !topic.startsWith(ANSWERS)) return undefined;
	// By hand, as in base/topic.ts: XS keeps a state of a pattern for each character that it may give back.
	const at = ANSWERS.length + 3;
	const status = Number(topic.slice(ANSWERS.length, at));
	if (!Number.isInteger(status) || status < 100 || topic[at] !== "/") return undefined;
	const mark = topic.indexOf("?", at);
	const query = mark < 0 ? "" : topic.slice(mark + 1);
	const found = parameter(query, "$rid") ?? topic.slice(at + 1, mark < 0 ? undefined : mark);
	return found === requestId ? new AnswerReader(status, room) : undefined;
}

export class AnswerReader implements Pick<Sink, "push"> {
	readonly #status: number;
	/** Until it is whole: certificates are read without what their answer was read by. */
	#stream: JsonStream | undefined;

	constructor(status: number, room: number) {
		this.#status = status;
		this.#stream = new JsonStream(chooser(status, { bytes: room, certificates: MOST_ISSUED }), MOST_BODY_BYTES);
	}

	/** Throws nothing: `answer` does. */
	push(bytes: Uint8Array): void {
		this.#stream?.push(bytes);
	}

	/** It is whole: once. */
	answer(): Answer {
		const status = this.#status;
		const body = this.#body();
		const { errorCode } = object(body);
		const code = typeof errorCode === "number" && errorCode >= 0 && errorCode < 1e6 ? Math.floor(errorCode) : 0;
		// An error that arrives under a topic of success is still an error.
		if (status >= 300 || code >= 300_000) return refusal(status >= 300 ? status : Math.floor(code / 1000), code, body);
		if (status === 202) return { type: "accepted", expires: parseTimestamp(object(body).operationExpires) };
		return { type: "issued", certificates: certificatesOf(body) };
	}

	/** Of an error and of a 202 the status says enough, whatever the body is. */
	#body(): unknown {
		const stream = this.#stream!;
		this.#stream = undefined;
		const body = stream.end();
		const { broken, bytes } = stream;
		if (broken === undefined) return body;
		if (this.#status !== 200) return undefined;
		if (broken instanceof Fault) throw broken;
		const what = `body of ${bytes} bytes: expected JSON of at most ${MOST_BODY_BYTES}`;
		throw new Fault("hub.response", what, { cause: broken });
	}
}

/** RFC 3339 in UTC with up to nine fraction digits, to milliseconds since 1970; undefined for anything else. */
export function parseTimestamp(value: unknown): number | undefined {
	const [, seconds, fraction = ""] =
		typeof value === "string" ? (/^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(value) ?? []) : [];
	if (seconds === undefined) return undefined;
	const time = Date.parse(`${seconds}Z`);
	// Date.parse lets the 30th of February pass as the 2nd of March.
	if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(seconds)) return undefined;
	return time + Number(fraction.slice(0, 3).padEnd(3, "0"));
}

function refusal(status: number, errorCode: number, body: unknown): Refusal {
	const { message, retryAfter, info } = object(body);
	const { requestId, operationExpires } = object(info);
	return {
		type: "refused",
		status,
		errorCode,
		message,
		retryAfterSeconds: typeof retryAfter === "number" && retryAfter > 0 ? retryAfter : undefined,
		activeRequestId: typeof requestId === "string" ? requestId : undefined,
		expires: parseTimestamp(operationExpires),
	};
}

function certificatesOf(body: unknown): Uint8Array[] {
	const texts: unknown = Array.isArray(body) ? body : object(body).certificates;
	if (!Array.isArray(texts) || texts.length === 0)
		throw new Fault("hub.response", "certificates: expected an array with at least one");
	return takeCertificates(texts, "hub.response");
}

/** Only what is used is made of an answer: each certificate is a value of its own, and goes on its way to DER at once. */
function chooser(status: number, room: Room): Choose {
	const texts = new Budget(MOST_TEXT_BYTES, MOST_MEMBERS, 0);
	const certificate = (kind: Kind) => (kind === "text" ? new CertificateText(room) : texts);
	/** A bare array: its elements have the names of their places. */
	let isBare = false;
	return (path, kind) => {
		const [first, second] = path;
		if (first === undefined) {
			isBare = kind === "array";
			return "enter";
		}
		if (isBare) return status === 200 ? certificate(kind) : "skip";
		if (first === "certificates") {
			if (status !== 200) return "skip";
			return second !== undefined ? certificate(kind) : kind === "array" ? "enter" : texts;
		}
		if (first === "info")
			return second === undefined ? (kind === "object" ? "enter" : "skip") : INFO.includes(second) ? texts : "skip";
		return MEMBERS.includes(first) ? texts : "skip";
	};
}

/** Its members; none when it is no object. */
function object(value: unknown): Json {
	return typeof value === "object" && value !== null ? (value as Json) : {};
}
