/** `enrollee csr` and `enrollee show` as an operator runs them: what they print, and their exit codes. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Command } from "commander";
import { certificatePem, createEntity, der, type Entity, type KeyType, saveEntity } from "../../cloud/pki.ts";
import { addCsr } from "../../hw/node/commands/csr.ts";
import { addShow } from "../../hw/node/commands/show.ts";
import * as entropy from "../../hw/node/entropy.ts";
import { openStore } from "../../hw/node/store.ts";
import { hex } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";
import { Journal } from "../../src/identity/journal.ts";
import type { CredentialKey } from "../../src/identity/record.ts";
import { generateKeyPair } from "../../src/key/pair.ts";
import { parseCertificate } from "../../src/x509/certificate.ts";
import { parseCsr } from "../../src/x509/csr.ts";
import { publicKeyInfo, readPrivateKey } from "../../src/x509/key.ts";
import { decodePem } from "../../src/x509/pem.ts";
import { CLI } from "../support/command.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";

const DAY = 86_400_000;
const now = Date.now();
const span = { notBefore: now - DAY, notAfter: now + 30 * DAY };
const root = await createEntity("P-384", { commonName: "Device root", role: { kind: "root" }, ...span });
const policy = await createEntity("P-384", { commonName: "Policy", role: { kind: "intermediate" }, ...span }, root);

test("csr: makes a key once, and prints the same request from then on", { skip: noOpenssl }, async () => {
	const state = join(temporaryFolder(), "state");
	const args = ["csr", "--registration-id", "dev-001", "--state", state];
	const pem = enrollee(args);
	assert.match(openssl(["req", "-verify", "-noout", "-subject"], { input: pem.stdout }).toString(), /CN = dev-001/);
	assert.equal(enrollee(args).stdout, pem.stdout);
	assert.deepEqual(readdirSync(state), ["cred.pending"]);

	const out = join(temporaryFolder(), "request.der");
	const written = enrollee([...args, "--der", "--out", out]);
	assert.equal(written.stdout, `${out}: request of dev-001, pending key\n`);
	assert.deepEqual(new Uint8Array(readFileSync(out)), decodePem(pem.stdout)[0]!.der);
	const record = JSON.parse(enrollee([...args, "--json"]).stdout);
	assert.deepEqual(record, {
		event: "csr",
		registrationId: "dev-001",
		key: "pending",
		csr: readFileSync(out).toString("base64"),
	});
});

test("csr: the id from ENROLLEE_REGISTRATION_ID, the folder from ENROLLEE_STATE", async () => {
	const state = join(temporaryFolder(), "state");
	const environment = { ENROLLEE_REGISTRATION_ID: "dev-007", ENROLLEE_STATE: state };
	const { stdout } = enrollee(["csr"], environment);
	assert.equal(parseCsr(decodePem(stdout)[0]!.der).commonName, "dev-007");
	assert.ok(existsSync(join(state, "cred.pending")));
});

test("csr: an enrolled device asks with the key it has", async () => {
	const { state, key } = await enrolled("P-256");
	const { stdout } = enrollee(["csr", "--registration-id", "dev-001", "--state", state]);
	assert.ok("signer" in key);
	assert.deepEqual(parseCsr(decodePem(stdout)[0]!.der).spki, publicKeyInfo(key.signer.publicKey));
	assert.ok(!existsSync(join(state, "cred.pending")));
});

test("csr: the folder of another device is refused; with --json a lost record is an object, too", async () => {
	const { state } = await enrolled("P-256");
	const { fault } = enrollee(["csr", "--registration-id", "dev-002", "--state", state]);
	assert.equal(fault?.code, "config.other-identity");
	assert.match(fault?.message ?? "", /dev-001.*dev-002/);
	const damaged = temporaryFolder({ "cred.a": "nonsense" });
	const { stdout } = enrollee(["csr", "--registration-id", "dev-002", "--state", damaged, "--json"]);
	const events = stdout
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	assert.deepEqual(
		events.map(({ event, code }) => [event, code]),
		[
			["fault", "store.damaged"],
			["csr", undefined],
		],
	);
});

test("csr: no id, a bad id, a file that cannot be written: no folder before the input is good", async () => {
	const state = join(temporaryFolder(), "state");
	const none = enrollee(["csr", "--state", state]);
	assert.deepEqual([none.fault?.code, none.stdout], ["config.missing", ""]);
	const bad = enrollee(["csr", "--registration-id", "dev 1", "--state", state]);
	assert.deepEqual([bad.fault?.code, bad.stdout], ["x509.registration-id", ""]);
	assert.ok(!existsSync(state));
	const unwritable = ["csr", "--registration-id", "x", "--state", state, "--out", join(state, "no", "file")];
	assert.equal(enrollee(unwritable).fault?.code, "config.invalid");
});

test("exit codes: 0, 1 for a failure, 2 for wrong usage", async () => {
	const state = join(temporaryFolder(), "state");
	const codes = await Promise.all([
		exitCode("csr", "--state", state, "--registration-id", "dev-001"),
		exitCode("csr", "--state", state, "--registration-id", "dev 001"),
		exitCode("csr", "--state", state),
		exitCode("csr", "--unknown"),
		exitCode("show", "--state", join(state, "none")),
	]);
	assert.deepEqual(codes, [0, 2, 2, 2, 1]);
});

for (const type of ["P-256", "RSA"] as const) {
	test(`show: a stored ${type} credential`, async () => {
		const { state, leaf, key } = await enrolled(type);
		const { stdout } = enrollee(["show", "--state", state]);
		for (const line of [
			/^device +dev-001$/m,
			/^hub +hub\.example:8884$/m,
			/^subject +CN=dev-001$/m,
			/^issuer +CN=Policy$/m,
			/^remaining +29 d 23 h$/m,
			/^key matches +yes$/m,
			/^certificates +3$/m,
			/^proven +yes$/m,
		])
			assert.match(stdout, line);
		const record = JSON.parse(enrollee(["show", "--state", state, "--json"]).stdout);
		assert.equal(record.notAfter, new Date(parseCertificate(der(leaf.certificate)).notAfter).toISOString());
		assert.equal(record.keyMatches, true);
		const secret = "signer" in key ? hex(key.signer.scalar!()) : hex(key.pkcs8).slice(-64);
		for (const text of [stdout, JSON.stringify(record)]) assert.ok(!text.includes(secret));
	});
}

test("show --pem: the chain and nothing else, leaf first; OpenSSL verifies it", { skip: noOpenssl }, async () => {
	const { state, leaf } = await enrolled("P-256");
	const { stdout } = enrollee(["show", "--state", state, "--pem"]);
	assert.deepEqual(decodePem(stdout), decodePem(certificatePem(leaf, policy, root)));
	const cwd = temporaryFolder({ chain: stdout, root: certificatePem(root) });
	assert.equal(
		openssl(["verify", "-CAfile", "root", "-untrusted", "chain", "chain"], { cwd }).toString(),
		"chain: OK\n",
	);
	const record = JSON.parse(enrollee(["show", "--state", state, "--pem", "--json"]).stdout);
	assert.equal(record.chain.join(""), stdout);
});

test("show: a candidate that no hub has accepted yet", async () => {
	const { state } = await enrolled("P-256", { promote: false });
	assert.match(enrollee(["show", "--state", state]).stdout, /^proven +no/m);
});

test("show: a key that is not the certificate's is shown, and a Fault", async () => {
	const { state } = await enrolled("P-256", { key: { signer: generateKeyPair(entropy) } });
	const { fault, stdout } = enrollee(["show", "--state", state]);
	assert.equal(fault?.code, "cert.key-mismatch");
	assert.match(stdout, /^key matches +no$/m);
});

test("show: no folder, an empty one, a damaged record: a Fault, and no folder made", async () => {
	const missing = join(temporaryFolder(), "none");
	const none = enrollee(["show", "--state", missing]);
	assert.deepEqual([none.fault?.code, none.stdout], ["store.empty", ""]);
	assert.ok(!existsSync(missing));
	assert.equal(enrollee(["show", "--state", temporaryFolder()]).fault?.code, "store.empty");
	const damaged = temporaryFolder({ "cred.a": "not a record at all, but long enough to be one" });
	assert.equal(enrollee(["show", "--state", damaged]).fault?.code, "store.damaged");
});

/** A state folder as enrolment leaves it. */
async function enrolled(type: KeyType, options: { key?: CredentialKey; promote?: boolean } = {}) {
	const state = join(temporaryFolder(), "state");
	const leaf: Entity = await createEntity(type, { commonName: "dev-001", role: { kind: "client" }, ...span }, policy);
	const key = options.key ?? readPrivateKey((await saveEntity(leaf)).key);
	const journal = new Journal(openStore(state));
	const candidate = journal.propose({
		key,
		chain: [leaf, policy, root].map(({ certificate }) => der(certificate)),
		hub: { host: "hub.example", port: 8884 },
		deviceId: "dev-001",
		registrationId: "dev-001",
		notBefore: span.notBefore,
		notAfter: span.notAfter,
		unknown: [],
	});
	if (options.promote !== false) journal.promote(candidate);
	return { state, leaf, key };
}

