/**
 * The body of an answer from DPS, read as it comes: there are held its certificates, once, in DER, and a few texts. Unknown members are
 * skipped. Faults: dps.response, and those of CertificateText.
 */
import type { Choice, Choose, Kind } from "../base/json-reader.ts";
import { JsonStream } from "../base/json-stream.ts";
import { Budget } from "../base/json-value.ts";
import { mostMembers, type Names } from "../base/names.ts";
import { Fault } from "../fault.ts";
import type { Sink } from "../mqtt/events.ts";
import { MOST_ISSUED } from "../x509/certificate.ts";
import { CertificateText, chainBytes, OTHER_BYTES, type Room } from "../x509/certificate-text.ts";
import type { ResponseTopic } from "./dps-topics.ts";

export type Members = Readonly<Record<string, unknown>>;

export interface Answer {
	readonly response: ResponseTopic;
	readonly body: Members;
	readonly isPayloadCut: boolean;
}

/** A reply with three certificates is under 4 KB, one with a trust bundle well under 32 KB. */
const MOST_BODY_BYTES = 32 * 1024;
/** All that is said in words: ids, codes, messages. */
const MOST_TEXT_BYTES = 2048;
const MOST_MEMBERS = 256;
const MOST_LEVELS = 16;
/** What stands where a certificate should: enough to be refused. */
const MOST_OTHERS = 16;
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
/** Of a trust bundle, for gateways: more would be refused in any case. */
const MOST_BUNDLED = 17;
const BUNDLE = /* @__PURE__ */ Object.freeze(["id", "etag"]);
/** As JsonReader names what did not fit. */
const PAYLOAD = "registrationState.payload";
const NOTHING = /* @__PURE__ */ Object.freeze({ body: /* @__PURE__ */ Object.freeze({}), isPayloadCut: false });

export class BodyReader implements Pick<Sink, "push"> {
	readonly #response: ResponseTopic | Fault;
	readonly #stream: JsonStream;
	readonly #room: Room;
	readonly #payload: Budget;
	readonly #mostPayload: number;

	/** `names`: of all payloads that have come. */
	constructor(response: ResponseTopic | Fault, maxMessageBytes: number, names: Names | undefined) {
		this.#response = response;
		const most = Math.min(MOST_MEMBERS, mostMembers(maxMessageBytes));
		this.#room = { bytes: chainBytes(maxMessageBytes), certificates: MOST_ISSUED + MOST_BUNDLED };
		this.#mostPayload = maxMessageBytes;
		this.#payload = new Budget(maxMessageBytes, most, MOST_LEVELS, names);
		this.#stream = new JsonStream(chooser(this.#room, this.#payload), MOST_BODY_BYTES);
	}

	/** Throws nothing: `answer` does. */
	push(bytes: Uint8Array): void {
		this.#stream.push(bytes);
	}

	answer(): Answer {
		if (this.#response instanceof Fault) throw this.#response;
		return { response: this.#response, ...this.#body(this.#response.status) };
	}

	/** A proxy in front of the service may answer an error with anything, or nothing; the status alone says enough. */
	#body(status: number): Omit<Answer, "response"> {
		const value = this.#stream.end();
		const { broken, bytes, reader } = this.#stream;
		if (value === undefined || reader === undefined) {
			if (status >= 300) return NOTHING;
			if (broken instanceof Fault) throw broken;
			const what = `body of ${bytes} bytes: expected JSON of at most ${MOST_BODY_BYTES}`;
			throw new Fault("dps.response", what, { cause: broken });
		}
		const { cut } = reader;
		const lost = cut.find((path) => CERTIFICATES.some((name) => path.startsWith(`registrationState.${name}`)));
		if (lost !== undefined) throw new Fault("dps.response", `${lost}: more than this device takes`);
		const body = object(value, "body");
		const isPayloadCut =
			cut.includes(PAYLOAD) || this.#mostPayload - this.#payload.bytes > this.#room.bytes + OTHER_BYTES;
		// Not held until the certificates are judged; whether that is an object is not said here.
		if (isPayloadCut) (Object(body.registrationState) as { payload?: unknown }).payload = undefined;
		return { body, isPayloadCut };
	}
}

/** Only what is used is made of an answer, under the names that are known here. The operator's own payload has a budget apart. */
function chooser(room: Room, payload: Budget): Choose {
	const texts = new Budget(MOST_TEXT_BYTES, MOST_MEMBERS, 0);
	const others = new Budget(MOST_OTHERS, MOST_OTHERS, 0);
	/** An object or an array in place of one stays, without its members: to be refused. */
	const text = (kind: Kind): Choice => (kind === "object" || kind === "array" ? "enter" : texts);
	const certificate = (kind: Kind): Choice => (kind === "text" ? new CertificateText(room) : others);
	/** `path`: within the bundle. */
	const bundle = ([member, index, name]: readonly string[], kind: Kind): Choice => {
		if (member === undefined) return kind === "object" ? "enter" : kind === "other" ? "skip" : others;
		if (member !== "certificates") return index === undefined && BUNDLE.includes(member) ? text(kind) : "skip";
		if (index === undefined) return kind === "array" ? "enter" : others;
		if (name === undefined) return kind === "object" && Number(index) < MOST_BUNDLED ? "enter" : others;
		return name === "certificate" ? certificate(kind) : "skip";
	};
	return (path, kind) => {
		const [first, second, third] = path;
		if (first === undefined) return text(kind);
		if (first !== "registrationState") return second === undefined && MEMBERS.includes(first) ? text(kind) : "skip";
		if (second === undefined) return text(kind);
		if (second === "payload") return payload;
		if (second === "trustBundle") return bundle(path.slice(2), kind);
		if (!CERTIFICATES.includes(second)) return third === undefined && STATE.includes(second) ? text(kind) : "skip";
		if (third !== undefined || kind === "text" || kind === "object") return certificate(kind);
		return kind === "array" ? "enter" : "skip";
	};
}

export function object(value: unknown, field: string): Members {
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new Fault("dps.response", `${field}: expected an object`);
	return value as Members;
}
