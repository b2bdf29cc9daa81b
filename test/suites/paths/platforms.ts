/** The same chains before the two that judge servers: hw/moddable/tls on XS, and the wire on Node. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { join } from "node:path";
import { refusal } from "../../../hw/node/tls-options.ts";
import { createWire } from "../../../hw/node/wire.ts";
import { buildForXs } from "../../../hw/simulator/harness.ts";
import { Content, Crafted, record } from "../../sim/tls/crafted.ts";
import { hex } from "../../sim/tls/device.ts";
import type { Entity } from "../../sim/tls/pki.ts";
import { temporaryFolder } from "../../support/openssl.ts";
import { type Case, pathFrom } from "./cases.ts";

/** Without it OpenSSL ends the handshake (RFC 5746). */
const RENEGOTIATION_INFO = Buffer.from("ff01000100", "hex");
/** A hundred certificates are several records. */
const MOST_RECORD_BYTES = 16_384;

type Verdicts = Map<string, string>;

export async function judgeOnXs(cases: readonly Case[]): Promise<Verdicts> {
	const file = join(temporaryFolder(), "cases");
	const line = ({ id, chain, anchors, host, now = Date.now() }: Case) =>
		`${JSON.stringify({ id, chain: chain.map(hex), anchors: anchors.map(hex), host, now })}\n`;
	writeFileSync(file, cases.map(line).join(""));
	const app = await buildForXs({
		name: "paths",
		build: "release",
		manifest: {
			include: [
				"$(ENROLLEE)/hw/moddable/tls/manifest.json",
				"$(MODDABLE)/examples/manifest_base.json",
				"$(MODDABLE)/modules/files/file/manifest.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
			],
			creation: { stack: 768 },
			modules: { "*": [], main: "$(ENROLLEE)/test/suites/paths/judge" },
		},
	});
	const verdicts: Verdicts = new Map();
	const { exitCode, output } = await app.run({
		environment: { CASES: file },
		onLine(line) {
			if (line.startsWith("VERDICT ")) verdicts.set(...(JSON.parse(line.slice(8)) as [string, string]));
		},
	});
	assert.equal(exitCode, 0, output.slice(-2000));
	return verdicts;
}

/** Each with the leaf's key, in a real handshake: every name is reached through a proxy, and the proxy is the server. */
export async function connectFromNode(cases: readonly (Case & { readonly host: string })[]): Promise<Verdicts> {
	let shown: Case;
	const proxy = createServer().on("connect", (_, socket: Socket) => {
		socket.write("HTTP/1.1 200 OK\r\n\r\n");
		const chain = shown.chain.map((der) => ({ der, type: isEc(shown) ? "P-256" : "RSA-2048", key: shown.key }));
		new Crafted(
			socket.on("error", () => {}),
			chain as unknown as Entity[],
			{ extensions: RENEGOTIATION_INFO, records: (messages) => [...inRecords(Buffer.concat(messages))] },
		);
	});
	proxy.listen(0, "127.0.0.1");
	await once(proxy, "listening");
	const { port } = proxy.address() as AddressInfo;
	const wire = createWire({ HTTPS_PROXY: `http://127.0.0.1:${port}` });
	const verdicts: Verdicts = new Map();
	for (const one of cases) {
		shown = one;
		const verdict = await connect(one);
		assert.match(verdict, /^(accepted$|tls\.)/, `${one.id}: no verdict`);
		verdicts.set(one.id, verdict);
	}
	proxy.close();
	return verdicts;

	function connect({ host, anchors }: Case & { readonly host: string }): Promise<string> {
		wire.forget?.();
		return new Promise((resolve) => {
			const connection = wire.connect(
				{ host, port: 8883, anchors, timeoutSeconds: 20 },
				{
					onOpen() {
						resolve("accepted");
						connection.close();
					},
					onData() {},
					onClose: (fault) => resolve(fault?.message ?? "closed"),
				},
			);
		});
	}
}

function* inRecords(flight: Buffer): Generator<Buffer> {
	for (let at = 0; at < flight.length; at += MOST_RECORD_BYTES)
		yield record(Content.Handshake, flight.subarray(at, at + MOST_RECORD_BYTES));
}

export const isEc = ({ key }: Pick<Case, "key">): boolean => key?.asymmetricKeyType === "ec";

/**
 * Without the leaf's key there is no handshake, and node:tls says nothing before its end. So the openssl command is asked as the wire
 * asks OpenSSL, then the wire what it has to say on top: of a leaf that names nobody, that it is for another host.
 */
export function judgeByOpenssl({ chain, anchors }: Case): string {
	const pem = (list: readonly Uint8Array[]) => list.map((der) => new X509Certificate(der).toString()).join("");
	const folder = temporaryFolder({ anchors: pem(anchors), chain: pem(chain.slice(1)), leaf: pem(chain.slice(0, 1)) });
	const settings = ["-no-CApath", "-no-CAstore", "-partial_chain", "-purpose", "sslserver", "-auth_level", "2"];
	const files = ["-CAfile", "anchors", ...(chain.length > 1 ? ["-untrusted", "chain"] : []), "leaf"];
	const { status, stderr } = spawnSync("openssl", ["verify", ...settings, ...files], { cwd: folder, encoding: "utf8" });
	if (status !== 0) return stderr.split("\n").slice(-4).join(" ");
	type Shown = { readonly raw: Uint8Array; readonly issuerCertificate: Shown };
	const path = pathFrom(chain[0]!, [...chain.slice(1), ...anchors]).map((raw) => ({
		raw,
		issuerCertificate: undefined as unknown as Shown,
	}));
	for (const [i, one] of path.entries()) one.issuerCertificate = path[i + 1]!;
	const refused = refusal("host.example", path[0]!, anchors);
	return refused?.code === "ERR_TLS_CERT_ALTNAME_INVALID" ? "accepted" : `${refused?.code}: ${refused?.message}`;
}
