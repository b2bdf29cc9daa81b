/** File systems without fsync: the store works on them, and says so once; any other failure is a Fault as ever. */
import assert from "node:assert/strict";
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { openStore } from "../../hw/node/store.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";

function withFsync(code: string, body: () => void): void {
	const real = fs.fsyncSync;
	fs.fsyncSync = () => {
		throw Object.assign(new Error(code), { code });
	};
	syncBuiltinESMExports();
	try {
		body();
	} finally {
		fs.fsyncSync = real;
		syncBuiltinESMExports();
	}
}

test("EINVAL and its kin: what was put is there, with a warning", async () => {
	const warnings: (string | undefined)[] = [];
	process.on(
		"warning",
		({ message, code }: Error & { code?: string }) => code === "ENROLLEE_FSYNC" && warnings.push(message),
	);
	for (const code of ["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"])
		withFsync(code, () => {
			const store = openStore(temporaryFolder());
			store.put("a", Uint8Array.of(1));
			store.put("a", Uint8Array.of(2));
			store.delete("b");
			assert.deepEqual(store.get("a"), Uint8Array.of(2));
		});
	await new Promise((resolve) => setImmediate(resolve));
	assert.ok(warnings.length > 0);
});

test("a disk that fails is no file system without fsync", () => {
	for (const [code, fault] of [
		["EIO", "store.failed"],
		["ENOSPC", "store.full"],
		["EDQUOT", "store.full"],
		["EBADF", "store.failed"],
	] as const)
		withFsync(code, () => {
			const store = openStore(temporaryFolder());
			assert.throws(() => store.put("a", Uint8Array.of(1)), isFault(fault), code);
			assert.equal(store.get("a"), undefined);
		});
});
