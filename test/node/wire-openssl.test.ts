/** The wire on Node against `openssl s_server`, which sends the alerts that a node:tls server never sends. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Identity } from "../../src/port.ts";
import { readCertificates } from "../../src/x509/certificate.ts";
import { readPrivateKey } from "../../src/x509/key.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { assertFault, openWire } from "../support/wire-probe.ts";

const folder = noOpenssl ? "" : temporaryFolder();
const children: ChildProcess[] = [];
after(() => {
	for (const child of children) child.kill();
});

if (!noOpenssl) {
	selfSigned("server", "/CN=localhost", ["-addext", "subjectAltName=DNS:localhost"]);
	selfSigned("nameless", "/CN=localhost");
	selfSigned("client", "/CN=dev-001", ["-addext", "basicConstraints=critical,CA:TRUE"]);
	selfSigned("stranger", "/CN=dev-001");
}
const demandsClient = ["-Verify", "1", "-verify_return_error", "-CAfile", "client.pem"];

for (const version of ["-tls1_2", "-tls1_3"]) {
	test(`${version}: carries bytes under a client certificate`, { skip: noOpenssl }, async () => {
		const port = await serve("server", [version, ...demandsClient, "-rev"]);
		let text = "";
		const end = await openWire({ port, anchors: anchor("server"), identity: identity("client") }, (wire) => ({
			onOpen: () => wire().write(Buffer.from("enrol\n")),
			onData(bytes) {
				text += Buffer.from(bytes).toString();
				if (text.includes("\n")) wire().close();
			},
		}));
		assert.deepEqual(end, { opened: true, fault: undefined });
		assert.equal(text, "lorne\n");
	});

	test(`${version}: a client certificate that the server does not trust: tls.rejected`, {
		skip: noOpenssl,
	}, async () => {
		const port = await serve("server", [version, ...demandsClient]);
		const end = await openWire({ port, anchors: anchor("server"), identity: identity("stranger") });
		assertFault(end, "tls.rejected");
		assert.equal(end.opened, version === "-tls1_3");
	});

	test(`${version}: no certificate where one is demanded: tls.rejected`, { skip: noOpenssl }, async () => {
		const port = await serve("server", [version, ...demandsClient]);
		assertFault(await openWire({ port, anchors: anchor("server") }), "tls.rejected");
	});
}

test("a certificate with a common name but no SAN: tls.name", { skip: noOpenssl }, async () => {
	const port = await serve("nameless", []);
	assertFault(await openWire({ port, anchors: anchor("nameless") }), "tls.name");
});

test("a server that knows no such name (alert 112): tls.name", { skip: noOpenssl }, async () => {
	const port = await serve("server", [
		"-servername",
		"other.example",
		"-servername_fatal",
		"-cert2",
		"server.pem",
		"-key2",
		"server.key",
	]);
	assertFault(await openWire({ port, anchors: anchor("server") }), "tls.name");
});

test("nothing in common (alerts 40 and 70): tls.protocol", { skip: noOpenssl }, async () => {
	const noCipher = await serve("server", ["-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"]);
	const noVersion = await serve("server", ["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
	for (const port of [noCipher, noVersion])
		assertFault(await openWire({ port, anchors: anchor("server") }), "tls.protocol");
});

function selfSigned(name: string, subject: string, more: readonly string[] = []): void {
	const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
	openssl(
		[
			"req",
			"-x509",
			...curve,
			"-keyout",
			`${name}.key`,
			"-out",
			`${name}.pem`,
			"-subj",
			subject,
			"-days",
			"2",
			...more,
		],
		{ cwd: folder },
	);
}

function anchor(name: string): Uint8Array[] {
	return readCertificates(readFileSync(join(folder, `${name}.pem`))).map(({ der }) => der);
}

function identity(name: string): Identity {
	return { chain: anchor(name), ...readPrivateKey(readFileSync(join(folder, `${name}.key`), "utf8")) };
}

/** Its port, as it says itself. */
function serve(name: string, more: readonly string[]): Promise<number> {
	const server = ["s_server", "-accept", "127.0.0.1:0", "-cert", `${name}.pem`, "-key", `${name}.key`, ...more];
	const child = spawn("openssl", server, { cwd: folder, stdio: ["pipe", "pipe", "pipe"] });
	children.push(child);
	let said = "";
	return new Promise((resolve, reject) => {
		child.stdout.on("data", (bytes) => {
			said += bytes;
			const port = /ACCEPT [^\n]*:(\d+)\n/.exec(said)?.[1];
			if (port !== undefined) resolve(Number(port));
		});
		child.stderr.on("data", (bytes) => {
			said += bytes;
		});
		child.once("exit", () => reject(new Error(`openssl s_server: ${said}`)));
	});
}
