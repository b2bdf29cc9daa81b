/** hw/node/flash-file.ts: a file that behaves like flash. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { FlashFile } from "../../hw/node/flash-file.ts";
import { isFault } from "../support/random.ts";

test("what was never written or was erased reads 0xff; the rest outlives the object", () => {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-flash-"));
	try {
		const path = join(folder, "area.bin");
		const flash = new FlashFile(path);
		assert.deepEqual([...flash.read(4090, 3)], [0xff, 0xff, 0xff]);
		flash.write(4094, Uint8Array.of(1, 2, 3));
		assert.deepEqual([...flash.read(4093, 5)], [0xff, 1, 2, 3, 0xff]);
		flash.erase(4096, 4096);
		assert.deepEqual([...new FlashFile(path).read(4093, 5)], [0xff, 1, 2, 0xff, 0xff]);
		assert.throws(() => new FlashFile(folder).read(0, 1), isFault("ota.flash"));
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
});