interface Result {
	readonly stdout: string;
	readonly stderr: string;
	/** What the command threw: the caller prints it and exits with 1, or 2 for config.*. */
	readonly fault?: Fault;
}

/** Runs the command in this process; without a pause, so that only its own output is caught. */
function enrollee(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Result {
	const written = { stdout: "", stderr: "" };
	const restore = [setEnvironment(environment), capture("stdout", written), capture("stderr", written)];
	try {
		const program = new Command("enrollee");
		addCsr(program);
		addShow(program);
		program.parse(args, { from: "user" });
		return written;
	} catch (fault) {
		assert.ok(fault instanceof Fault, String(fault));
		return { ...written, fault };
	} finally {
		for (const undo of restore) undo();
	}
}

function capture(stream: "stdout" | "stderr", written: { stdout: string; stderr: string }): () => void {
	const original = process[stream].write;
	process[stream].write = (chunk: string | Uint8Array) => {
		written[stream] += Buffer.from(chunk).toString();
		return true;
	};
	return () => {
		process[stream].write = original;
	};
}

function setEnvironment(environment: Readonly<Record<string, string>>): () => void {
	const before = { ...process.env };
	delete process.env.ENROLLEE_STATE;
	delete process.env.ENROLLEE_REGISTRATION_ID;
	Object.assign(process.env, environment);
	return () => {
		process.env = before;
	};
}

/** Runs the whole command line in a process of its own; its exit code. */
function exitCode(...args: readonly string[]): Promise<number> {
	const undo = setEnvironment({});
	return new Promise((resolve) => {
		execFile(process.execPath, [...CLI, ...args], (error) => resolve(Number(error?.code ?? 0)));
		undo();
	});
}
