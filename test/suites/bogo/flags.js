/** The flags of BoGo's runner that we know: what the TLS client is to do in each connection, or nothing where one asks for what we have not. */

import { KeyPair } from "enrollee/key";
import { File } from "file";

const TLS_1_2 = 0x0303;
const SECP256R1 = 23;
const ECDHE_AES_128_GCM = [0xc02b, 0xc02f];
const RSA_PKCS1_SHA256 = 0x0401;
const ECDSA_P256_SHA256 = 0x0403;
const ECDSA_P384_SHA384 = 0x0503;
const SCHEMES = [RSA_PKCS1_SHA256, ECDSA_P256_SHA256, 0x0501, ECDSA_P384_SHA384, 0x0601];

/** Of no meaning here: a client always does so, or cannot see it, and the runner looks from its own side. */
const IDLE = [
	"-no-tls1",
	"-no-tls11",
	"-no-tls13",
	"-verify-peer",
	"-use-custom-verify-callback",
	"-implicit-handshake",
	"-expect-no-hrr",
	"-expect-no-session",
	"-expect-session-id",
	"-expect-no-session-id",
	"-expect-ticket-renewal",
	"-expect-no-server-name",
	"-use-early-callback",
	"-no-op-extra-handshake",
	"-use-old-client-cert-callback",
	"-expect-verify-result",
	"-peek-then-read",
];
const IDLE_WITH_VALUE = ["-expect-client-ca-list", "-expect-certificate-types", "-expect-peer-cert-file"];

/** Each sets what the shim reads. */
const SWITCHES = {
	"-ipv6": "isIPv6",
	"-async": "isAsync",
	"-no-ticket": "isSilentAboutTickets",
	"-expect-session-miss": "mustMiss",
	"-shim-writes-first": "writesFirst",
	"-shim-shuts-down": "shutsDown",
	"-check-close-notify": "checksClose",
	"-write-different-record-sizes": "writesSizes",
	"-verify-fail": "trustsNobody",
};

/** Each gives what it sets, or whether it is something that we do anyway. */
const VALUES = {
	"-port": (value) => ({ port: Number(value) }),
	"-shim-id": (value) => ({ id: BigInt(value) }),
	"-resume-count": (value) => ({ resumeCount: Number(value) }),
	"-host-name": (host) => ({ host }),
	"-read-size": (value) => ({ readBytes: Number(value) }),
	"-trust-cert": (path) => ({ anchors: path === "" ? [] : readPem(path) }),
	"-cert-file": (path) => ({ chain: readPem(path) }),
	"-key-file": (path) => ({ key: readPem(path)[0] }),
	"-curves": (value, { curves }) => ({ curves: [...curves, Number(value)] }),
	"-signing-prefs": (value, { signing }) => ({ signing: [...signing, Number(value)] }),
	"-verify-prefs": (value) => SCHEMES.includes(Number(value)),
	"-expect-peer-signature-algorithm": (value) => SCHEMES.includes(Number(value)),
	"-expect-curve-id": (value) => Number(value) === SECP256R1,
	"-expect-cipher": (value) => ECDHE_AES_128_GCM.includes(Number(value)),
	"-expect-version": (value) => Number(value) === TLS_1_2,
	"-min-version": (value) => Number(value) <= TLS_1_2,
	"-max-version": (value) => value === "0" || Number(value) >= TLS_1_2,
};

/** A connection of its own for each session that is to be resumed; undefined: a flag that is not known. */
export default function parse(flags) {
	const first = read(flags, "-on-initial");
	const later = read(flags, "-on-resume");
	if (first === undefined || later === undefined) return undefined;
	return [first, ...Array(first.resumeCount).fill(later)];
}

/** `prefix`: of the flags that are for this connection only. */
function read(flags, prefix) {
	const c = { host: "test", readBytes: 512, resumeCount: 0, anchors: [], chain: [], curves: [], signing: [] };
	for (let i = 0; i < flags.length; i++) {
		const [, only, name] = /^(-on-initial|-on-resume|-on-retry)?(-.+)$/.exec(flags[i]) ?? [];
		const isOurs = only === undefined || only === prefix;
		if (SWITCHES[name] !== undefined) {
			if (isOurs) c[SWITCHES[name]] = true;
		} else if (VALUES[name] !== undefined) {
			const value = flags[++i];
			const set = isOurs && VALUES[name](value, c);
			if (isOurs && set === false) return undefined;
			Object.assign(c, set);
		} else if (IDLE_WITH_VALUE.includes(name)) i++;
		else if (!IDLE.includes(name)) return undefined;
	}
	if (c.curves.length > 0 && !c.curves.includes(SECP256R1)) return undefined;
	if (c.shutsDown && c.checksClose) return undefined; // a socket of ours has no half-close
	const key = c.key === undefined ? {} : clientKey(c.key, c.signing);
	if (key === undefined || (c.key !== undefined) !== c.chain.length > 0) return undefined;
	return {
		...c,
		address: addressOf(c),
		secure: { anchors: c.trustsNobody ? [] : c.anchors, clientCertificates: c.chain, ...key },
	};
}

/** For the relay: 4 or 6, the port, and what the runner wants to read first, its id for this process in little-endian. */
function addressOf({ isIPv6, port, id }) {
	const address = new Uint8Array(11);
	const view = new DataView(address.buffer);
	view.setUint8(0, isIPv6 ? 6 : 4);
	view.setUint16(1, port);
	view.setBigUint64(3, id, true);
	return address;
}

/** PKCS#8: RSA as it is, the scalar of an EC key. */
function clientKey(der, signing) {
	const hex = der.toHex();
	const allows = (scheme) => signing.length === 0 || signing.includes(scheme);
	if (hex.includes("06092a864886f70d010101")) return allows(RSA_PKCS1_SHA256) ? { clientKey: der } : undefined;
	for (const [curve, scalar, scheme] of [
		["06082a8648ce3d030107", /0201010420(.{64})/, ECDSA_P256_SHA256],
		["06052b81040022", /0201010430(.{96})/, ECDSA_P384_SHA384],
	])
		if (hex.includes(curve) && allows(scheme))
			return { clientKey: new KeyPair(Uint8Array.fromHex(scalar.exec(hex)[1])) };
	return undefined;
}

/** Each block's DER. */
function readPem(path) {
	const file = new File(path);
	const text = file.read(String);
	file.close();
	return text
		.split("-----BEGIN ")
		.slice(1)
		.map((block) => Uint8Array.fromBase64(block.slice(block.indexOf("\n"), block.indexOf("-----END"))));
}
