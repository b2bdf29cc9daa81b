/** The store on Node: whole blobs for their owner only, what a cut leaves behind, and what is no name. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { openStore } from "../../hw/node/store.ts";
import { utf8 } from "../../src/base/bytes.ts";
import { TYPESCRIPT } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";

const posix = process.platform === "win32" ? "SKIPPED: no file modes" : false;

test("gives back what was put, replaces it, forgets it, and finds it again when opened anew", () => {
	const folder = join(temporaryFolder(), "new", "state");
	const store = openStore(folder);
	assert.equal(store.get("cred.a"), undefined);
	store.put("cred.a", Uint8Array.of(1, 2, 3));
	store.put("cred.b", new Uint8Array());
	store.put("cred.a", Uint8Array.of(4));
	const again = openStore(folder);
	assert.deepEqual(again.get("cred.a"), Uint8Array.of(4));
	assert.deepEqual(again.get("cred.b"), new Uint8Array());
	again.delete("cred.a");
	again.delete("cred.a");
	assert.equal(store.get("cred.a"), undefined);
	assert.deepEqual(readdirSync(folder), ["cred.b"]);
});

test("what it gives out is the caller's to change", () => {
	const store = openStore(temporaryFolder());
	store.put("x", Uint8Array.of(1));
	store.get("x")![0] = 9;
	assert.deepEqual(store.get("x"), Uint8Array.of(1));
});

test("files are for their owner only, whatever the umask, also one that was open before", { skip: posix }, () => {
	const folder = join(temporaryFolder(), "state");
	const umask = process.umask(0);
	try {
		const store = openStore(folder);
		store.put("key", Uint8Array.of(1));
		assert.equal(statSync(folder).mode & 0o777, 0o700);
		assert.equal(statSync(join(folder, "key")).mode & 0o777, 0o600);
		chmodSync(join(folder, "key"), 0o644);
		store.put("key", Uint8Array.of(2));
		assert.equal(statSync(join(folder, "key")).mode & 0o777, 0o600);
	} finally {
		process.umask(umask);
	}
});

test("leftovers of a cut are removed at open; the old blob and other files stay", () => {
	const folder = temporaryFolder({ "cred.a": "old", "cred.a~enrollee": "ha", "notes.txt~": "mine", "root.pem": "pem" });
	const store = openStore(folder);
	assert.deepEqual(store.get("cred.a"), utf8("old"));
	assert.deepEqual(readdirSync(folder).sort(), ["cred.a", "notes.txt~", "root.pem"]);
});

test("a put writes beside, syncs, renames and syncs the folder, in this order", { skip: hasStrace() }, () => {
	const folder = temporaryFolder();
	const program = `import { openStore } from ${JSON.stringify(join(import.meta.dirname, "../../hw/node/store.ts"))};
		openStore(${JSON.stringify(folder)}).put("cred.a", new Uint8Array(5000));`;
	const trace = join(temporaryFolder(), "trace");
	const calls = "openat,write,pwrite64,fsync,rename,renameat,renameat2,close";
	const node = [process.execPath, ...TYPESCRIPT, "--input-type=module", "-e", program];
	execFileSync("strace", ["-f", "-y", "-e", `trace=${calls}`, "-o", trace, ...node]);
	const lines = readFileSync(trace, "utf8")
		.split("\n")
		.filter((line) => line.includes(folder));
	const steps = lines
		.map((line) => /(openat|p?write(?:64)?|fsync|rename\w*)\(/.exec(line)?.[1])
		.filter((call) => call !== undefined && call !== "openat");
	assert.deepEqual(steps, [steps[0], "fsync", steps[2], "fsync"]);
	assert.match(steps[0]!, /write/);
	assert.match(steps[2]!, /rename/);
});

test("names that the device's flash would not take are refused", () => {
	const store = openStore(temporaryFolder());
	for (const name of ["", ".", "..", "../x", "a/b", "a\\b", "Upper", "sixteen-letters-", "nul\0", "a~enrollee"])
		for (const act of [() => store.get(name), () => store.put(name, utf8("x")), () => store.delete(name)])
			assert.throws(act, isFault("store.failed"), name);
	store.put("fifteen-letters", utf8("x"));
});

test("what the file system refuses is store.failed, and leaves the old blob", { skip: posix }, () => {
	const folder = temporaryFolder({ "a-file": "x" });
	assert.throws(() => openStore(join(folder, "a-file")), isFault("store.failed"));
	const store = openStore(folder);
	mkdirSync(join(folder, "taken"));
	writeFileSync(join(folder, "taken", "x"), "x");
	assert.throws(() => store.get("taken"), isFault("store.failed"));
	assert.throws(() => store.put("taken", utf8("y")), isFault("store.failed"));
	assert.ok(existsSync(join(folder, "taken", "x")));
	assert.deepEqual(readdirSync(folder).sort(), ["a-file", "taken"]);
});

test("a write that the system cuts short leaves the old blob and nothing beside it", { skip: posix }, () => {
	const folder = temporaryFolder({ blob: "old" });
	const program = `import { openStore } from ${JSON.stringify(join(import.meta.dirname, "../../hw/node/store.ts"))};
		process.on("SIGXFSZ", () => {});
		try { openStore(${JSON.stringify(folder)}).put("blob", new Uint8Array(1 << 20)); }
		catch (fault) { process.stdout.write(fault.code); }`;
	const node = [process.execPath, ...TYPESCRIPT, "--input-type=module", "-e", program];
	const said = execFileSync("bash", ["-c", 'ulimit -f 64; exec "$@"', "bash", ...node]);
	assert.equal(said.toString(), "store.failed");
	assert.deepEqual(readdirSync(folder), ["blob"]);
	assert.deepEqual(openStore(folder).get("blob"), utf8("old"));
});

function hasStrace(): string | false {
	try {
		execFileSync("strace", ["-V"], { stdio: "ignore" });
		return false;
	} catch {
		return "SKIPPED: no strace";
	}
}
