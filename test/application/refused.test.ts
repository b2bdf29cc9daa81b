/** Bundles of applications that are refused by a running agent before any flash is touched, and what is said of each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { classUuid } from "../../src/suit/uuid.ts";
import { MODULES, XS } from "../support/app-engine.ts";
import { app } from "../support/app-release.ts";
import { type ArchiveParts, atom, encodeArchive, split } from "../support/archives.ts";
import { FOREIGN_KEY, VENDOR } from "../support/release.ts";
import { release } from "../support/updated.ts";
import { install, releaseApp, reportedAs, sending, withDevice } from "./app-updated.ts";

const ID = "dev-001";
const FIRST = sending("first", app(1));
const SECOND = sending("second", app(2));

/** An archive with a module, or another content of an atom, that may not be. */
const archive = (change: Partial<ArchiveParts> = {}): Uint8Array =>
	encodeArchive({ version: XS, modules: { "app/main": new Uint8Array(9000) }, ...change });
const withModule = (path: string) =>
	archive({ modules: { "app/main": new Uint8Array(9000), [path]: new Uint8Array(9) } });
const [, ...atoms] = split(archive().subarray(8));
const NO_IMAGE: Readonly<Record<string, Uint8Array>> = {
	"a module in the place of the image's": withModule(MODULES[1]!),
	"a module in the place of main": withModule("main"),
	"a module outside app/": withModule("sensor"),
	"a path that climbs": withModule("app/../main"),
	"no app/main": archive({ modules: { "app/other": new Uint8Array(9) } }),
	"another version of XS": archive({ version: "17.6" }),
	"an archive that was mapped": archive({ replace: { IDEN: Uint8Array.of(0, 0, 1, 0) } }),
	"an index beyond the symbols": archive({ maps: [7] }),
	"an atom missing": atom("XS_A", ...atoms),
	"an atom that ends early": atom("XS_A", ...split(archive().subarray(8)).toSpliced(-1, 1)),
	"a size that is not its own": archive().fill(1, 2, 3),
	"data in it": archive({ replace: { RSRC: new Uint8Array(4) } }),
	"no archive at all": new Uint8Array(5000).fill(0x20),
};

test("what is unfit to run is refused before any flash is touched", async (t) => {
	await withDevice([FIRST, SECOND], async (device, cloud) => {
		await install(cloud, FIRST);
		const { flash } = device;
		const boots = device.boots.length;
		let sequence = 2;
		const refused = async (what: string, code: string, bundle: string, property: "app" | "ota" = "app") => {
			cloud.operator.pushDesired(ID, { [property]: cloud.downloads.offer(bundle) });
			const report = await reportedAs(cloud, property, (one) => one.sequence === sequence && one.code !== null);
			assert.deepEqual([report.code, report.state], [code, "idle"], what);
			assert.deepEqual(device.flash, flash, `${what}: flash`);
			t.diagnostic(`${code}: ${what}`);
		};
		for (const [what, bytes] of Object.entries(NO_IMAGE))
			await refused(what, "ota.image", releaseApp(cloud, bytes, ++sequence));
		const fit = app(5);
		const other = (name: string) => ({ class: classUuid(VENDOR, name) });
		await refused("for another class", "ota.class", releaseApp(cloud, fit, ++sequence, other("esp32/other/4m")));
		await refused(
			"for the firmware's class",
			"ota.class",
			releaseApp(cloud, fit, ++sequence, other("esp32/devkit/4m")),
		);
		await refused("larger than its area", "ota.too-large", releaseApp(cloud, fit, ++sequence, { size: 0x8001 }));
		await refused("firmware as application", "ota.class", release(cloud, ++sequence));
		await refused("application as firmware", "ota.class", releaseApp(cloud, fit, ++sequence), "ota");
		await refused("a stranger's", "ota.signature", release(cloud, ++sequence, FOREIGN_KEY));
		assert.equal(device.boots.length, boots);
		await install(cloud, SECOND, ++sequence);
		assert.notDeepEqual(device.flash, flash);
		assert.equal(device.boots.at(-1), "ota_0 second");
	});
});
