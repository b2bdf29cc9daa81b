/**
 * What DPS and hub need from a certificate authority. `ca.ts` is the real one; a simulation may bring a cheap one.
 *
 * Issuing ends in a callback, not a promise, so that a synchronous stand-in stays synchronous under a virtual clock.
 */

/** A certificate that is wrong in one way, for clients that must notice. */
export type Flaw = (typeof FLAWS)[number];
export const FLAWS = ["foreign-key", "wrong-cn", "expired-cert", "not-yet-valid"] as const;

export interface IssueRequest {
	/** What the request must carry and the certificate gets: the registration id. */
	readonly commonName: string;
	/** PKCS#10, DER. */
	readonly csr: Uint8Array;
	/** Milliseconds since 1970. */
	readonly now: number;
	readonly validitySeconds: number;
	readonly flaw?: Flaw | undefined;
}

/** Names as IoT Hub puts them into `info.credentialError`. */
export type CsrError =
	| "FailedToDecodeCsr"
	| "CsrTooLarge"
	| "CsrSignatureVerificationFailed"
	| "CsrKeyNotSupported"
	| "CsrCommonNameMismatch";

export interface IssuedCertificate {
	/** DER, leaf first, root last. */
	readonly chain: readonly Uint8Array[];
	/** Of the leaf, upper-case hex. */
	readonly serial: string;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
}

export type Issued = IssuedCertificate | { readonly error: CsrError; readonly message: string };

/** "onboarding": what a device is delivered with; "operational": what `issue` gave it. */
export type Purpose = "onboarding" | "operational";

export type Examined =
	| { readonly serial: string /** Milliseconds since 1970. */; readonly notAfter: number }
	| { readonly refusal: string };

export interface Authority {
	/** Roots of the issued certificates, DER, the one that issues now first. */
	readonly roots: readonly Uint8Array[];
	issue(request: IssueRequest, done: (issued: Issued) => void): void;
	/** Does this chain, leaf first as the client presented it, identify that registration at `now`? */
	examine(chain: readonly Uint8Array[], commonName: string, now: number, purpose: Purpose): Examined;
}
