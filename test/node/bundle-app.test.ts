/** App bundles on the command line: archives inspected, packed and verified as devices would take them. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { appBytes, slotBytes } from "../../hw/node/bundle/partitions.ts";
import { partitionFile } from "../../hw/node/bundle/project.ts";
import { equal } from "../../src/base/bytes.ts";
import { readEnvelope, readManifest } from "../../src/suit/manifest.ts";
import { classUuid, defaultVendor, nameUuid } from "../../src/suit/uuid.ts";
import { type ArchiveParts, encodeArchive } from "../support/archives.ts";
import { expect } from "../support/bundles.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { isFault } from "../support/random.ts";

const folder = temporaryFolder();
const path = (name: string): string => join(folder, name);
const CODE = new Uint8Array(500).fill(7);
const APP: ArchiveParts = { name: "sensor", modules: { "app/main": CODE, "app/lib": CODE.slice(0, 40) } };

function archive(name: string, change: Partial<ArchiveParts> = {}): string {
	writeFileSync(path(name), encodeArchive({ ...APP, ...change }));
	return path(name);
}

const packing = (image: string, change: Readonly<Record<string, string>> = {}): string[] => {
	const options = {
		component: "xs",
		image,
		sequence: "7",
		class: "esp32/devkit/4m-app",
		uri: "https://updates.example.com/sensor-7.xsa",
		key: path("release.pem"),
		out: path("app.suit"),
		...change,
	};
	return ["pack", ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])];
};
const verifying = (image: string, ...more: string[]): string[] => [
	...["verify", path("app.suit"), "--pub", path("release.pub"), "--image", image],
	...more,
];

before(async () => {
	await expect(0, ["key", "--out", path("release.pem"), "--pub", path("release.pub")]);
});

test("inspect shows the XS version, the modules with their sizes, the symbols and the size", async () => {
	const file = archive("sensor.xsa", { version: "17.7", symbols: ["@", "x", "y"] });
	const human = await expect(0, ["inspect", file]);
	for (const line of [/^name +sensor$/m, /^xs +17\.7$/m, /^module +app\/main, 500 bytes$/m, /^app +good$/m])
		assert.match(human, line);
	assert.deepEqual(JSON.parse(await expect(0, ["inspect", file, "--json"])), {
		event: "archive",
		file,
		name: "sensor",
		xs: "17.7",
		size: readFileSync(file).length,
		symbols: 3,
		modules: [
			{ path: "app/main", bytes: 500 },
			{ path: "app/lib", bytes: 40 },
		],
		refusal: null,
	});
});

test("inspect shows archives that are no apps, and says why; broken ones are refused", async () => {
	const mod = archive("mod.xsa", { modules: { mod: CODE } });
	assert.match(await expect(0, ["inspect", mod]), /^app +XS archive: module mod: expected app\//m);
	assert.match(JSON.parse(await expect(0, ["inspect", mod, "--json"])).refusal, /module mod/);
	const cut = path("cut.xsa");
	writeFileSync(cut, encodeArchive(APP).slice(0, -1));
	await expect(1, ["inspect", cut], /ota\.image/);
});

test("the class of an app bundle is that of the device with the archive's XS version", async () => {
	const image = archive("app.xsa", { version: "17.9" });
	await expect(0, packing(image));
	const { class: found, component } = readManifest(
		readEnvelope(new Uint8Array(readFileSync(path("app.suit")))).manifest,
	);
	const device = classUuid(defaultVendor(), "esp32/devkit/4m-app");
	assert.ok(equal(found, nameUuid(device, "xs17.9")));
	assert.deepEqual(component, [new Uint8Array(Buffer.from("xs"))]);
	assert.match(await expect(0, verifying(image, "--class", "esp32/devkit/4m-app")), /^image +good, for XS 17\.9$/m);
	assert.equal(JSON.parse(await expect(0, verifying(image, "--json"))).xs, "17.9");
	await expect(1, verifying(image, "--class", "esp32/devkit/4m"), /ota\.class.*with XS 17\.9/);
	await expect(1, verifying(archive("other.xsa", { version: "17.8" })), /ota\.digest/);
});

test("what a device would refuse is not packed", async () => {
	const refused = (file: string, error: RegExp, change = {}, code = 1) => expect(code, packing(file, change), error);
	await refused(archive("a.xsa", { modules: { "app/other": CODE } }), /ota\.image.*no module app\/main/);
	await refused(archive("b.xsa", { modules: { ...APP.modules, main: CODE } }), /ota\.image.*module main/);
	await refused(archive("c.xsa", { replace: { RSRC: CODE } }), /ota\.image.*RSRC/);
	writeFileSync(path("page.html"), "<html>".repeat(100));
	await refused(path("page.html"), /ota\.image.*expected XS_A/);
	await refused(archive("d.xsa"), /config\.missing: --partitions/, { class: "esp32/devkit/16m" }, 2);
	await refused(archive("e.xsa"), /no room for apps/, { class: "esp32/devkit/4m" }, 2);
});

test("an archive may fill the area that runs it, and not one byte more", async () => {
	const room = appBytes(partitionFile("4m-app")!);
	const rest = encodeArchive({ ...APP, modules: { "app/main": new Uint8Array(1) } }).length - 1;
	const filled = (bytes: number): string =>
		archive("large.xsa", { modules: { "app/main": new Uint8Array(bytes - rest) } });
	await expect(0, [...packing(filled(room)), "--force"]);
	await expect(1, [...packing(filled(room + 1)), "--force"], /ota\.too-large: 131073 bytes.*room for 131072/);
});

test("our table for apps fills 4 MB without a gap that an image could use, aligned as the flash needs", () => {
	const rows = readFileSync(partitionFile("4m-app")!, "utf8")
		.split("\n")
		.filter((line) => line !== "" && !line.startsWith("#"))
		.map((line) => line.split(",").map((field) => field.trim()));
	let end = 0x9000;
	for (const [name, type, , offset, size] of rows) {
		const at = Number(offset);
		assert.ok(at >= end && at - end < 0x10000, name);
		assert.equal(at % (type === "app" ? 0x10000 : 0x1000), 0, name);
		end = at + Number(size);
	}
	assert.equal(end, 4 * 1024 * 1024);
	assert.equal(slotBytes(partitionFile("4m-app")!), 0x1c0000);
	assert.equal(appBytes(partitionFile("4m-app")!), 0x20000);
});

test("the room for apps is the smaller of the area and half the stage", () => {
	const table = (...lines: string[]): string => {
		writeFileSync(path("partitions.csv"), lines.join("\n"));
		return path("partitions.csv");
	};
	assert.equal(appBytes(table("stage,data,0x40,,96K", "xs,0x40,1,,128K")), 48 * 1024);
	assert.equal(appBytes(table("stage,data,,,1M", "code,0x40,0x01,,0x10000", "xs,0x40,1,,4K")), 0x10000);
	for (const lines of [["xs,0x40,1,,128K"], ["stage,data,0x40,,96K"], ["stage,data,0x40,,", "xs,0x40,1,,128K"]])
		assert.throws(() => appBytes(table(...lines)), isFault("config.invalid"));
});
