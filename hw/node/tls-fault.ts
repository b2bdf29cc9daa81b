/**
 * What node:tls and OpenSSL report, as a Fault: by errno, by verification code, or by the number of the alert that the server
 * sent (RFC 8446 section 6).
 */
import { Fault, type FaultCode } from "../../src/fault.ts";

/** Alerts about the certificate that we showed, or did not show. */
const REJECTED = [41, 42, 43, 44, 45, 46, 48, 49, 51, 113, 116];
const HANDSHAKE_FAILURE = 40;
const UNRECOGNIZED_NAME = 112;

const BY_CODE: Readonly<Record<string, FaultCode>> = {
	ENOTFOUND: "wire.dns",
	EAI_AGAIN: "wire.dns",
	EAI_FAIL: "wire.dns",
	EAI_NODATA: "wire.dns",
	EAI_NONAME: "wire.dns",
	ECONNREFUSED: "wire.refused",
	EHOSTUNREACH: "wire.refused",
	ENETUNREACH: "wire.refused",
	EADDRNOTAVAIL: "wire.refused",
	EACCES: "wire.refused",
	ETIMEDOUT: "wire.timeout",
	ECONNRESET: "wire.closed",
	ECONNABORTED: "wire.closed",
	EPIPE: "wire.closed",
	ERR_TLS_CERT_ALTNAME_INVALID: "tls.name",
	ERR_TLS_CERT_ALTNAME_FORMAT: "tls.name",
	UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: "tls.algorithm",
	RSA_EXPONENT: "tls.algorithm",
	HOSTNAME_MISMATCH: "tls.name",
	CERT_HAS_EXPIRED: "tls.expired",
	CERT_NOT_YET_VALID: "tls.expired",
};

/** OpenSSL's verdicts on algorithms and sizes of keys have no codes in Node ("UNSPECIFIED"), only OpenSSL's texts. */
const ALGORITHM =
	/^(CA signature digest algorithm|(CA|EE) certificate key) too weak|^(unsupported|cannot find certificate) signature algorithm/;

/** `negotiated`: the server had accepted our hello before this happened. */
export function tlsFault(error: Error, peer: string, negotiated: boolean): Fault {
	const { code = "", errors } = error as Error & { code?: string; errors?: readonly Error[] };
	if (errors?.[0] !== undefined && BY_CODE[code] === undefined) return tlsFault(errors[0], peer, negotiated);
	const alert = /SSL alert number (\d+)/.exec(error.message)?.[1];
	if (alert !== undefined)
		return new Fault(byAlert(Number(alert), negotiated), `${peer} sent ${alertText(error)}`, { cause: error });
	const known = ALGORITHM.test(error.message) ? "tls.algorithm" : BY_CODE[code];
	return new Fault(known ?? byKind(code), `${peer}: ${describe(error, code)}`, { cause: error });
}

function byAlert(alert: number, negotiated: boolean): FaultCode {
	if (REJECTED.includes(alert)) return "tls.rejected";
	if (alert === UNRECOGNIZED_NAME) return "tls.name";
	// The alert for both "nothing in common" and, up to TLS 1.2, "you showed no certificate".
	return alert === HANDSHAKE_FAILURE && negotiated ? "tls.rejected" : "tls.protocol";
}

/** Node passes OpenSSL's verification codes on under their own names; those of the SSL library start with ERR_SSL_ or are EPROTO. */
function byKind(code: string): FaultCode {
	if (code.startsWith("ERR_") || code === "EPROTO") return "tls.protocol";
	return /^E[A-Z0-9]+$/.test(code) || code === "" ? "wire.closed" : "tls.untrusted";
}

function alertText(error: Error): string {
	const reason = /:([^:]*alert[^:]*):/.exec(error.message)?.[1] ?? "an alert";
	return `TLS ${reason} (${/SSL alert number \d+/.exec(error.message)?.[0]})`;
}

function describe(error: Error, code: string): string {
	const openssl = /:SSL routines:[^:]*:([^:]*):/.exec(error.message)?.[1];
	return `${openssl ?? error.message.split("\n")[0]}${code === "" ? "" : ` (${code})`}`;
}
