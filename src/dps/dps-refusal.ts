/** What DPS says when it does not assign: its statuses and error codes as Faults. */
import { utf8, utf8Text } from "../base/bytes.ts";
import { Fault, type FaultCode, printable } from "../fault.ts";
import type { ResponseTopic } from "./dps-topics.ts";

type Members = Readonly<Record<string, unknown>>;

/** A refused request: the class of the status decides (floor(errorCode / 1000) is the same status). */
export function requestFault(response: ResponseTopic, body: Members): Fault {
	const errorCode = typeof body.errorCode === "number" ? body.errorCode : undefined;
	const status = response.status >= 300 ? response.status : Math.floor((errorCode ?? 0) / 1000);
	const said = `status ${status}, error ${errorCode ?? "none"}: ${printable(body.message)}`;
	return new Fault(codeOf(status, errorCode, body.message), said, {
		retryAfterSeconds: response.retryAfterGiven ? response.retryAfterSeconds : undefined,
	});
}

/** The service worked on the registration and gave up; `state` is its registrationState. */
export function failureFault(state: Members): Fault {
	const errorCode = typeof state.errorCode === "number" ? state.errorCode : undefined;
	const status = Math.floor((errorCode ?? 0) / 1000);
	const code = codeOf(status, errorCode, state.errorMessage);
	const said = `error ${errorCode ?? "none"}: ${printable(state.errorMessage)}`;
	const isTransient = status === 429 || status >= 500;
	return new Fault(code === "dps.csr-rejected" || isTransient ? code : "dps.failed", said);
}

/** 400037 and 400040 are the service's codes for a CSR that does not decode or verify. */
function codeOf(status: number, errorCode: number | undefined, message: unknown): FaultCode {
	if (errorCode === 400037 || errorCode === 400040) return "dps.csr-rejected";
	if (status === 401) return "dps.unauthorized";
	if (status === 403) return "dps.forbidden";
	if (status === 404) return "dps.not-found";
	if (status === 409) return "dps.conflict";
	if (status === 429) return "dps.throttled";
	if (status >= 500 && status < 600) return "dps.unavailable";
	if (speaksOfKey(message)) return "dps.csr-rejected";
	if (status >= 400 && status < 500) return "dps.bad-request";
	return "dps.response";
}

/**
 * Of a CSR and its key, as `wordsOf` gives them: no document has the text with which a key is refused. "key" alone is in many a
 * refusal of another kind.
 */
const ABOUT_KEY: readonly string[] = /* @__PURE__ */ Object.freeze([
	...[" csr ", "signing request", "certificate request", "certification request", " pkcs10 ", " pkcs 10 "],
	...[" curve", "elliptic", " ec ", " ecc ", " ecdsa "],
	...["secp256", "secp384", "prime256", "nistp", " p256 ", " p 256 ", " p384 ", " p 384 "],
	...["public key", "key type", "key size", "key length", "key algorithm"],
	...["unsupported key", "key not supported", "key not allowed", "key not accepted"],
]);
/** Of the onboarding credential. */
const ABOUT_ANOTHER_KEY: readonly string[] = /* @__PURE__ */ Object.freeze([" symmetric", "shared access", " sas "]);

/** Of a refusal, which is a sentence: what is said later is not looked at. */
const MOST_CHARACTERS = 512;

function speaksOfKey(message: unknown): boolean {
	if (typeof message !== "string") return false;
	const words = wordsOf(message.slice(0, MOST_CHARACTERS));
	const has = (phrase: string): boolean => words.includes(phrase);
	return ABOUT_KEY.some(has) && !ABOUT_ANOTHER_KEY.some(has);
}

const SPACE = 0x20;
const LETTER_I = 0x69;
const LETTER_S = 0x73;

/**
 * In lower case between single spaces, those of camelCase too, without "is". In bytes: XS makes of each word, and of each place where
 * something is replaced, a slot or two, for which a small machine has no room.
 */
function wordsOf(text: string): string {
	const from = utf8(text);
	const words = new Uint8Array(2 * from.length + 2);
	words[0] = SPACE;
	let start = 1;
	let end = 1;
	const close = (): void => {
		if (end - start === 2 && words[start] === LETTER_I && words[start + 1] === LETTER_S) end = start;
		if (end === start) return;
		words[end++] = SPACE;
		start = end;
	};
	for (let i = 0; i < from.length; i++) {
		const byte = from[i]!;
		const isCapital = byte >= 0x41 && byte <= 0x5a;
		if (isCapital && isSmall(from[i - 1])) close();
		// Makes small letters of capital ones, and leaves digits as they are.
		if (isCapital || isSmall(byte) || (byte >= 0x30 && byte <= 0x39)) words[end++] = byte | 0x20;
		else close();
	}
	close();
	return utf8Text(words.subarray(0, end));
}

const isSmall = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x61 && byte <= 0x7a;
