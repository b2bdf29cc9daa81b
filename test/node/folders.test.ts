/** What a command does to the folders and files that its user names: nothing is destroyed, no link followed, one process each. */
import assert from "node:assert/strict";
import {
	chmodSync,
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import { openDemoFolder } from "../../hw/node/demo-folder.ts";
import { replaceFile, writeNew } from "../../hw/node/files.ts";
import { lockFolder } from "../../hw/node/lock.ts";
import { Fault } from "../../src/fault.ts";
import { enrollee } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";

const isFault = (code: string) => (thrown: unknown) => thrown instanceof Fault && thrown.code === code;

const KEY = Buffer.alloc(32, 7).toString("base64");

describe("the demo's folder", () => {
	test("a folder of the user's, a file, a link: refused, untouched", async () => {
		const mine = temporaryFolder({ "cred.a": "an identity", "thesis.txt": "years" });
		const file = join(mine, "thesis.txt");
		const link = join(temporaryFolder(), "link");
		symlinkSync(mine, link);
		for (const state of [mine, file, link]) {
			const run = await enrollee(["demo", "--state", state]);
			assert.equal(run.code, 2, run.stderr);
			assert.match(run.stderr, /config\.foreign/);
		}
		assert.deepEqual(readdirSync(mine).sort(), ["cred.a", "thesis.txt"]);
		assert.equal(readFileSync(file, "utf8"), "years");
	});

	test("no name is no folder, whatever the command: what stands in the working folder stays", async () => {
		const cwd = temporaryFolder();
		for (const name of ["device", "cloud"]) {
			mkdirSync(join(cwd, name));
			writeFileSync(join(cwd, name, "precious"), "p");
		}
		const device = ["--id-scope", "0ne", "--registration-id", "d", "--symmetric-key", KEY];
		for (const args of [
			["demo", "--state", ""],
			["cloud", "--port", "0", "--state", ""],
			["cloud", "--port", "0", "--updates", ""],
			["run", "--once", ...device, "--state", ""],
			["factory", ...device, "--encrypt", ""],
			["factory", ...device, "--out="],
			["bundle", "key", "--out", "", "--pub", ""],
			["new", ""],
		]) {
			const { code, stderr } = await enrollee(args, { cwd });
			assert.match(stderr, /^enrollee: config\.invalid: .*: expected a value, got none\n/, args.join(" "));
			assert.equal(code, 2);
		}
		assert.deepEqual(readdirSync(cwd, { recursive: true }).sort(), [
			"cloud",
			"cloud/precious",
			"device",
			"device/precious",
		]);
	});

	test("its own: only device and cloud go, a link of that name by itself", () => {
		const folder = join(temporaryFolder(), "demo");
		const { device, cloud } = openDemoFolder(folder);
		mkdirSync(device);
		writeFileSync(join(device, "cred.a"), "old");
		const elsewhere = temporaryFolder({ precious: "p" });
		symlinkSync(elsewhere, cloud);
		writeFileSync(join(folder, "notes.txt"), "mine");
		openDemoFolder(folder);
		assert.deepEqual(readdirSync(folder).sort(), [".enrollee-demo", "lock", "notes.txt"]);
		assert.equal(readFileSync(join(elsewhere, "precious"), "utf8"), "p");
	});

	test("a mark that is a link is none", () => {
		const folder = temporaryFolder({ real: "x" });
		symlinkSync(join(folder, "real"), join(folder, ".enrollee-demo"));
		assert.throws(() => openDemoFolder(folder), isFault("config.foreign"));
	});
});

describe("files of keys", () => {
	test("one that is there stays, unless forced; then it is its owner's only", () => {
		const path = join(temporaryFolder({ key: "old" }), "key");
		chmodSync(path, 0o644);
		assert.throws(() => writeNew(path, "new", { option: "--out" }), isFault("config.exists"));
		assert.throws(() => writeNew(path, "old", { option: "--out" }), isFault("config.exists"));
		writeNew(path, "old", { option: "--out", open: true });
		assert.equal(readFileSync(path, "utf8"), "old");
		writeNew(path, "new", { option: "--out", force: true });
		assert.equal(readFileSync(path, "utf8"), "new");
		assert.equal(statSync(path).mode & 0o777, 0o600);
	});

	test("links are not followed: dangling, to a file, forced or not", () => {
		const folder = temporaryFolder({ victim: "v" });
		for (const [name, target] of [
			["there", "victim"],
			["dangling", "nothing"],
		] as const) {
			symlinkSync(join(folder, target), join(folder, name));
			assert.throws(() => writeNew(join(folder, name), "key", { option: "--out" }), isFault("config.exists"));
			assert.throws(
				() => writeNew(join(folder, name), "key", { option: "--out", force: true }),
				isFault("config.invalid"),
			);
		}
		assert.equal(readFileSync(join(folder, "victim"), "utf8"), "v");
		assert.ok(!existsSync(join(folder, "nothing")));
		replaceFile(join(folder, "there"), "new");
		assert.ok(lstatSync(join(folder, "there")).isFile());
		assert.equal(readFileSync(join(folder, "victim"), "utf8"), "v");
	});

	test("bundle key: a private key is not lost to its public one, nor where that cannot be written", async () => {
		const cwd = temporaryFolder({ "release.pem": "the key of a fleet" });
		for (const pub of ["release.pem", "./release.pem", "none/release.pub"]) {
			const { code } = await enrollee(["bundle", "key", "--out", "release.pem", "--pub", pub, "--force"], { cwd });
			assert.equal(code, 2, pub);
			assert.equal(readFileSync(join(cwd, "release.pem"), "utf8"), "the key of a fleet", pub);
		}
	});

	test("factory, bundle key and csr leave what is there, and replace it with --force", async () => {
		const folder = temporaryFolder({ a: "mine", b: "mine", c: "mine" });
		const [a, b, c] = ["a", "b", "c"].map((name) => join(folder, name)) as [string, string, string];
		const id = ["--registration-id", "dev-1"];
		const key = Buffer.alloc(32, 7).toString("base64");
		const factory = ["factory", ...id, "--id-scope", "0ne00ABCDEF", "--symmetric-key", key, "--out", a];
		const commands = [factory, ["bundle", "key", "--out", b, "--pub", join(folder, "b.pub")]];
		commands.push(["csr", ...id, "--state", join(folder, "state"), "--out", c]);
		for (const command of commands) {
			const refused = await enrollee(command);
			assert.deepEqual([refused.code, refused.stdout], [2, ""], command.join(" "));
			assert.match(refused.stderr, /config\.exists: --out/);
		}
		for (const file of [a, b, c]) assert.equal(readFileSync(file, "utf8"), "mine");
		assert.ok(!existsSync(join(folder, "b.pub")));
		for (const command of commands) assert.equal((await enrollee([...command, "--force"])).code, 0);
		for (const file of [a, b, c]) assert.notEqual(readFileSync(file, "utf8"), "mine");
		for (const secret of [a, b]) assert.equal(statSync(secret).mode & 0o777, 0o600);
	});
});

describe("the lock of a folder", () => {
	const owner = (fields: object) =>
		`${JSON.stringify({ pid: 1, host: hostname(), started: "", command: "run", ...fields })}\n`;

	test("held by a live process: refused, and it says by whom", async () => {
		const folder = temporaryFolder();
		const unlock = lockFolder(folder, "run");
		const args = ["run", "--once", "--id-scope", "0ne", "--registration-id", "d", "--state", folder];
		args.push("--symmetric-key", Buffer.alloc(32, 7).toString("base64"));
		const second = await enrollee(args);
		assert.equal(second.code, 1, second.stderr);
		assert.match(second.stderr, new RegExp(`host\\.locked: .*enrollee run.*process ${process.pid} on `));
		unlock();
		assert.deepEqual(readdirSync(folder), []);
	});

	test("stale ones are broken: no such process, another one with its pid, or what a power cut has left", () => {
		const gone = [{ pid: 4_194_304 }, { pid: process.pid, started: "1" }].map(owner);
		for (const lock of [...gone, "", "\0".repeat(70)]) {
			const folder = temporaryFolder({ lock });
			lockFolder(folder, "run")();
			assert.deepEqual(readdirSync(folder), []);
		}
	});

	test("of another machine, or unreadable: left alone", () => {
		for (const lock of [owner({ host: "elsewhere" }), "{}", "not JSON"]) {
			const folder = temporaryFolder({ lock });
			assert.throws(() => lockFolder(folder, "run"), isFault("host.locked"));
			assert.equal(readFileSync(join(folder, "lock"), "utf8"), lock);
		}
	});

	test("in one process again: nothing more; the folder's own Fault where it cannot be", () => {
		const folder = temporaryFolder({ file: "" });
		lockFolder(folder, "run");
		lockFolder(folder, "csr")();
		assert.ok(existsSync(join(folder, "lock")));
		assert.throws(() => lockFolder(join(folder, "file"), "run"), isFault("store.failed"));
	});

	test("two clouds do not share a folder", async () => {
		const folder = temporaryFolder();
		const cloud = await startCloud({ stateFolder: folder });
		const second = await enrollee(["cloud", "--port", "0", "--state", folder]);
		assert.equal(second.code, 1);
		assert.match(second.stderr, /host\.locked/);
		await cloud.close();
		assert.ok(!existsSync(join(folder, "lock")));
	});
});
