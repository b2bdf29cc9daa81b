/** The local cloud's twins: the documents' limits on keys, values, depth and size; metadata; what null does. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { sectionBytes } from "../../src/hub/section.ts";
import { openHub, type Probe, sas } from "./cloud-probe.ts";

let cloud: Cloud;
let probe: Probe;
before(async () => {
	cloud = await startCloud({ apiPort: 0 });
	cloud.operator.createDevice("dev-001");
	({ probe } = await openHub(cloud, "dev-001", { password: sas("localhost/devices/dev-001", cloud.symmetricKey) }));
	await probe.subscribe("$iothub/twin/res/#");
});
after(() => cloud.close());

let rid = 0;
/** 204, or the errorCode of what is refused. */
async function report(patch: unknown): Promise<number | string> {
	const text = typeof patch === "string" ? patch : JSON.stringify(patch);
	await probe.publish(`$iothub/twin/PATCH/properties/reported/?$rid=${++rid}`, text);
	const answer = await probe.message("$iothub/twin/res/");
	if (answer === "closed") return answer;
	const status = Number(answer.topic.split("/")[3]);
	if (status === 204) return status;
	assert.match(answer.json.message, /\S/);
	assert.equal(Math.floor(answer.json.errorCode / 1000), status);
	return answer.json.errorCode;
}

const nested = (levels: number): object => (levels === 0 ? { end: true } : { a: nested(levels - 1) });

test("what breaks a rule is a 400 with a body, and changes nothing", async () => {
	assert.equal(await report({ kept: 1 }), 204);
	const { reported } = cloud.device("dev-001")!;
	const refused: [string, unknown][] = [
		["a dot", { "a.b": 1 }],
		["a space", { "a b": 1 }],
		["a dollar", { $a: 1 }],
		["a dollar inside", { deep: { a$: 1 } }],
		["a control character", { "a\u0001": 1 }],
		["a control character of C1", { "a\u0085": 1 }],
		["a key of 1,025 bytes", { ["k".repeat(1025)]: 1 }],
		["a string of 4,097 bytes", { text: "x".repeat(4097) }],
		["a string in an array", { list: ["x".repeat(4097)] }],
		["null in an array", { list: [1, null] }],
		["null in an object in an array", { a: [{ b: null }] }],
		["11 levels", nested(11)],
		["an integer too large", { n: 4503599627370496 }],
		["an integer too small", { n: -4503599627370497 }],
		["a number that no double holds", '{"n":1e400}'],
		["one in an array", '{"list":[{"n":-1e400}]}'],
		["33 KB", Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, "x".repeat(4000)]))],
	];
	for (const [name, patch] of refused) assert.equal(await report(patch), 400004, name);
	const deep = `${'{"a":'.repeat(5400)}1${"}".repeat(5400)}`;
	for (const patch of [[1], "{", "", "1", "null", deep]) assert.equal(await report(patch), 400006, String(patch));
	assert.equal(cloud.device("dev-001")!.reported, reported);
});

test("what the rules allow is taken, to the last byte", async () => {
	assert.equal(await report(nested(10)), 204);
	assert.equal(await report({ list: [1, { a: [] }], text: "x".repeat(4096), n: 4503599627370495, Ünï: "ü" }), 204);
	assert.equal(await report({ a: null, list: null, text: null, n: null, Ünï: null, kept: null }), 204);
	assert.deepEqual(cloud.device("dev-001")!.reported.properties, {});
});

test("null for what is not there removes nothing beside it, and twice is once", async () => {
	assert.equal(await report({ o: { x: 1, y: 2 }, p: 3 }), 204);
	for (const patch of [{ o: { z: null } }, { q: null }, { o: { y: null } }, { o: { y: null } }])
		assert.equal(await report(patch), 204);
	assert.deepEqual(cloud.device("dev-001")!.reported.properties, { o: { x: 1 }, p: 3 });
	assert.equal(await report({ o: null, p: null }), 204);
});

test("32 KB count in sum over several patches, and may be made smaller again", async () => {
	for (let i = 0; i < 8; i++) assert.equal(await report({ [`k${i}`]: "x".repeat(4000) }), 204);
	const size = sectionBytes(cloud.device("dev-001")!.reported.properties);
	assert.equal(size, 8 * 4002);
	assert.equal(await report({ rest: "x".repeat(32 * 1024 - size - 3) }), 400004);
	assert.equal(await report({ rest: "x".repeat(32 * 1024 - size - 4) }), 204);
	assert.equal(await report({ one: true }), 400004);
	assert.equal(await report({ k0: "short" }), 204);
	assert.equal(await report(Object.fromEntries([...Array(8).keys()].map((i) => [`k${i}`, null]))), 204);
});

test("desired properties keep the same rules, over the operator's HTTP API too", async () => {
	assert.throws(() => cloud.operator.pushDesired("dev-001", { "a.b": 1 }), RangeError);
	assert.throws(() => cloud.operator.pushDesired("dev-001", { n: Number.POSITIVE_INFINITY }), RangeError);
	const patch = async (body: object) => {
		const response = await fetch(`${cloud.ready.apiUrl}/devices/dev-001/desired`, {
			method: "PATCH",
			headers: { authorization: `Bearer ${cloud.ready.apiToken}` },
			body: JSON.stringify(body),
		});
		return response.status;
	};
	const large = (letter: string) => Object.fromEntries([...Array(5).keys()].map((i) => [letter + i, "x".repeat(4000)]));
	assert.equal(await patch(large("a")), 200);
	assert.equal(await patch(large("b")), 400);
	assert.equal(
		cloud.operator.pushDesired("dev-001", Object.fromEntries([...Array(5).keys()].map((i) => [`a${i}`, null]))),
		3,
	);
});

test("the back end sees metadata at every level, the device does not; a member may be called __proto__", async () => {
	cloud.operator.pushDesired("dev-001", { config: { rate: 5, unit: "s" } });
	const version = cloud.operator.pushDesired("dev-001", JSON.parse('{"config":{"rate":6},"__proto__":{"x":1}}'));
	const response = await fetch(`${cloud.ready.apiUrl}/devices/dev-001/twin`, {
		headers: { authorization: `Bearer ${cloud.ready.apiToken}` },
	});
	const { desired } = ((await response.json()) as { properties: { desired: Record<string, never> } }).properties;
	const { $metadata, $version, config } = desired as Record<string, Record<string, never>>;
	assert.equal($version, version);
	assert.deepEqual(config, { rate: 6, unit: "s" });
	assert.equal($metadata!.$lastUpdatedVersion, version);
	const marks = $metadata!.config as unknown as Record<string, Record<string, unknown>>;
	assert.equal(marks.rate!.$lastUpdatedVersion, version);
	assert.equal(marks.unit!.$lastUpdatedVersion, version - 1);
	assert.match(String(marks.unit!.$lastUpdated), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
	await probe.publish("$iothub/twin/GET/?$rid=get", "");
	const got = await probe.message("$iothub/twin/res/200/?$rid=get");
	assert(got !== "closed");
	assert.equal(got.text.includes("$metadata"), false);
	assert.equal(got.json.desired.$version, version);
	assert.equal(Object.hasOwn(got.json.desired, "__proto__"), true);
	assert.equal(({} as { x?: number }).x, undefined);
});
