/**
 * The table of rules by which the device trusts a server (test/sim/tls, run on XS by test/sim/tls.test.ts), run by the wire on
 * Node: what one refuses the other refuses, by the same name. Where they differ, it stands here with its reason.
 */
import assert from "node:assert/strict";
import dns from "node:dns";
import { after, describe, test } from "node:test";
import { createWire } from "../../hw/node/wire.ts";
import { KeyPair } from "../../src/key/pair.ts";
import type { Identity } from "../../src/port.ts";
import { chains, createLeaf, createRoot, names } from "../sim/tls/chains.ts";
import { anchor, type Scenario } from "../sim/tls/device.ts";
import { clients, versions } from "../sim/tls/peers.ts";
import { closeAll, type Row, serve } from "../sim/tls/servers.ts";
import { otherKeys, signatures } from "../sim/tls/signatures.ts";
import { serveTcp } from "../support/tls-server.ts";

/** All names of the table are this machine. */
const { lookup } = dns;
dns.lookup = ((host: string, options: dns.LookupAllOptions, done: (error: Error | null) => void) =>
	lookup(host.endsWith("example.net") ? "127.0.0.1" : host, options, done)) as typeof lookup;
after(() => {
	dns.lookup = lookup;
	closeAll();
});

/** On Node: what happens there, and why. */
const PURPOSE = "OpenSSL judges the anchor's purpose like any other's: narrower";
const KNOWN = "OpenSSL knows the algorithm";
const TRIED = "OpenSSL tries the key, and the signature is not its own";
const CLOCK = "a host's clock is judged alone: it has a battery";
const DIFFERENT: Readonly<Record<string, readonly [result: string, reason: string]>> = {
	"a CA of anything": ["tls.untrusted", "OpenSSL takes anyExtendedKeyUsage for no purpose: narrower"],
	"an anchor for e-mail": ["tls.untrusted", PURPOSE],
	"no CA before the root of the same key": ["tls.untrusted", PURPOSE],
	"no anchor that fits is of today": ["tls.untrusted", PURPOSE],
	"an expired anchor, cross-signed by another": ["tls.expired", "OpenSSL does not try the other path: narrower"],
	"six certificates": ["connected", "the limit is for the device's memory"],
	"the wrong order": ["connected", "OpenSSL builds the path from certificates in any order, as RFC 8446 allows"],
	"a leaf of tomorrow, and a clock known to be behind": ["tls.expired", CLOCK],
	"an anchor of tomorrow, and a clock known to be behind": ["tls.expired", CLOCK],
	"a leaf that ends before what is known of the time": ["connected", CLOCK],
	"a leaf in ECDSA with SHA-512": ["connected", KNOWN],
	"a link in ECDSA with SHA-512": ["connected", KNOWN],
	"an intermediate in ECDSA with SHA-512": ["connected", KNOWN],
	"a leaf in RSA-PSS": ["connected", KNOWN],
	"a leaf from a P-521 root": ["connected", KNOWN],
	"a leaf from an Ed25519 root": ["connected", KNOWN],
	"an even RSA exponent": ["tls.untrusted", TRIED],
	"an RSA exponent of 33 bits": ["tls.untrusted", TRIED],
	"an RSA root of 4,104 bits": ["tls.untrusted", TRIED],
	"another address": ["wire.refused", "nobody listens there"],
	"TLS 1.3 only": ["connected", "Node speaks it"],
	"another curve only": ["connected", "Node has more curves"],
	"a P-384 client of a server that takes SHA-256 only": ["connected", "OpenSSL signs SHA-256 with a P-384 key, too"],
	"a certificate without its key": ["tls.key", "told as a Fault, not thrown"],
};

const root = await createRoot();
const tables: Record<string, readonly Row[]> = {
	chains: await chains(root),
	names: await names(root),
	signatures: await signatures(root),
	"other keys": await otherKeys(),
	versions: await versions(root),
	clients: await clients(root),
};

for (const [title, rows] of Object.entries(tables))
	describe(title, () => {
		for (const { scenario, result, message } of rows) {
			const [expected, reason] = DIFFERENT[scenario.name] ?? [result];
			test(`${scenario.name}: ${expected}${reason === undefined ? "" : ` (${reason})`}`, async () => {
				const got = await connect(scenario);
				assert.equal(got.result, expected, got.message);
				if (message !== undefined && reason === undefined && expected === "connected")
					assert.match(got.message, message);
			});
		}
	});

test("ClientHello offers TLS 1.2 and 1.3, ECDHE and AES-GCM, and nothing else", async () => {
	const hello = await new Promise<Buffer>((resolve) => {
		void serveTcp((socket) => {
			socket.once("data", (bytes) => {
				resolve(Buffer.from(bytes));
				socket.destroy();
			});
		}).then((port) => connect({ name: "hello", host: "localhost", port }));
	});
	const at = 44 + hello[43]!; // record and message headers, version, random, session id
	const suites = hello.subarray(at + 2, at + 2 + hello.readUInt16BE(at));
	const named = suites.toString("hex").match(/.{4}/g);
	assert.deepEqual(named, ["1301", "1302", "c02b", "c02f", "c02c", "c030", "00ff"]);
	// supported_versions, RFC 8446 section 4.2.1: 1.3 and 1.2
	assert.match(hello.toString("hex"), /002b0005040304030(3)(?!02)/);
});

test("a second handshake on one connection is declined", async () => {
	const leaf = await createLeaf(root);
	let renegotiated: Error | null | undefined;
	let told = (): void => {};
	const answered = new Promise<void>((resolve) => {
		told = resolve;
	});
	const { scenario } = await serve("renegotiates", "connected", [leaf], {
		server: { maxVersion: "TLSv1.2" },
		onData: (socket) => {
			const end = (error: Error | null): void => {
				renegotiated = error;
				socket.destroy();
				told();
			};
			socket.renegotiate({}, end);
			socket.on("error", end);
		},
	});
	await Promise.all([connect(scenario), answered]);
	assert.match(String(renegotiated), /no renegotiation/i);
});

interface Got {
	readonly result: string;
	readonly message: string;
}

/** As test/sim/tls/connect.js does it. */
function connect({ host, port, pings = 1, expectBytes = 4, ...scenario }: Scenario): Promise<Got> {
	const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
	return new Promise((resolve) => {
		let text = "";
		const wire = createWire().connect(
			{
				host,
				port,
				anchors: (scenario.anchors ?? anchor(root)).map(bytes),
				...identity(scenario),
				timeoutSeconds: 20,
			},
			{
				onOpen: () => wire.write(Buffer.from("ping".repeat(pings))),
				onData(data) {
					text += Buffer.from(data).toString();
					if (text.length >= expectBytes) wire.close();
				},
				onClose: (fault) =>
					resolve({ result: fault?.code ?? "connected", message: fault?.message ?? text.slice(0, 64) }),
			},
		);
	});
}

function identity({ chain, scalar, pkcs8 }: Partial<Scenario>): { identity?: Identity } {
	if (chain === undefined) return {};
	const bytes = (hex: string) => new Uint8Array(Buffer.from(hex, "hex"));
	const key = scalar === undefined ? { pkcs8: bytes(pkcs8 ?? "") } : { signer: new KeyPair(bytes(scalar)) };
	return { identity: { chain: chain.map(bytes), ...key } };
}
