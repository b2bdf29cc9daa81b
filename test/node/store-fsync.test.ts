/** File systems without fsync: all that is written there works, and is said once; any other failure is a Fault as ever. */
import assert from "node:assert/strict";
import fs, { readdirSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { FlashFile } from "../../hw/node/flash-file.ts";
import { checkOrigin } from "../../hw/node/origin.ts";
import { openStore } from "../../hw/node/store.ts";
import type { Config } from "../../src/config.ts";
import { Journal } from "../../src/identity/journal.ts";
import { proposal } from "../identity/credential-probe.ts";
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

test("EINVAL and its kin: what was put, set aside or flashed is there, with one warning in all", async () => {
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
			const flash = new FlashFile(join(temporaryFolder(), "slot"));
			flash.write(0, Uint8Array.of(3));
			assert.deepEqual(flash.read(0, 1), Uint8Array.of(3));
			reEnrol();
		});
	await new Promise((resolve) => setImmediate(resolve));
	assert.equal(warnings.length, 1, warnings.join("\n"));
});

/** `run --re-enrol`: the stored identity is set aside. */
function reEnrol(): void {
	const folder = temporaryFolder();
	const store = openStore(folder);
	new Journal(store).propose(proposal(0));
	const settings = { idScope: "0neOTHER", registrationId: "dev-001", dps: { host: "dps.example", port: 8883 } };
	checkOrigin(folder, store, settings as Config, () => undefined, true);
	assert.equal(new Journal(store).load().candidate, undefined);
	const [aside] = readdirSync(folder).filter((name) => name.startsWith("before-"));
	assert.equal(new Journal(openStore(join(folder, aside!))).load().candidate?.registrationId, "dev-001");
}

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
			const flash = new FlashFile(join(temporaryFolder(), "slot"));
			assert.throws(() => flash.write(0, Uint8Array.of(3)), isFault("ota.flash"), code);
		});
});
