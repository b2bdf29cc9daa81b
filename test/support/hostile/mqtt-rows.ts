/** What DPS and hub, or whoever speaks in their names, may send over MQTT until the twin is read. */
import { SHAPES, shaped } from "../../../cloud/flood.ts";
import { behind, bytes, instead, insteadOf, members, publish, type Row, remaining, times } from "./row.ts";
import { RSA } from "./rsa-authority.ts";

export const RSA_ROW = "certificates of an authority whose keys have 4,096 bits of RSA";
const DPS = "$dps/registrations/res/";
const TWIN = "$iothub/twin/res/200";
const TEXT_28K = shaped("text", 28_000);

const twin = (members: string): string => `{"desired":{${members},"$version":7},"reported":{"$version":7}}`;

export function dpsRows(): Row[] {
	const row = (name: string, faults: string, change: Row["change"], more: Partial<Row> = {}): Row => ({
		phase: "dps",
		name,
		faults: faults.split(" "),
		survives: false,
		change,
		...more,
	});
	const state = (members: string): string =>
		`{"operationId":"1","status":"assigned","registrationState":{"assignedHub":"localhost","deviceId":"dev-001",${members}}}`;
	const chain = (texts: readonly string[]): string => state(`"issuedCertificateChain":${JSON.stringify(texts)}`);
	const failed = (message: string): string =>
		`{"status":"failed","registrationState":{"errorCode":400004,"errorMessage":"${message}"}}`;
	const answer = (name: string, payload: string, faults = "dps.response") => row(name, faults, instead(DPS, payload));
	const allocation = (name: string, payload: unknown, faults: string[]) =>
		row(name, "", undefined, { lawful: true, survives: true, faults, arm: `payload=${JSON.stringify(payload)}` });
	return [
		row("CONNACK of 3 bytes", "mqtt.protocol", insteadOf("connack", Buffer.of(0x20, 3, 0, 0, 0))),
		row(
			"a CONNACK that announces 200 MB",
			"mqtt.too-large",
			insteadOf("connack", Buffer.of(0x20, 0x80, 0x80, 0x80, 0x64)),
		),
		row("SUBACK with 2,000 codes", "mqtt.too-large", insteadOf("suback", suback(2000))),
		row("SUBACK of 60 KB", "mqtt.too-large", insteadOf("suback", suback(60_000))),
		row(
			"a topic of 60 KB",
			"none",
			behind("suback", () => [publish("t".repeat(60_000), "{}")]),
			{ faults: [], survives: true },
		),
		answer("an answer of 100 KB", state(`"x":"${"x".repeat(100_000)}"`)),
		answer("7 KB of empty arrays", state(`"x":[${times(2300, () => "[]")}]`), "cert.missing"),
		answer("900 unknown members", state(times(900, (i) => `"m${i}":1`).join(",")), "cert.missing"),
		answer("3,000 levels", state(`"x":${"[".repeat(3000)}${"]".repeat(3000)}`), "cert.missing"),
		answer("an operation id of 6 KB", `{"status":"assigning","operationId":"${"o".repeat(6000)}"}`),
		answer("an operation id of half a surrogate pair", '{"status":"assigning","operationId":"\\ud800"}'),
		...(["payload", "status", "trustBundle"] as const).map((member) =>
			row(`seven polls, no name twice in ${member}`, "dps.not-found", assigning(7, member)),
		),
		answer(
			"a trust bundle of 7,000 empty objects",
			state(`"trustBundle":{"certificates":[${times(7000, () => "{}")}]}`),
		),
		answer(
			"an operation id of 256 letters of three bytes",
			`{"status":"assigning","operationId":"${"\u4e00".repeat(256)}"}`,
		),
		answer("a device id of 6 KB", state(`"deviceId":"${"d".repeat(6000)}"`), "cert.missing"),
		answer(
			"a hub of 6 KB",
			`{"status":"assigned","registrationState":{"assignedHub":"${"h".repeat(6000)}","deviceId":"d"}}`,
		),
		answer("a refusal of 256 words", failed("a ".repeat(256)), "dps.failed"),
		answer("a refusal of 256 words without blanks", failed("aA".repeat(256)), "dps.failed"),
		answer("a certificate with 1,000 blanks", chain([" A".repeat(1000)]), "x509.der"),
		answer("1,500 certificates of one letter", chain(times(1500, () => "x")), "x509.pem"),
		answer("1,500 certificates that are none", state(`"issuedCertificateChain":[${times(1500, () => "1")}]`)),
		answer("a certificate of 3 KB that is none", chain(["A".repeat(3000)]), "x509.der"),
		answer("a certificate of 3 KB that is no base64", chain(["*".repeat(3000)]), "x509.pem"),
		answer(
			"30 certificates that are a letter of PEM each",
			chain(times(30, () => "-----BEGIN CERTIFICATE-----")),
			"x509.pem",
		),
		answer("no JSON", "{".repeat(7000)),
		answer("JSON that is cut", '{"operationId":"1","status":"assig'),
		answer("a text of escapes", `{"status":"${"\\u0041".repeat(1000)}"}`),
		answer("bytes that are no UTF-8 in a name", `{"${"\u00ff".repeat(500)}":1}`),
		row(
			"800 answers to a request of nobody, before the one that is waited for",
			"none",
			behind("suback", () => times(800, () => publish(`${DPS}200/?$rid=99`, '{"status":"assigning"}'))),
			{ lawful: true, faults: [], survives: true },
		),
		row(
			"800 malformed answers",
			"dps.response",
			behind("suback", () => times(800, () => publish(`${DPS}2/?`, "{}"))),
		),
		...["&", "ab=&"].map((pair) =>
			row(
				`a topic of ${pair} alone before the one that is waited for, and that with as many`,
				"none",
				(packet) =>
					packet.cmd === "publish" && packet.topic.startsWith(DPS)
						? [
								publish(`${DPS}200/?${pair.repeat(900 / pair.length)}`, "{}"),
								publish(`${packet.topic}&${pair.repeat(900 / pair.length)}`, packet.payload),
							]
						: undefined,
				{ faults: [], survives: true },
			),
		),
		row("an answer with 3 KB that nobody knows", "none", undefined, {
			lawful: true,
			faults: [],
			survives: true,
			arm: "dps-size=3000",
		}),
		row(RSA_ROW, "none", undefined, { lawful: true, faults: [], survives: true, authority: RSA }),
		allocation("a custom allocation of 2 KB", { text: "p".repeat(2000) }, []),
		allocation("a custom allocation of 160 texts", Array(160).fill("abc"), ["dps.payload"]),
		allocation("a custom allocation of 4 KB", { text: "p".repeat(4050) }, ["dps.payload"]),
	];
}

