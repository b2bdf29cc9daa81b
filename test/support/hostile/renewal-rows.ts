/** What a hub, or whoever speaks in its name, may answer to a renewal. */
import { generate } from "mqtt-packet";
import { offering } from "./http-rows.ts";
import { instead, members, publish, type Row, times } from "./row.ts";
import { RSA } from "./rsa-authority.ts";

/** Of a CA that has no part in what is issued. */
const OTHER = Buffer.from(RSA.root).toString("base64");
const FOUR_KINDS = ["hub.too-large", "hub.response", "ota.uri", "ota.sequence"];

/** `url`: where the cloud serves NAME. */
export function renewalRows(url: (name: string) => string): Row[] {
	const row = (name: string, body: string, faults: readonly string[], more: Partial<Row> = {}): Row => ({
		phase: "renewal",
		name,
		faults,
		survives: true,
		pushes: () => [publish("$iothub/methods/POST/enrollee.renew/?$rid=r", "{}")],
		change: instead("$iothub/credentials/res/200", body),
		...more,
	});
	const response = ["hub.response"];
	const reporting = (name: string, more: Partial<Row>): Row =>
		row(`${name} to a device with four kinds of Faults to report`, "", FOUR_KINDS, {
			lawful: true,
			change: undefined,
			pushes: () => [
				publish("devices/dev-001/messages/devicebound/", Buffer.alloc(60_000), 1),
				publish("$iothub/twin/PATCH/properties/desired/?", "{}"),
				publish("$iothub/methods/POST/enrollee.update/?$rid=a", '{"url":1}'),
				publish("$iothub/methods/POST/enrollee.update/?$rid=b", '{"url":"https://localhost/"}'),
				publish("$iothub/methods/POST/enrollee.renew/?$rid=r", "{}"),
			],
			...more,
		});
	const authority = RSA;
	return [
		reporting("the certificates", {}),
		reporting("the certificates a second later", { arm: "renew-late" }),
		row("no JSON", "[".repeat(4000), response),
		row("1,000 certificates of one letter", JSON.stringify(times(1000, () => "x")), ["x509.pem"]),
		row("a certificate that is none", JSON.stringify({ certificates: ["A".repeat(4000)] }), ["x509.der"]),
		row("4 KB of empty arrays", `[${times(1300, () => "[]")}]`, response),
		row("2,000 levels", `{"certificates":${"[".repeat(2000)}${"]".repeat(2000)}}`, response),
		row("500 unknown members and no certificate", `{${times(500, (i) => `"u${i}":1`)}}`, response),
		row("an answer of 100 KB", JSON.stringify({ certificates: ["A".repeat(100_000)] }), response),
		row("a certificate that announces 60 KB", JSON.stringify({ certificates: [`MILq${"A".repeat(4000)}`] }), [
			"x509.certificate",
		]),
		row("20 answers 202 with a dozen names each, none of them twice, in info", "", [], {
			change: before((rid) => times(20, (k) => accepted(rid, `{"info":{${members(`i${k}`, 12)}}}`))),
		}),
		row("40 with a dozen in certificates", "", [], {
			change: before((rid) => times(40, (k) => accepted(rid, `{"certificates":{${members(`c${k}`, 12)}}}`))),
		}),
		row("40 with a dozen that are numbers behind a blank each", "", [], {
			change: before((rid) => times(40, (k) => accepted(rid, `{${times(12, (i) => `" ${k * 12 + i}":1`).join(",")}}`))),
		}),
		row("ten topics of 2,900 letters", "", [], {
			change: before(() => times(10, () => publish(`$iothub/credentials/res/200/?${"x".repeat(2900)}`, "{}"))),
		}),
		row("six certificates of 4 KB", JSON.stringify({ certificates: times(6, () => certificateOf(3000)) }), [
			"x509.certificate",
		]),
		...(
			[
				["the certificates, and a CA whose key has 4,096 bits", (issued) => [...issued, OTHER]],
				["the certificates, and two such", (issued) => [...issued.slice(0, 3), OTHER, OTHER]],
				["two of the certificates, and three such", (issued) => [...issued.slice(0, 2), OTHER, OTHER, OTHER]],
			] as readonly [string, (issued: readonly string[]) => readonly string[]][]
		).map(([name, certificates]) =>
			row(name, "", [], {
				lawful: true,
				change: instead("$iothub/credentials/res/200", ({ payload }) =>
					JSON.stringify({ certificates: certificates(JSON.parse(String(payload)).certificates) }),
				),
			}),
		),
		row("the certificates while an update is brought", "", [], {
			lawful: true,
			change: offering(url("x.suit")),
		}),
		row("the certificates with 1 KB that nobody knows", "", [], {
			lawful: true,
			change: undefined,
			arm: "renew-size=1000",
		}),
		row("the certificates in one piece behind a message of 60 KB, a call and a change of 2 KB", "", ["hub.too-large"], {
			lawful: true,
			change: within(busy(), []),
		}),
		row("the certificates in one piece between 40 calls of 2 KB", "", [], {
			lawful: true,
			change: within(calls(20), calls(20)),
		}),
		row("the certificates in one piece behind 200 calls of enrollee.status", "", [], {
			lawful: true,
			change: within(
				times(200, (i) => publish(`$iothub/methods/POST/enrollee.status/?$rid=s${i}`, "{}")),
				[],
			),
		}),
		// Each under what the one before has brought.
		row("certificates of RSA-4096", "", [], { lawful: true, change: undefined, authority }),
		row("certificates of RSA-4096 to who has such", "", [], { lawful: true, change: undefined, authority }),
		reporting("certificates of RSA-4096 to who has such, and", { authority }),
		row("certificates of RSA-4096 to who has such, in one piece between 40 calls of 2 KB", "", [], {
			lawful: true,
			change: within(calls(20), calls(20)),
			authority,
		}),
		reporting("certificates of RSA-4096 to who has such, in one piece between 40 calls of 2 KB,", {
			change: within(calls(20), calls(20)),
			authority,
		}),
		reporting("certificates of RSA-4096 to who has such, a second later,", { authority, arm: "renew-late" }),
		...FROM_BEFORE.flatMap(([name, before, after, faults, copies]) => [
			// The Fault ends the session before the answer comes: it waits at the hub.
			row(`a Fault in place of an answer, and then certificates of RSA-4096 ${name}`, "", ["ota.uri"], {
				lawful: true,
				change: amid(noAddress),
				authority,
			}),
			row(`certificates of RSA-4096 for a request from before the session, ${name}`, "", faults, {
				lawful: true,
				change: within(before, after, copies),
				authority,
			}),
		]),
		...FLOODS.flatMap(([name, flood, faults]) => [
			row(`${name} in place of an answer, to who has certificates of RSA-4096`, "", faults, {
				change: amid(flood),
				authority,
			}),
			// The answer comes then, and is none: DPS is asked in the same start.
			row(
				`no JSON between ${name} at the next start, and then certificates of RSA-4096 by DPS`,
				"",
				[...new Set([...faults, ...response])],
				{ change: amid(flood, "[".repeat(4000)), authority },
			),
		]),
	];
}

