/** `enrollee bundle app` with the SDK's own tools: from TypeScript to a bundle that a device takes, or to a clear refusal. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, test } from "node:test";
import { readApp } from "../../hw/node/bundle/archive.ts";
import { moddable, project, skip } from "../../hw/simulator/harness.ts";
import { enrollee, expect, type Ran } from "../support/bundles.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";

const root = temporaryFolder();
const path = (...names: string[]): string => join(root, ...names);
const SENSOR = join(project, "examples", "sensor");
const SETTINGS = {
	name: "blink",
	class: "esp32/devkit/4m-app",
	uri: "https://updates.example.com/blink-{sequence}.xsa",
	sequence: 3,
};
const BLINK = `
import type { Application, Device } from "enrollee/app";
import { next } from "./lamp.ts";
export default function blink(device: Device): Application {
	device.after(1000, () => device.telemetry({ lamp: next(0) }));
	return {};
}`;
/** The same without types of ours, which take their time. */
const PLAIN = BLINK.replace(/^import type.*/m, "").replace("device: Device): Application", "device: any)");
const LAMP = "export function next(lamp: number): number { return 1 - lamp; }\nexport const UNUSED: RegExp = /x/g;";

/** A new app's folder. */
function app(files: Readonly<Record<string, string>>): string {
	const folder = path(`app-${++apps}`);
	mkdirSync(folder);
	const all = { "bundle.json": JSON.stringify(SETTINGS), "lamp.ts": LAMP, ...files };
	for (const [name, text] of Object.entries(all)) writeFileSync(join(folder, name), text);
	return folder;
}
let apps = 0;

/** Into a folder of its own. */
async function build(folder: string, ...options: string[]): Promise<Ran & { readonly made: string }> {
	const made = path(`out-${++builds}`);
	mkdirSync(made);
	const key = options.some((option) => /^--(to-be-signed|signature)$/.test(option))
		? []
		: ["--key", path("release.pem")];
	return { ...(await enrollee("app", folder, "--out", made, ...key, ...options)), made };
}
let builds = 0;

async function refused(files: Readonly<Record<string, string>>, error: RegExp, code = 2): Promise<void> {
	const run = await build(app(files));
	assert.match(run.err, error);
	assert.equal(run.code, code);
	assert.deepEqual(readdirSync(run.made), []);
}

before(async () => {
	process.env.MODDABLE = moddable;
	await expect(0, ["key", "--out", path("release.pem"), "--pub", path("release.pub")]);
});

test("from TypeScript to a bundle that verifies, and an archive that is an app", { skip }, async () => {
	const { code, err, out, made } = await build(app({ "app.ts": BLINK }), "--json");
	assert.equal(code, 0, err);
	const lines = out
		.trim()
		.split("\n")
		.map((line) => JSON.parse(line));
	const record = lines.at(-1);
	assert.equal(record.uri, "https://updates.example.com/blink-3.xsa");
	assert.equal(record.component, "xs");
	assert.deepEqual(readdirSync(made).sort(), ["blink-3.suit", "blink-3.xsa"]);
	const [archive, envelope] = [join(made, "blink-3.xsa"), join(made, "blink-3.suit")];
	const verifying = ["verify", envelope, "--pub", path("release.pub"), "--image", archive];
	await expect(0, [...verifying, "--class", "esp32/devkit/4m-app"]);
	await expect(1, [...verifying, "--class", "esp32/devkit/4m"], /ota\.class/);
	const inspected = JSON.parse(await expect(0, ["inspect", archive, "--json"]));
	assert.equal(inspected.name, "blink");
	assert.equal(inspected.xs, record.xs);
	assert.equal(inspected.refusal, null);
	assert.deepEqual(
		inspected.modules.map((module: { path: string }) => module.path),
		["app/main"],
	);
	const steps = lines.slice(0, -1).map(({ event }) => event);
	assert.deepEqual(steps, ["rolled up", "types checked", "compiled", "packed"]);
	assert.equal(lines[0].files, 2);
});

test("the same source gives the same bytes, wherever it lies; another name or source gives others", {
	skip,
}, async () => {
	const bytes = async (files: Readonly<Record<string, string>>): Promise<[Buffer, Buffer]> => {
		const { code, err, made } = await build(app({ "app.ts": PLAIN, ...files }));
		assert.equal(code, 0, err);
		const [envelope = "", archive = ""] = readdirSync(made).sort();
		return [readFileSync(join(made, archive)), readFileSync(join(made, envelope))];
	};
	const first = await bytes({});
	assert.deepEqual(await bytes({}), first);
	assert.notDeepEqual((await bytes({ "lamp.ts": LAMP.replace("1 - lamp", "2 - lamp") }))[0], first[0]);
	const renamed = JSON.stringify({ ...SETTINGS, name: "glow" });
	assert.notDeepEqual((await bytes({ "bundle.json": renamed }))[0], first[0]);
});

test("the sensor, with a number of its own", { skip }, async () => {
	const { code, err, made } = await build(SENSOR, "--sequence", "12");
	assert.equal(code, 0, err);
	const bytes = new Uint8Array(readFileSync(join(made, "sensor-12.xsa")));
	assert.equal(readApp(bytes).name, "sensor");
	assert.ok(existsSync(join(made, "sensor-12.suit")));
});