/** In place of the first `count` answers; DPS knows no such operation. */
function assigning(count: number, member: string): Row["change"] {
	let k = 0;
	return (packet) => {
		if (packet.cmd !== "publish" || !packet.topic.startsWith(DPS) || k++ >= count) return undefined;
		const topic = `${DPS}202/?${/\$rid=[^&]*/.exec(packet.topic)![0]}&retry-after=1`;
		const names = members(member.slice(0, 1) + k, member === "payload" ? 120 : 80, '"t"');
		return [publish(topic, `{"operationId":"1","status":"assigning","registrationState":{"${member}":{${names}}}}`)];
	};
}

export function hubRows(): Row[] {
	const row = (name: string, faults: readonly string[], survives: boolean, more: Partial<Row>): Row => ({
		phase: "hub",
		name,
		faults,
		survives,
		...more,
	});
	return [
		row("nothing at all", [], true, { lawful: true }),
		row("a second CONNACK", ["mqtt.closed", "mqtt.protocol"], false, {
			change: behind("connack", () => [Buffer.of(0x20, 2, 0, 0)]),
		}),
		row("SUBACK for nobody", ["mqtt.closed", "mqtt.protocol"], false, { change: insteadOf("suback", suback(1, 999)) }),
		row("SUBACK without a code", ["mqtt.closed", "mqtt.protocol"], false, { change: insteadOf("suback", suback(0)) }),
		row("SUBACK of 100 KB", ["mqtt.closed", "mqtt.too-large"], false, { change: insteadOf("suback", suback(100_000)) }),
		row("a packet of an unknown kind", ["mqtt.closed", "mqtt.protocol"], false, {
			change: behind("connack", () => [Buffer.of(0xf0, 0)]),
		}),
		row("a length of five bytes", ["mqtt.closed", "mqtt.protocol"], false, {
			change: behind("connack", () => [Buffer.of(0x30, 255, 255, 255, 255, 1)]),
		}),
		row("PUBACK for nobody", ["mqtt.protocol"], false, { pushes: () => [Buffer.of(0x40, 2, 9, 9)] }),
		row("PINGRESP for nobody", ["mqtt.protocol"], false, { pushes: () => [Buffer.of(0xd0, 0)] }),
		row("a PUBLISH of 20 MB that ends early", ["hub.closed", "hub.too-large", "mqtt.closed"], false, {
			thenEnds: true,
			change: behind("connack", () => [
				Buffer.concat([Buffer.of(0x30), remaining(20_000_000), Buffer.of(0, 1), bytes("t"), Buffer.alloc(50_000)]),
			]),
		}),
		row("60 messages that the hub had kept, in one piece with the CONNACK", [], true, {
			lawful: true,
			messages: 60,
			change: insteadOf("connack", Buffer.concat([Buffer.of(0x20, 2, 1, 0), ...times(60, kept)])),
		}),
		row("1,000 messages to no topic of ours before the subscriptions", [], true, {
			change: behind("connack", () => times(1000, (i) => publish(`foreign/${i}`, "{}", i + 1))),
		}),
	];
}

