/** What a program of one's own may rely on: options that cannot be are refused by name, a listener's error, close, one cloud a folder. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { after, before, describe, test } from "node:test";
import ts from "typescript";
import type { Cloud } from "../../cloud/cloud.ts";
import { type CloudOptions, startCloud as start, UnknownDevice } from "../../cloud/library.ts";
import { Fault } from "../../src/fault.ts";
import { temporaryFolder } from "../support/openssl.ts";

/** Closed when all is over, whatever has failed. */
const clouds: Cloud[] = [];
async function startCloud(options?: CloudOptions): Promise<Cloud> {
	const cloud = (await start(options)) as Cloud;
	clouds.push(cloud);
	return cloud;
}
after(() => Promise.all(clouds.map((cloud) => cloud.close())));

/** One wrong value of each kind for each option. */
const WRONG: Readonly<Record<keyof CloudOptions, readonly unknown[]>> = {
	port: [-1, 65_536, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "8883", null],
	address: ["", 4, null],
	stateFolder: ["", 4, null],
	hosts: [
		"bench.lan",
		[""],
		["a b"],
		["bench.lan:8883"],
		["-x"],
		[4],
		["256.1.1.1"],
		["1"],
		["1.2.3"],
		["a..b"],
		["x".repeat(64)],
	],
	registrationId: ["", "a b", "-a", "a.", "x".repeat(129), 4, null],
	deviceId: ["", "a/b", "x".repeat(129), 4, null],
	retryAfterSeconds: [-1, 0.5, 3601, Number.NaN, "1"],
	polls: [-1, 0.5, 1001, Number.NaN, null],
	validitySeconds: [0, -1, 10 * 366 * 86_400 + 1, Number.NaN, Number.POSITIVE_INFINITY],
	faults: ["throttle", ["no-such-fault"], ["connack=6"], [4]],
	tlsKey: ["EC", "", null],
	issuing: ["p384", "P-521"],
	csrCurves: ["P-384", ""],
	acceptIssued: ["yes", 1],
	resumption: ["no", null],
	limits: [[], 4, { twins: 0 }, { twins: -1 }, { twins: Number.NaN }, { twins: "4" }, { messages: 4 }, null],
	apiPort: [-1, 65_536, Number.NaN, "0"],
	updatesFolder: ["", 4],
	clock: [{}, 4, null, { now: () => 0 }],
	onEvent: [{}, "log"],
};

for (const [name, values] of Object.entries(WRONG))
	test(`${name}: what cannot be is refused by name, and nothing stays behind`, async () => {
		for (const value of values)
			await assert.rejects(
				startCloud({ [name]: value }),
				(error) => error instanceof Fault && error.code === "config.invalid" && error.message.includes(`${name}: `),
				String(value),
			);
	});

test("a misspelt option is refused, and what was meant is said", async () => {
	await assert.rejects(
		startCloud({ retryAfterSecond: 1 } as CloudOptions),
		/config\.invalid: .*did you mean retryAfterSeconds/,
	);
});

test("undefined is the default, as an option that is left out", async () => {
	const cloud = await startCloud(Object.fromEntries(Object.keys(WRONG).map((name) => [name, undefined])));
	assert.equal(cloud.registrationId, "dev-001");
	await cloud.close();
});

describe("one folder", () => {
	const stateFolder = temporaryFolder();

	test("is one cloud's: a second one in this process gets the Fault that another process gets", async () => {
		const first = await startCloud({ stateFolder });
		const locked = (error: Error) =>
			error instanceof Fault && error.code === "host.locked" && /process/.test(error.message);
		await assert.rejects(startCloud({ stateFolder }), locked);
		await assert.rejects(startCloud({ stateFolder: `${stateFolder}/.` }), locked);
		await first.close();
		await (await startCloud({ stateFolder })).close();
	});

	test("is free again after a start that failed", async () => {
		const other = await startCloud();
		await assert.rejects(startCloud({ stateFolder, port: other.port }), /EADDRINUSE/);
		await (await startCloud({ stateFolder })).close();
		await other.close();
	});
});

test("close may come twice, and at once; a temporary folder goes with the first, and nothing is written afterwards", async () => {
	const cloud = await startCloud();
	assert.equal(cloud.close(), cloud.close());
	await cloud.close();
	cloud.operator.createDevice("dev-001");
	await new Promise((resolve) => setTimeout(resolve, 300)); // a change is written after 200 ms, state.ts
	assert.ok(!existsSync(dirname(cloud.rootCa)));
});

