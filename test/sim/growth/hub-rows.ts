/** What the hub says: topics, bodies, certificates, errors. */
import { base64, utf8 } from "../../../src/base/bytes.ts";
import { splitAnswer } from "../../../src/base/topic.ts";
import { parseProperties, splitCall } from "../../../src/hub/hub-topics.ts";
import { Intake } from "../../../src/hub/intake.ts";
import { openAnswer, parseTimestamp } from "../../../src/hub/issuance.ts";
import { parseJson } from "../../../src/hub/json.ts";
import { parseMessage } from "../../../src/hub/messages.ts";
import { Methods } from "../../../src/hub/methods.ts";
import { Twin } from "../../../src/hub/twin.ts";
import { RefusalReader, TwinReader } from "../../../src/hub/twin-reader.ts";
import { members, over, pieces, type Row, times } from "./row.ts";
import { certificate } from "./x509-rows.ts";

const MOST_BYTES = 131_072;
const log = (): void => {};
const clock = { after: () => () => {} };
const intake = (): Intake => new Intake(MOST_BYTES, () => 0);

export function hubRows(): Row[] {
	const call = "$iothub/methods/POST/";
	const topics = (
		name: string,
		of: string,
		most: number,
		make: (size: number) => string,
		read: (topic: string) => unknown,
	): Row => ({
		name,
		of: [of],
		most,
		prepare: (size) => over(make(size), read),
	});
	const refused = (row: Row): Row => ({ ...row, isRefused: true });
	const PROPERTIES = "src/hub/hub-topics.ts parseProperties";
	return [
		topics("properties", PROPERTIES, 64, (size) => times(size, (i) => `p${i}=%20${i}`).join("&"), parseProperties),
		topics("a long property", PROPERTIES, 16_384, (size) => `a=${"%C3%A9".repeat(size / 6)}`, parseProperties),
		topics("nothing between separators", PROPERTIES, 16_384, (size) => "&".repeat(size), parseProperties),
		topics(
			"the topic of an answer",
			"src/base/topic.ts splitAnswer",
			16_384,
			(size) => `a/200/?${"\u00e9".repeat(size)}`,
			(topic) => splitAnswer("a/", topic),
		),
		topics(
			"the topic of a call",
			"src/hub/hub-topics.ts splitCall",
			16_384,
			(size) => `${call}${"\u00e9".repeat(size)}/?$rid=1`,
			(topic) => splitCall(call, topic),
		),
		topics(
			"a call by a long name",
			"src/hub/methods.ts Methods",
			16_384,
			(size) => `${call}${"%c3%a9".repeat(size / 6)}/?$rid=1`,
			(topic) => new Methods({ clock, log, handlers: {}, intake: intake() }).message(topic, new Uint8Array(0)),
		),
		{
			name: "calls",
			of: ["src/hub/methods.ts Methods"],
			most: 64,
			prepare: (size) => {
				const bodies = times(size, (i) => utf8(`{"v":${i}}`));
				return () => {
					const methods = new Methods({ clock, log, handlers: { m: () => {} }, intake: intake() });
					for (const [i, body] of bodies.entries()) methods.message(`${call}m/?$rid=${i}`, body);
				};
			},
		},
		{
			name: "a body of JSON",
			of: ["src/hub/json.ts parseJson", "src/hub/intake.ts Intake"],
			most: 1024,
			prepare: (size) => over(utf8(`{${members(size)}}`), (bytes) => parseJson(bytes, intake())),
		},
		topics(
			"properties of a message",
			"src/hub/messages.ts parseMessage",
			64,
			(size) => `devices/d/messages/devicebound/${times(size, (i) => `p${i}=${i}`).join("&")}`,
			(topic) => parseMessage("d", topic, new Uint8Array(10), intake()),
		),
		{
			name: "a twin",
			of: ["src/hub/twin-reader.ts TwinReader"],
			most: 1024,
			prepare: (size) => {
				const bytes = utf8(`{"desired":{${members(size)},"$version":7},"reported":{${members(size)},"$version":7}}`);
				return () => {
					const reader = new TwinReader("twin", { log, intake: intake() }, undefined, () => {});
					for (const part of pieces(bytes, 1024)) reader.push(part);
					reader.end();
				};
			},
		},
		{
			name: "changes of a twin",
			of: ["src/hub/twin.ts Twin"],
			most: 64,
			prepare: (size) => {
				const changes = times(size, (i) => utf8(`{"p":${i},"$version":${i + 2}}`));
				return () => {
					const options = { clock, log, random: () => 0, intake: intake(), onDesired: () => {} };
					const twin = new Twin(options);
					twin.attach(() => {});
					twin.message("$iothub/twin/res/200/?$rid=1", utf8('{"desired":{"$version":1},"reported":{"$version":1}}'));
					for (const [i, change] of changes.entries())
						twin.message(`$iothub/twin/PATCH/properties/desired/?$version=${i + 2}`, change);
				};
			},
		},
		{
			name: "a refusal about a twin",
			of: ["src/hub/twin-reader.ts RefusalReader"],
			most: 8192,
			prepare: (size) => {
				const bytes = utf8(`{${members(size / 8)},"message":"${"\u00e9".repeat(size)}"}`);
				return () => {
					const reader = new RefusalReader(() => {});
					reader.push(bytes);
					reader.end();
				};
			},
		},
		...issuanceRows(),
		refused(
			topics(
				"a time that is none",
				"src/hub/issuance.ts parseTimestamp",
				8192,
				(size) => `2030-01-01T00:00:00.${"1".repeat(size)}`,
				(text) => refuseUndefined(parseTimestamp(text)),
			),
		),
	];
}

function issuanceRows(): Row[] {
	const of = ["src/hub/issuance.ts openAnswer", "src/hub/issuance.ts AnswerReader"];
	const answer = (topic: string, bytes: Uint8Array) => {
		const reader = openAnswer(topic, "1", 8192)!;
		for (const part of pieces(bytes, 1024)) reader.push(part);
		return reader.answer();
	};
	const topic = "$iothub/credentials/res/200/?$rid=1";
	return [
		{
			name: "issued certificates",
			of,
			most: 4,
			prepare: (size) =>
				over(utf8(JSON.stringify({ certificates: times(size, () => base64(certificate())) })), (bytes) =>
					answer(topic, bytes),
				),
		},
		{
			name: "issued certificates in escapes",
			of: ["src/base/streamed-text.ts StreamedText"],
			most: 4,
			prepare: (size) => {
				const text = base64(certificate()).replace(/./g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`);
				return over(utf8(`["${times(size, () => text).join('","')}"]`), (bytes) => answer(topic, bytes));
			},
		},
		{
			name: "issued certificates, members that nobody knows",
			of,
			most: 1024,
			prepare: (size) =>
				over(utf8(`{${members(size)},"certificates":["${base64(certificate())}"]}`), (bytes) => answer(topic, bytes)),
		},
		{
			name: "parameters of an answer about certificates",
			of,
			most: 4096,
			prepare: (size) =>
				over(`$iothub/credentials/res/202/?${"a&".repeat(size / 2)}$rid=1`, (long) => answer(long, utf8("{}"))),
		},
	];
}

function refuseUndefined(value: unknown): void {
	if (value === undefined) throw new RangeError("none");
}