const TWO_KB = JSON.stringify({ text: "x".repeat(1900) });
const longId = (): Uint8Array[] => [publish(`$iothub/methods/POST/echo/?$rid=${"r".repeat(10_000)}`, "{}")];
const call = (text: string): Uint8Array => publish("$iothub/methods/POST/echo/?$rid=x", text);
const SIXTY_KB = publish("devices/dev-001/messages/devicebound/", Buffer.alloc(60_000));
const TOO_LARGE = ["hub.too-large"];
/** Each has a Fault of its own, to a careful device, too, with which a row is over. */
const FLOODS: readonly (readonly [name: string, flood: () => Uint8Array[], faults: readonly string[]])[] = [
	["calls with a request id of 10 KB", longId, ["hub.response"]],
	["calls with 2,000 levels", () => [call(`{"a":${"[".repeat(2000)}${"]".repeat(2000)}}`)], TOO_LARGE],
	[
		"messages of 60 KB and changes of 20,000 empty arrays",
		() => [
			SIXTY_KB,
			publish("$iothub/twin/PATCH/properties/desired/?$version=2", `{"a":[${times(20_000, () => "[]")}]}`),
		],
		TOO_LARGE,
	],
	[
		"messages of 2,000 properties",
		() => [publish(`devices/dev-001/messages/devicebound/${times(2000, (i) => `p${i}=1`).join("&")}`, "{}")],
		TOO_LARGE,
	],
	[
		"messages of 60 KB and 200 calls of enrollee.status",
		() => [SIXTY_KB, ...times(200, (i) => publish(`$iothub/methods/POST/enrollee.status/?$rid=s${i}`, "{}"))],
		TOO_LARGE,
	],
];
const calls = (count: number): Uint8Array[] =>
	times(count, (i) => publish(`$iothub/methods/POST/echo/?$rid=e${i}`, TWO_KB));