/** Over WebSocket. */
export const webSocketRows = (): Row[] => [
	...[
		["1,000 pings at once", "ping-flood=1000:1"],
		["20,000 pings at once", "ping-flood=20000:1"],
		["900 fields in the answer to the upgrade", "upgrade-fields=900:1"],
	].map(([name, arm]): Row => ({ phase: "ws", name: name!, lawful: true, faults: [], survives: true, arm: arm! })),
	{
		phase: "ws",
		name: "20,000 fields in the answer to the upgrade",
		faults: ["wire.websocket"],
		survives: false,
		arm: "upgrade-fields=20000:1",
	},
];

export function twinRows(): Row[] {
	const row = (name: string, body: string, faults: readonly string[], more: Partial<Row> = {}): Row => ({
		phase: "twin",
		name,
		faults,
		survives: true,
		change: instead(TWIN, body),
		...more,
	});
	const large = ["hub.too-large"];
	const lawful = { lawful: true } as const;
	return [
		row("100 short members", twin(shaped("members", 100)), large, lawful),
		row("800 members", twin(shaped("members", 800)), large, lawful),
		row("20 members", twin(shaped("members", 20)), [], lawful),
		row("28 KB of plain text", twin(TEXT_28K), large, lawful),
		row("a text of 1.9 KB", twin(shaped("text", 1900)), [], lawful),
		row("7 texts of 4 KB", twin(times(7, (i) => `"t${i}":"${"x".repeat(4096)}"`).join(",")), large, lawful),
		row("32 KB of reported properties", `{"desired":{"$version":7},"reported":{${TEXT_28K},"$version":9}}`, [], lawful),
		row("an array of 1,000 empty arrays", twin(shaped("arrays", 1000)), large, lawful),
		row("six levels", twin(`"a":${'{"a":'.repeat(5)}1${"}".repeat(5)}`), [], lawful),
		row("texts in every script", twin(`"text":"${"\u00e4\u6f22\u{1f600}".repeat(150)}"`), [], lawful),
		...SHAPES.map((shape) => row(`20,000 ${shape}`, twin(shaped(shape, shape === "names" ? 500 : 20_000)), large)),
		row("30,000 levels of objects", twin(`"a":${'{"a":'.repeat(30_000)}1${"}".repeat(30_000)}`), large),
		row("300 KB of text", twin(shaped("text", 300_000)), large),
		row("2,000 members that are the agent's own", twin(times(2000, () => '"ota":{"url":1}').join(",")), [
			"hub.too-large",
			"ota.uri",
		]),
		row("an offer of 30 KB", twin(`"ota":{"url":"${"u".repeat(30_000)}"}`), large),
		row("a number of 20,000 digits", twin(`"n":${"1".repeat(20_000)}`), large),
		row("a name of 20 KB", twin(`"${"n".repeat(20_000)}":1`), large),
		row("no JSON", "[".repeat(5000), ["hub.response"]),
		row("JSON that is cut", '{"desired":{"a":1', ["hub.response"]),
		row("a twin without a version", '{"desired":{"a":1},"reported":{}}', ["hub.response"]),
		row("20,000 backslashes", twin(`"t":"${"\\\\".repeat(10_000)}"`), large),
		row("a byte that ends no text", twin('"t":"\u0000"'), ["hub.response"]),
		row("an error of 100 KB", "", ["hub.bad-request"], {
			change: (packet) =>
				packet.cmd === "publish" && packet.topic.startsWith(TWIN)
					? [publish(packet.topic.replace("/200/", "/400/"), `{"message":"${"m".repeat(100_000)}"}`)]
					: undefined,
		}),
		row("500 answers to nobody", twin('"a":1'), [], {
			pushes: () => times(500, (i) => publish(`$iothub/twin/res/200/?$rid=${1000 + i}`, twin(shaped("members", 20)))),
		}),
	];
}

const kept = (i: number): Uint8Array => publish("devices/dev-001/messages/devicebound/", "{}", i + 1);

function suback(codes: number, id = 1): Uint8Array {
	return Buffer.concat([Buffer.of(0x90), remaining(codes + 2), Buffer.of(id >> 8, id & 255), Buffer.alloc(codes)]);
}