describe("listeners of one's own", () => {
	let cloud: Cloud;
	const uncaught: unknown[] = [];
	before(async () => {
		cloud = await startCloud({
			onEvent: ({ event }) => {
				throw new Error(`listener of ${event}`);
			},
		});
	});

	test("what onEvent throws reaches its author as uncaught, and the operation goes on", async () => {
		process.setUncaughtExceptionCaptureCallback((error) => uncaught.push(error.message));
		cloud.operator.createDevice("dev-001");
		assert.equal(cloud.operator.pushDesired("dev-001", { interval: 5 }), 2);
		await new Promise(setImmediate);
		process.setUncaughtExceptionCaptureCallback(null);
		assert.deepEqual(uncaught, ["listener of operator", "listener of desired"]);
		assert.deepEqual(
			cloud.events.map(({ event }) => event),
			["operator", "desired"],
		);
	});

	test("what the function of seen throws is its promise's, of past events and of those to come", async () => {
		const throwing = () => cloud.seen(() => assert.fail("mine"));
		await assert.rejects(throwing(), /mine/);
		const quiet = await startCloud();
		const waiting = quiet.seen(() => assert.fail("mine"));
		quiet.operator.createDevice("dev-001");
		await assert.rejects(waiting, /mine/);
		await quiet.close();
	});
});

test("whoever names a device that nobody knows gets UnknownDevice, from callMethod as a rejection", async () => {
	const cloud = await startCloud();
	const { operator } = cloud;
	assert.equal(cloud.device("ghost"), undefined);
	for (const act of [
		() => operator.pushDesired("ghost", {}),
		() => operator.sendMessage("ghost", "x"),
		() => operator.withdraw("ghost", "revoked"),
		() => operator.move("ghost", "localhost"),
		() => operator.disconnect("ghost"),
		() => cloud.release("ghost"),
	])
		assert.throws(act, (error) => error instanceof UnknownDevice && /ghost/.test(error.message), String(act));
	await assert.rejects(operator.callMethod("ghost", "m"), UnknownDevice);
	await cloud.close();
});

test("every type that the exported ones name, and everything they say is thrown, is exported too", () => {
	const options = {
		target: ts.ScriptTarget.ESNext,
		module: ts.ModuleKind.NodeNext,
		allowImportingTsExtensions: true,
		noEmit: true,
	};
	const program = ts.createProgram(["cloud/library.ts", "hw/node/enrollee.ts"], { ...options, types: ["node"] });
	const checker = program.getTypeChecker();
	const exportsOf = (path: string) =>
		checker
			.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(path)!)!)
			.map((symbol) => (symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol));
	const ours = exportsOf("cloud/library.ts");
	const known = new Set([...ours, ...exportsOf("hw/node/enrollee.ts")]);
	const names = new Set([...known].map(({ name }) => name));
	const missing = new Set<string>();
	const visit = (node: ts.Node): void => {
		if (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node)) {
			const named = checker.getSymbolAtLocation(ts.isTypeReferenceNode(node) ? node.typeName : node.expression);
			const symbol = named && named.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(named) : named;
			const file = symbol?.declarations?.[0]?.getSourceFile().fileName ?? "";
			if (
				symbol &&
				/\/(cloud|src)\//.test(file) &&
				!(symbol.flags & ts.SymbolFlags.TypeParameter) &&
				!known.has(symbol)
			)
				missing.add(symbol.name);
		}
		if (!ts.isBlock(node)) ts.forEachChild(node, visit);
	};
	for (const symbol of ours)
		for (const declaration of symbol.declarations ?? []) {
			visit(declaration);
			for (const [, name] of declaration.getFullText().matchAll(/\b[Tt]hrows ([A-Z]\w+)/g))
				if (!names.has(name!) && !(name! in globalThis)) missing.add(name!);
		}
	assert.ok(ours.length > 15);
	assert.deepEqual([...missing], []);
});

test("what is no set of options is refused", async () => {
	for (const options of [null, 5, "x", []])
		await assert.rejects(
			startCloud(options as never),
			(error) => error instanceof Fault && error.message.includes("options: expected an object"),
			JSON.stringify(options),
		);
	await assert.rejects(startCloud({ hosts: new Array(1) }), /hosts: expected host names/);
});