const busy = (): Uint8Array[] => [
	publish("devices/dev-001/messages/devicebound/", Buffer.alloc(60_000), 9),
	...calls(1),
	publish("$iothub/twin/PATCH/properties/desired/?$version=2", TWO_KB),
];

const noAddress = (): Uint8Array[] => [publish("$iothub/methods/POST/enrollee.update/?$rid=a", '{"url":1}')];
const sized = (count: number, bytes: number): Uint8Array[] =>
	times(count, (i) => publish(`$iothub/methods/POST/echo/?$rid=e${i}`, JSON.stringify({ text: "x".repeat(bytes) })));
const change = (desired: unknown): Uint8Array[] => [
	publish("$iothub/twin/PATCH/properties/desired/?$version=2", JSON.stringify(desired)),
];
const ARRAYS = change({ a: times(20_000, () => []) });
const TEXT = change({ a: "x".repeat(60_000) });
/** The hub has kept the answer and delivers it at once, in one piece with others. */
const FROM_BEFORE: readonly (readonly [
	name: string,
	before: readonly Uint8Array[],
	after: readonly Uint8Array[],
	faults: readonly string[],
	copies?: number,
])[] = [
	["first thing", [], [], []],
	["before 20 calls", [], calls(20), []],
	["between 35 calls", sized(12, 1750), sized(23, 1250), []],
	["between 80 calls", sized(40, 1500), sized(40, 1500), []],
	["between changes of 60 KB", TEXT, TEXT, TOO_LARGE],
	["between changes of 20,000 arrays", ARRAYS, ARRAYS, TOO_LARGE],
	["between such behind five calls", [...sized(5, 1500), ...ARRAYS], ARRAYS, TOO_LARGE],
	["behind five calls and a message of 60 KB", [...sized(5, 1250), SIXTY_KB], [SIXTY_KB], TOO_LARGE],
	["twice", [], [], [], 2],
	["twice behind five calls", sized(5, 1500), [], [], 2],
	["twice between 40 calls", sized(20, 1500), sized(20, 1500), [], 2],
];

const accepted = (rid: string, body: string): Uint8Array => publish(`$iothub/credentials/res/202/?${rid}`, body);

/** In front of the first answer. */
function before(others: (rid: string) => readonly Uint8Array[]): Row["change"] {
	let done = false;
	return (packet) => {
		if (done || packet.cmd !== "publish" || !packet.topic.startsWith("$iothub/credentials/res/")) return undefined;
		done = true;
		return [...others(/\$rid=[^&]*/.exec(packet.topic)![0]), generate(packet)];
	};
}

/** The first answer with certificates, and others in one write with it. */
function within(before: readonly Uint8Array[], after: readonly Uint8Array[], copies = 1): Row["change"] {
	let done = false;
	return (packet) => {
		if (done || packet.cmd !== "publish" || !packet.topic.startsWith("$iothub/credentials/res/200")) return undefined;
		done = true;
		return [Buffer.concat([...before, ...times(copies, () => generate(packet)), ...after])];
	};
}

/** In place of an answer: a flood, or that payload with the flood on both sides of it, in one write. */
function amid(flood: () => readonly Uint8Array[], payload?: string): Row["change"] {
	const answer = instead("$iothub/credentials/res/200", payload ?? "");
	return (packet) =>
		answer?.(packet)?.map((bytes) => Buffer.concat(payload === undefined ? flood() : [...flood(), bytes, ...flood()]));
}

/** Base64 of so many bytes that begin as a certificate. */
const certificateOf = (bytes: number): string =>
	Buffer.concat([Buffer.of(0x30, 0x82, bytes >> 8, bytes & 255), Buffer.alloc(bytes)]).toString("base64");
