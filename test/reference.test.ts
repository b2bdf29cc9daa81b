/**
 * docs/reference.md is made of the code: every Fault with its remedy, every event of the log with what it says, every property
 * that a running device reports or follows, every call of the local cloud's HTTP API. ENROLLEE_DOCS=write writes it; else it must
 * be what is there.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import type { CloudEvent } from "../cloud/event.ts";
import { ROUTES } from "../cloud/routes.ts";
import { FAULTS } from "../src/remedies.ts";
import { withCloud } from "./support/device.ts";
import { offer, reported, UpdatedDevice } from "./support/updated.ts";
import { walk } from "./syntax.ts";

const root = join(import.meta.dirname, "..");
const path = join(root, "docs", "reference.md");

test("docs/reference.md says what the code says", () => {
	const text = [HEAD, faults(), events(), twin(), calls()].join("\n\n");
	if (process.env.ENROLLEE_DOCS === "write") writeFileSync(path, `${text}\n`);
	assert.equal(readFileSync(path, "utf8"), `${text}\n`, "ENROLLEE_DOCS=write npm test writes it anew");
});

test("a device reports and follows the properties that are told, and no others", () =>
	withCloud({}, async (cloud) => {
		const id = cloud.registrationId;
		const config = { firmware: "1.2.3", operations: "all", maxMessageBytes: "1024" };
		const device = new UpdatedDevice(cloud, () => config, {}, 0);
		try {
			await reported(cloud, ({ state }) => state === "idle");
			// So that there is a fault to be told of, at the next connection.
			assert.equal(statusOf(await cloud.operator.callMethod(id, "none", "x".repeat(6000))), 413);
			cloud.operator.disconnect(id);
			const told = (event: CloudEvent) =>
				event.event === "reported" && /"call of none of/.test(JSON.stringify(event.patch));
			await cloud.seen(told);
			offer(cloud);
			await reported(cloud, ({ installed }) => installed === 2);
		} finally {
			await device.stop();
		}
		const patches = cloud.events.flatMap((event) => (event.event === "reported" ? [event.patch] : []));
		assert.deepEqual([...new Set(patches.flatMap((patch) => paths(patch)))].sort(), inTable("reported"));
		assert.deepEqual(paths(cloud.device(id)!.desired.properties), inTable("desired"));
	}));

const statusOf = (outcome: object): unknown => "status" in outcome && outcome.status;

const inTable = (section: string): string[] =>
	Object.keys(TWIN)
		.filter((name) => name.startsWith(section))
		.map((name) => name.split(" ")[1]!)
		.sort();

/** Of every value in it, arrays by their members. */
function paths(value: unknown, path = ""): string[] {
	if (typeof value !== "object" || value === null) return [path];
	const found = Object.entries(value).flatMap(([name, member]) =>
		paths(member, Array.isArray(value) ? `${path}[]` : path === "" ? name : `${path}.${name}`),
	);
	return [...new Set(found)].sort();
}

/** Section and path of each property, with what it says. */
const TWIN = {
	"desired ota.url": "where the bundle of an update of the firmware lies, https; `app` likewise, of the application",
	"desired ota.sequence": "its number; `ota: null` takes the offer back",
	"reported certificate.validFrom": "of the certificate in use, ISO 8601; Azure's documents propose this name",
	"reported certificate.validUntil": "likewise",
	"reported certificate.serial": "likewise, hex",
	"reported certificate.renewal": "planned, requested, accepted, on trial or failed",
	"reported certificate.lastFault": "code of the newest Fault since the device's start; null: none",
	"reported enrollee.firmware": "the application's version, where `firmware` is configured",
	"reported enrollee.certificate.validFrom": "as above, kept for those who read it here",
	"reported enrollee.certificate.validUntil": "likewise",
	"reported enrollee.faults[].code": "the last five Faults, newest first, each code once",
	"reported enrollee.faults[].count": "how often since the device's start",
	"reported enrollee.faults[].at": "when it came last, by the device's clock",
	"reported enrollee.faults[].message": "of `hub.too-large` alone: topic or properties, and size, of the last one",
	"reported enrollee.faults[].remedy": "what to do about it",
	"reported enrollee.unstable":
		"`starts` and `lastReset` while the application is kept from what is sent, after starts that did not last; else absent",
	"reported ota.state": "idle, fetching, staged, armed, trial or rejected; `app` likewise, of the application",
	"reported ota.installed": "sequence number of the firmware that runs; 0: flashed by cable",
	"reported ota.sequence": "of the update under way, or of the last one; null: none",
	"reported ota.progress": "percent; null: nothing is under way",
	"reported ota.code": "why it failed, or waits; null: it did not",
	"reported ota.secureVersion":
		"of the chip's eFuse, where its bootloader refuses older images (anti-rollback); else absent",
};

function twin(): string {
	const rows = Object.entries(TWIN).map(([name, says]) => {
		const [section, path] = name.split(" ");
		return `| ${section} | \`${path}\` | ${says} |`;
	});
	const head = "Of the agent, where `operations` has `twin` and `update`; every other property is the application's.";
	return ["## Properties of the twin", "", head, "", "| section | property | |", "| --- | --- | --- |", ...rows].join(
		"\n",
	);
}

const HEAD = `# Reference

Made of the code by test/reference.test.ts: what can go wrong and what to do about it, what the log says, what stands in the twin, what
the local cloud's HTTP API takes. Settings and flags: \`enrollee COMMAND --help\`; those in force: \`enrollee config\`.`;

function faults(): string {
	const rows = Object.entries(FAULTS).map(([code, remedy]) => `| \`${code}\` | ${remedy.replaceAll("|", "\\|")} |`);
	return ["## Faults", "", "| code | what to do |", "| --- | --- |", ...rows].join("\n");
}

/** Every `log("name", { ... })` of the agent, of a board's application and of the commands: what it says beside the event. */
function events(): string {
	const found = new Map<string, Set<string>>();
	const files = ["src", "hw/moddable", "hw/node"].flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
	);
	for (const file of files.filter(isSource).sort()) {
		const tree = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
		walk(tree, (node) => {
			if (!ts.isCallExpression(node) || !/(^|\.)#?log(\?\.)?$/.test(node.expression.getText())) return;
			const [name, detail] = node.arguments;
			if (!name || !ts.isStringLiteral(name)) return;
			const fields = found.get(name.text) ?? new Set();
			found.set(name.text, fields);
			if (detail && ts.isObjectLiteralExpression(detail))
				for (const { name: field } of detail.properties) if (field) fields.add(field.getText());
		});
	}
	assert.ok(found.size > 20);
	const rows = [...found].sort().map(([name, fields]) => `| \`${name}\` | ${[...fields].join(", ")} |`);
	return ["## Events of the log", "", "| event | with |", "| --- | --- |", ...rows].join("\n");
}

const isSource = (file: string): boolean => /(?<!\.d)\.ts$/.test(file);

function calls(): string {
	const rows = ROUTES.map(({ method, path }) => {
		const text = path.source.replace(/^\^|\$$/g, "").replaceAll("\\/", "/");
		return `| ${method} | \`${text.replace("([^/]+)", "ID").replace("([^/]+)", "NAME").replaceAll("|", "\\|")}\` |`;
	});
	return ["## HTTP calls of the local cloud", "", "Each with its bearer token, JSON both ways: cloud/README.md.", ""]
		.concat(["| method | path |", "| --- | --- |", ...rows])
		.join("\n");
}