test("an app in JavaScript, with a dynamic import of its own file", { skip }, async () => {
	const source =
		'export default (device) => void import("./lamp.ts").then(({ next }) => device.telemetry({ x: next(0) }));';
	const { code, err, made } = await build(app({ "app.js": source }));
	assert.equal(code, 0, err);
	const { modules } = readApp(new Uint8Array(readFileSync(join(made, "blink-3.xsa"))));
	assert.equal(modules.length, 1);
});

test("an external signer signs an app's bundle: OpenSSL", { skip: skip || noOpenssl }, async () => {
	const folder = app({ "app.ts": PLAIN });
	const first = await build(folder, "--to-be-signed", path("tbs"));
	assert.equal(first.code, 0, first.err);
	openssl(["dgst", "-sha256", "-sign", path("release.pem"), "-out", path("tbs.sig"), path("tbs")]);
	const { code, err, made } = await build(folder, "--signature", path("tbs.sig"), "--pub", path("release.pub"));
	assert.equal(code, 0, err);
	const archive = join(made, "blink-3.xsa");
	assert.deepEqual(readFileSync(archive), readFileSync(join(first.made, "blink-3.xsa")));
	await expect(0, ["verify", join(made, "blink-3.suit"), "--pub", path("release.pub"), "--image", archive]);
});

test("an import of anything but the app's own files is refused by name", { skip }, async () => {
	const gets = "an app gets everything from its device argument";
	const importing = (line: string) => ({ "app.ts": `${line}\n${PLAIN}\nexport const used = [x];` });
	await refused(importing('import x from "timer";'), new RegExp(`the app imports "timer": ${gets}`));
	await refused(importing('import { runApp as x } from "enrollee/app";'), /the app imports "enrollee\/app"/);
	await refused(importing('import x from "node:fs";'), /the app imports "node:fs"/);
	await refused(importing('const x = import("wifi");'), /the app imports "wifi"/);
	await refused(
		{ "app.ts": PLAIN, "lamp.ts": `import "embedded:io/digital";\n${LAMP}` },
		/imports "embedded:io\/digital"/,
	);
	await refused(importing('import x from "./absent.ts";'), /config\.invalid.*absent/);
});

test("an app with type errors, syntax errors, no default export or too long a text is refused", { skip }, async () => {
	await refused({ "app.ts": BLINK.replace("1000", '"soon"') }, /app\.ts:5:15: .*string.*number/);
	await refused({ "app.ts": PLAIN.replace("device.after", "setTimeout") }, /setTimeout/);
	await refused({ "app.ts": "export default function (device { }" }, /app\.ts:1:[0-9]+: /);
	await refused({ "app.ts": `import x from "wifi";\n${PLAIN}`.replace("device.after", "eval") }, /imports "wifi"/);
	await refused({ "app.ts": PLAIN.replace("default ", "") }, /no default export/);
	await refused({ "app.ts": `${PLAIN}\nexport const LONG = "${"x".repeat(65535)}";` }, /text of 64 KB/);
	const fits = await build(app({ "app.ts": `${PLAIN}\nexport const LONG = "${"x".repeat(65534)}";` }));
	assert.equal(fits.code, 0, fits.err);
	await refused(
		{ "app.ts": `${PLAIN}\nexport const A = [${`"${"x".repeat(50000)}",`.repeat(3)}];` },
		/ota\.too-large/,
		1,
	);
});

test("settings that do not fit are refused by field; flags count more than bundle.json", { skip }, async () => {
	const settings = (change: object): { "app.ts": string; "bundle.json": string } => ({
		"app.ts": PLAIN,
		"bundle.json": JSON.stringify({ ...SETTINGS, ...change }),
	});
	await refused(settings({ name: "../x" }), /name \.\.\/x/);
	await refused(settings({ sequence: 0 }), /sequence 0/);
	await refused(settings({ sequence: "4" }), /sequence, expected a number/);
	await refused(settings({ url: "https://x.example/" }), /unknown url, known are name class uri sequence/);
	await refused({ "app.ts": PLAIN, "bundle.json": "[]" }, /expected an object/);
	await refused({ "app.ts": PLAIN, "bundle.json": "{" }, /config\.invalid.*bundle\.json/);
	await refused(settings({ class: "esp32/devkit/4m" }), /no room for apps/);
	await refused(settings({ uri: "http://x.example/" }), /ota\.uri/, 1);
	const { out, code } = await build(app(settings({ class: "x" })), "--class", "esp32/devkit/4m-app", "--json");
	assert.equal(code, 0);
	assert.equal(JSON.parse(out.trim().split("\n").at(-1)!).event, "bundle");
});

test("everything that is missing is named at once, a missing SDK with the way to it", async () => {
	const folder = path("bare");
	mkdirSync(folder);
	process.env.MODDABLE = folder;
	try {
		const { code, err } = await enrollee("app", folder);
		assert.equal(code, 2);
		for (const missing of ["--sequence", "--class", "--uri", "--key", "app.ts", "Moddable SDK", "set MODDABLE"])
			assert.ok(err.includes(missing), `${missing}: ${err}`);
	} finally {
		process.env.MODDABLE = moddable;
	}
});
