/** What may come at any time once the subscriptions stand. */
import { generate } from "mqtt-packet";
import { shaped } from "../../../cloud/flood.ts";
import { bytes, instead, members, publish, type Row, raw, times } from "./row.ts";

export function messageRows(): Row[] {
	const row = (
		phase: Row["phase"],
		name: string,
		faults: readonly string[],
		pushes: Row["pushes"],
		more: Partial<Row> = {},
	): Row => ({
		phase,
		name,
		faults,
		survives: true,
		pushes,
		...more,
	});
	const lawful = { lawful: true } as const;
	const call = (name: string, body: string, rid = "x") => publish(`$iothub/methods/POST/${name}/?$rid=${rid}`, body);
	const c2d = (properties: string, body: string | Uint8Array, id = 1) =>
		publish(`devices/dev-001/messages/devicebound/${properties}`, body, id);
	const change = (version: number, body: string) =>
		publish(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, body);
	/** The changes from 8 on are news to who has read a twin of version 7. */
	const seven = (): Partial<Row> => ({
		change: instead("$iothub/twin/res/200", '{"desired":{"$version":7},"reported":{"$version":7}}'),
	});
	const offers = (offer: string) => times(100, (i) => change(8 + i, `{"ota":${offer}}`));
	const PATCH = "$iothub/twin/PATCH/properties/desired/?$version=";
	const large = ["hub.too-large"];
	const broken = { survives: false };
	return [
		row("desired", "1,000 changes, no name twice", large, undefined, {
			arm: "desired-flood=1000:1",
			lawful: true,
			isBurst: true,
		}),
		row("desired", "a change of 60 KB", large, () => [change(2, `{${shaped("text", 60_000)},"$version":2}`)]),
		row("desired", "a change of 20,000 empty arrays", large, () => [change(2, `{${shaped("arrays", 20_000)}}`)]),
		row("desired", "a change that is no JSON", ["hub.response"], () => [change(2, "}".repeat(4000))]),
		row("desired", "a change that is a number", ["hub.response"], () => [change(2, "1".repeat(4000))]),
		row("desired", "a change without a version", ["hub.response"], () => [
			publish("$iothub/twin/PATCH/properties/desired/?", "{}"),
		]),
		row("desired", "300 changes with versions far apart", [], () => times(300, (i) => change(1000 * (i + 2), "{}"))),
		row("desired", "100 changes in a row that take an offer back", [], () => offers("null"), seven()),
		row("desired", "100 changes in a row with an offer that is none", ["ota.uri"], () => offers('{"url":1}'), seven()),
		...["app", "ota", "$version"].map((section) =>
			row("desired", `30 changes that are known, no name twice in ${section}`, [], () =>
				times(30, (k) => change(1, `{"${section}":{${members(section.slice(0, 2) + k, 44)}}}`)),
			),
		),
		row(
			"desired",
			"four changes of ota with 2 KB that nobody asked for",
			["ota.uri"],
			() => times(4, (k) => change(8 + k, `{"ota":{"text${k}":"${"x".repeat(2000)}"}}`)),
			seven(),
		),
		row(
			"desired",
			"60 changes with ten names of halves of surrogate pairs each, none of them twice",
			large,
			() => times(60, (k) => change(8 + k, `{${times(10, (i) => `"${lowHalves(10 * k + i)}":1`)}}`)),
			{ ...seven(), isBurst: true },
		),
		row("method", "20,000 calls at once, no name twice", [], undefined, { arm: "method-flood=20000:1" }),
		row("method", "40 names of 900 characters", [], () =>
			times(40, (i) => call(`${i}`.padEnd(900, "n"), "{}", `n${i}`)),
		),
		row(
			"method",
			"2,400 names over 12 calls",
			large,
			() => times(12, (k) => call("echo", `{${times(200, (i) => `"q${k}w${i}":1`)}}`, `n${k}`)),
			lawful,
		),
		row("method", "a body of 128 KB", [], () => [call("echo", `{${shaped("text", 130_000)}}`)], {
			...lawful,
			faults: large,
		}),
		row(
			"method",
			"a body of 128 KB for a method that there is not",
			[],
			() => [call("nobody", `{${shaped("text", 130_000)}}`)],
			{ ...lawful, faults: large },
		),
		row("method", "200 calls of enrollee.status at once, to a device with Faults to say", large, () => [
			c2d("", Buffer.alloc(60_000)),
			...times(200, (i) => call("enrollee.status", "{}", `s${i}`)),
		]),
		row("method", "a body of 1.9 KB", [], () => [call("echo", `{${shaped("text", 1900)}}`)], lawful),
		row("method", "8 KB of empty arrays", large, () => [call("echo", `{${shaped("arrays", 2700)}}`)], lawful),
		row("method", "2,000 levels", large, () => [call("echo", `{${shaped("deep", 2000)}}`)]),
		row("method", "a body that is no JSON", ["hub.response"], () => [call("echo", '{"a":')]),
		row("method", "a name of letters that grow in lower case", large, () => [call("\u0130".repeat(1450), "{}")]),
		row("method", "a request id of 2.8 KB", ["hub.response"], () => [call("echo", "{}", "r".repeat(2800))]),
		row("desired", "versions of 2.6 KB", ["hub.response"], () =>
			times(3, () => publish(`${PATCH}${"1".repeat(2600)}`, "{}")),
		),
		row("c2d", "properties of 2.6 KB", large, () => times(30, (i) => c2d(`a=${"v".repeat(2600)}`, "{}", i + 1))),
		row("method", "a name of 60 KB", large, () => [call("m".repeat(60_000), "{}")]),
		row("method", "a name of percent signs", [], () => [call("%".repeat(500), "{}")]),
		row("method", "a request id of 10 KB", ["hub.response"], () => [call("echo", "{}", "r".repeat(10_000))]),
		row("method", "no request id", ["hub.response"], () => [publish("$iothub/methods/POST/echo/?", "{}")]),
		row("c2d", "a body of 60 KB", large, () => [c2d("", Buffer.alloc(60_000))], lawful),
		row(
			"c2d",
			"a body of 60 KB, twice",
			large,
			() => [c2d("", Buffer.alloc(60_000)), c2d("", Buffer.alloc(60_000), 2)],
			lawful,
		),
		row("c2d", "a body of 1.9 KB", [], () => [c2d("", Buffer.alloc(1900))], { ...lawful, messages: 1 }),
		row("c2d", "a body of 300 KB", large, () => [c2d("", Buffer.alloc(300_000))]),
		row("c2d", "3,000 messages without a pause", [], undefined, {
			arm: "c2d-flood=3000:1",
			lawful: true,
			isBurst: true,
			faults: large,
		}),
		row("c2d", "2,000 properties in a topic", large, () => [c2d(times(2000, (i) => `p${i}=1`).join("&"), "{}")]),
		row("c2d", "60 properties of percent signs", ["hub.response"], () => [
			c2d(times(60, (i) => `%${i}=%`).join("&"), "{}"),
		]),
		row("c2d", "500 messages, no property name twice", large, () => times(500, (i) => c2d(`z${i}=1`, "{}", i + 1)), {
			lawful: true,
			isBurst: true,
		}),
		row(
			"c2d",
			"a topic that is no UTF-8",
			["mqtt.protocol"],
			() => [raw(0x30, Buffer.alloc(40, 0xff), bytes("{}"))],
			broken,
		),
		row(
			"c2d",
			"a topic that is no UTF-8, large",
			["mqtt.protocol"],
			() => [raw(0x30, Buffer.alloc(40, 0xff), Buffer.alloc(140_000))],
			broken,
		),
		row("c2d", "a topic of 4 KB that is no UTF-8, large", large, () => [
			raw(0x30, Buffer.alloc(4000, 0xff), Buffer.alloc(140_000)),
		]),
		row("c2d", "a topic with a wildcard", ["mqtt.protocol"], () => [raw(0x30, bytes("a/#"), bytes("{}"))], broken),
		row("c2d", "no topic", ["mqtt.protocol"], () => [raw(0x30, bytes(""), bytes("{}"))], broken),
		row("c2d", "QoS 2", ["mqtt.protocol"], () => [raw(0x34, bytes("a"), Buffer.of(0, 1))], broken),
		row("c2d", "QoS 3", ["mqtt.protocol"], () => [raw(0x36, bytes("a"), Buffer.of(0, 1))], broken),
		row("c2d", "packet id 0", ["mqtt.protocol"], () => [raw(0x32, bytes("a"), Buffer.of(0, 0))], broken),
		row(
			"c2d",
			"a topic longer than its packet",
			["mqtt.protocol"],
			() => [Buffer.of(0x30, 4, 0xff, 0xff, 1, 1)],
			broken,
		),
		row("c2d", "PUBREL", ["mqtt.protocol"], () => [Buffer.of(0x62, 2, 0, 1)], broken),
		row(
			"c2d",
			"a CONNECT",
			["mqtt.protocol"],
			() => [
				generate({ cmd: "connect", protocolId: "MQTT", protocolVersion: 4, clientId: "x", clean: true, keepalive: 0 }),
			],
			broken,
		),
	];
}

/** Three of them, as JSON escapes them: as UTF-8 all are the same. */
const lowHalves = (i: number): string =>
	[i >> 10, i & 0x3ff, 0].map((low) => `\\u${(0xdc00 + low).toString(16)}`).join("");
