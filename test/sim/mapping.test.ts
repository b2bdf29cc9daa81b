/**
 * The half-mapped archive. At boot, before any JavaScript, XS rewrites the symbols of a mod archive in flash, a sector at a
 * time: the table that tells whether it has been done first, the code after it. A power cut in between leaves code with
 * another image's symbols that the next boot takes for good. Here the engine's own code does so at every cut, and the
 * rules of src/ota are shown to keep it from running:
 *
 * - what was armed and has booted by anything but a software reset is written anew from the pristine copy;
 * - what is not what the engine makes of the pristine copy is written anew.
 *
 * The first alone has a hole: XS aborts by a software reset.
 */
import assert from "node:assert/strict";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { buildForXs, project, skip } from "./harness.ts";
import { buildArchive, buildMapper, type Mapper, SECTOR_BYTES, type Torn } from "./mapping/mapping.ts";

const PARTITION_BYTES = 0x10000;
const HEADER_BYTES = 16;
const TORN: readonly Torn[] = ["untouched", "erased", "half"];

describe("an archive that XS maps in flash", { skip }, () => {
	let folder: string;
	let mapper: Mapper;
	/** The pristine copy, the partition before the first boot and after a whole mapping. */
	let staged: string;
	let pristine: Uint8Array;
	let whole: Uint8Array;
	let writes: number;
	let xs: string;

	const flash = () => new Uint8Array(readFileSync(xs));
	const isWhole = () => Buffer.compare(flash(), whole) === 0;
	const bootCutShort = async (cut: number, torn: Torn) => {
		writeFileSync(xs, pristine);
		assert.deepEqual(await mapper.boot(xs, { cut, torn }), { writes: cut, off: true });
	};
	const cuts = function* (): Generator<[number, Torn]> {
		for (const torn of TORN) for (let cut = 0; cut < writes; cut++) yield [cut, torn];
	};

	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "enrollee-mapping-"));
		xs = join(folder, "xs.bin");
		const [app, archive] = await Promise.all([
			buildForXs({
				name: "mapping",
				manifest: {
					include: ["$(MODDABLE)/examples/manifest_base.json", "$(ENROLLEE)/hw/simulator/lib/manifest.json"],
					modules: { "*": "$(ENROLLEE)/test/sim/apps/hello" },
				},
			}),
			buildArchive(folder, {
				"app/x509": join(project, "dist/moddable/x509.js"),
				"app/base": join(project, "dist/moddable/base.js"),
			}),
		]);
		mapper = await buildMapper(app.library);
		staged = archive;
		pristine = partition(new Uint8Array(readFileSync(archive)));
		writeFileSync(xs, pristine);
		const boot = await mapper.boot(xs, { staged });
		assert.deepEqual(boot, { writes: boot.writes, off: false, accepted: true, mapped: true });
		({ writes } = boot);
		whole = flash();
		assert.equal(writes >= 8, true, `${writes} writes`);
		assert.notDeepEqual(whole, pristine);
	});
	after(() => rmSync(folder, { recursive: true, force: true }));

	test("is mapped once", async () => {
		writeFileSync(xs, whole);
		assert.deepEqual(await mapper.boot(xs, { staged }), { writes: 0, off: false, accepted: true, mapped: true });
	});

	for (const torn of TORN)
		test(`is accepted with wrong code after most cuts (the sector is ${torn})`, async () => {
			let wrong = 0;
			for (let cut = 0; cut < writes; cut++) {
				await bootCutShort(cut, torn);
				const { accepted } = await mapper.boot(xs);
				if (accepted && !isWhole()) wrong++;
			}
			console.log(`${wrong} of ${writes} cuts: accepted with wrong code`);
			assert.equal(wrong >= writes - 1, true, "the engine was mended: the rules may go");
		});

	test("is whole or none after every cut, when it is written anew after any reset but by software", async () => {
		for (const [cut, torn] of cuts()) {
			await bootCutShort(cut, torn);
			await mapper.boot(xs);
			/** By power: the rule. */
			install(flash(), pristine, (now) => writeFileSync(xs, now));
			const { accepted } = await mapper.boot(xs, { staged });
			assert.equal(accepted && isWhole(), true, `cut ${cut}, ${torn}`);
		}
	});

	test("is whole or none after a cut while it is written anew", async () => {
		await bootCutShort(2, "untouched");
		await mapper.boot(xs);
		const halfMapped = flash();
		const states: Uint8Array[] = [];
		install(halfMapped, pristine, (now) => states.push(now.slice()));
		for (const [step, state] of states.entries()) {
			writeFileSync(xs, state);
			const { accepted } = await mapper.boot(xs);
			assert.equal(accepted, step === states.length - 1, `step ${step}`);
			assert.equal(!accepted || isWhole(), true, `step ${step}`);
		}
		assert.equal(states.length > PARTITION_BYTES / SECTOR_BYTES, true);
	});

	test("the reset's reason alone has a hole: an abort of XS before the rule is a software reset", async () => {
		await bootCutShort(writes - 1, "untouched");
		/** By power; XS aborts in another module before the rule. */
		await mapper.boot(xs);
		/** By software, as the rule wants it. */
		const { accepted, mapped } = await mapper.boot(xs, { staged });
		assert.equal(accepted && !isWhole(), true);
		assert.equal(mapped, false);
	});

	test("is told from a half-mapped one by mapping the pristine copy again, after every cut", async () => {
		let told = 0;
		for (const [cut, torn] of cuts()) {
			await bootCutShort(cut, torn);
			const { accepted, mapped } = await mapper.boot(xs, { staged });
			assert.equal(mapped, isWhole(), `cut ${cut}, ${torn}`);
			if (accepted && !mapped) told++;
		}
		console.log(`${told} half-mapped archives told`);
		assert.equal(told > 0, true);
	});

	test("is told from one with a wrong byte anywhere", async () => {
		const { length } = readFileSync(staged);
		const offsets = [HEADER_BYTES + 4, length - 1];
		for (let sector = 1; sector * SECTOR_BYTES < length; sector++)
			offsets.push(sector * SECTOR_BYTES - 1, sector * SECTOR_BYTES);
		for (const offset of offsets) {
			const damaged = whole.slice();
			damaged[offset]! ^= 1;
			writeFileSync(xs, damaged);
			const { writes: repairs, mapped } = await mapper.boot(xs, { staged });
			/** A wrong byte in the table makes the engine map again. */
			assert.equal(mapped, repairs > 0 && isWhole(), `byte ${offset}`);
		}
	});

	test("an archive of another version of XS is destroyed by the boot, and is not taken for mapped", async () => {
		const other = join(folder, "other.xsa");
		copyFileSync(staged, other);
		const bytes = new Uint8Array(readFileSync(other));
		bytes[HEADER_BYTES + 1]! += 1;
		writeFileSync(other, bytes);
		writeFileSync(xs, partition(bytes));
		assert.deepEqual(await mapper.boot(xs, { staged: other }), {
			writes: 1,
			off: false,
			accepted: false,
			mapped: false,
		});
		assert.equal(Buffer.from(flash().subarray(4, 8)).toString(), "XS_E");
	});
});

function partition(archive: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(PARTITION_BYTES).fill(0xff);
	bytes.set(archive);
	return bytes;
}

/** The header is overwritten first and written last. `keep` sees the flash after every step. */
function install(flash: Uint8Array, pristine: Uint8Array, keep: (flash: Uint8Array) => void): void {
	const erase = (sector: number) => {
		flash.fill(0xff, sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
		keep(flash);
	};
	const write = (from: number, end: number) => {
		flash.set(pristine.subarray(from, end), from);
		keep(flash);
	};
	flash.fill(0, 0, HEADER_BYTES);
	keep(flash);
	for (let sector = 1; sector < PARTITION_BYTES / SECTOR_BYTES; sector++) {
		erase(sector);
		write(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
	}
	erase(0);
	write(HEADER_BYTES, SECTOR_BYTES);
	write(0, HEADER_BYTES);
}
