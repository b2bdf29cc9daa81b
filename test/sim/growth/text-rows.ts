/** Texts and bytes, JSON, endpoints, the time, records of the store. */

import { readAppRecord } from "../../../src/application/app-record.ts";
import { base64, concat, fromBase64, fromHex, hex, utf8, utf8Text } from "../../../src/base/bytes.ts";
import { parseEndpoint } from "../../../src/base/endpoint.ts";
import { type Choose, JsonReader } from "../../../src/base/json-reader.ts";
import { Budget } from "../../../src/base/json-value.ts";
import { Names } from "../../../src/base/names.ts";
import { encodeQuery, NONCE_BYTES, readAnswer } from "../../../src/base/sntp.ts";
import { printable } from "../../../src/fault.ts";
import { decodeCredential, decodeRecord, encodeCredential, encodeRecord } from "../../../src/identity/record.ts";
import { PairStore } from "../../../src/store/pair-store.ts";
import { readFloor } from "../../../src/update/floor.ts";
import { readRecord } from "../../../src/update/update-record.ts";
import { over, pieces, type Row, times } from "./row.ts";

const READERS = ["src/base/json-reader.ts JsonReader", "src/base/json-value.ts Value", "src/base/names.ts Names"];

export function textRows(): Row[] {
	return [
		{
			name: "UTF-8 to text",
			of: ["hw/moddable/text.ts utf8Text"],
			most: 16_384,
			prepare: (size) => over(utf8("\u00e9\u20ac\ud7ff".repeat(size / 8)), utf8Text),
		},
		{
			name: "base64",
			of: ["hw/moddable/text.ts fromBase64"],
			most: 16_384,
			prepare: (size) => over(base64(new Uint8Array((size / 4) * 3)), fromBase64),
		},
		{
			name: "hex",
			of: ["hw/moddable/text.ts fromHex"],
			most: 16_384,
			prepare: (size) => over("5a".repeat(size / 2), fromHex),
		},
		{
			name: "text for a message",
			of: ["src/fault.ts printable"],
			most: 16_384,
			prepare: (size) => over("\u00e9".repeat(size), printable),
		},
		{
			name: "an endpoint",
			of: ["src/base/endpoint.ts parseEndpoint", "src/base/endpoint.ts readEndpoint"],
			most: 248,
			prepare: (size) => over(`${"a.".repeat(size / 2 - 1)}a:8883`, (text) => parseEndpoint(text, 1)),
		},
		{
			name: "an endpoint that is none",
			of: ["src/base/endpoint.ts parseEndpoint", "src/base/endpoint.ts readEndpoint"],
			most: 4096,
			isRefused: true,
			prepare: (size) => over(`${"a-".repeat(size / 2)}!`, (text) => parseEndpoint(text, 1)),
		},
		{
			name: "an answer about the time, with extensions",
			of: ["src/base/sntp.ts readAnswer"],
			most: 4096,
			prepare: (size) => {
				const nonce = new Uint8Array(NONCE_BYTES).fill(7);
				const packet = concat(encodeQuery(nonce), new Uint8Array(size));
				packet.set([0x24, 2]);
				packet.set(nonce, 24);
				return () => readAnswer(packet, nonce);
			},
		},
		...jsonRows(),
		...recordRows(),
	];
}

function jsonRows(): Row[] {
	const json = (
		name: string,
		most: number,
		text: (size: number) => string,
		choose: () => Choose,
		piece = 1024,
	): Row => ({
		name: `JSON: ${name}`,
		of: READERS,
		most,
		prepare: (size) => {
			const bytes = utf8(text(size));
			return () => {
				const reader = new JsonReader(choose());
				for (const part of pieces(bytes, piece)) reader.push(part);
				return reader.end();
			};
		},
	});
	const skip = (): Choose => () => "skip";
	const enter = (): Choose => (path) => (path.length === 0 ? "enter" : "skip");
	const keep = (): Choose => {
		const budget = new Budget(1 << 20, 1 << 20, 32);
		return () => budget;
	};
	const each = (): Choose => {
		const budget = new Budget(1 << 20, 1 << 20, 32);
		return (path) => (path.length === 0 ? "enter" : budget);
	};
	const counted = (): Choose => {
		const budget = new Budget(1 << 20, 1 << 20, 32, new Names(512, 1 << 20, new Uint8Array(8)));
		return () => budget;
	};
	const members = (size: number) => `{${times(size, (i) => `"${i.toString(36)}":${i}`)}}`;
	const array = (size: number) => `[${times(size, () => "{}")}]`;
	const long = (size: number) => `"${"x".repeat(size)}"`;
	return [
		json("members passed over", 2048, members, enter),
		json("members kept whole", 2048, members, keep),
		json("members kept one by one", 1024, members, each),
		json("names that are counted", 256, members, counted),
		json("names that are too long", 256, (size) => `{${times(size, () => `"${"n".repeat(600)}":0`)}}`, enter),
		json("elements one by one", 1024, array, each),
		json("levels passed over", 4096, (size) => "[".repeat(size) + "]".repeat(size), skip),
		json("a text", 16_384, long, keep),
		json("a text of escapes", 16_384, (size) => `"${"\\u00e9".repeat(size / 6)}"`, keep),
		json("a text, byte by byte", 4096, long, keep, 1),
		json("members, byte by byte", 512, members, keep, 1),
		json("a number", 120, (size) => "1".repeat(size), keep),
		json("white space", 4096, (size) => `${" ".repeat(size)}1`, keep),
		{
			name: "JSON: more than there is room for",
			of: READERS,
			most: 2048,
			prepare: (size) => {
				const bytes = utf8(`{${times(size, (i) => `"${i}":"${i}${"x".repeat(20)}"`)}}`);
				return () => {
					const budget = new Budget(64, 1 << 20, 4);
					const reader = new JsonReader((path) => (path.length === 0 ? "enter" : budget));
					reader.push(bytes);
					return reader.end();
				};
			},
		},
	];
}

function recordRows(): Row[] {
	const blob = (bytes: Uint8Array) => ({ get: () => bytes, put() {}, delete() {} });
	return [
		{
			name: "a record of the store",
			of: ["src/identity/record.ts decodeRecord"],
			most: 1024,
			prepare: (size) =>
				over(
					encodeRecord(
						1,
						times(size, () => ({ tag: 99, bytes: new Uint8Array(20) })),
					),
					decodeRecord,
				),
		},
		{
			name: "a credential",
			of: ["src/identity/record.ts decodeCredential"],
			most: 1024,
			prepare: (size) => {
				const credential = {
					sequence: 1,
					key: { pkcs8: new Uint8Array(9) },
					chain: times(size / 4, () => new Uint8Array(20)),
					hub: { host: "h", port: 1 },
					deviceId: "d",
					registrationId: "d",
					notBefore: 1,
					notAfter: 2,
					unknown: times(size / 4, () => ({ tag: 99, bytes: new Uint8Array(20) })),
				};
				return over(encodeCredential(credential), (blob) => decodeCredential(blob));
			},
		},
		{
			name: "the floor of updates",
			of: ["src/update/floor.ts readFloor"],
			most: 4096,
			prepare: (size) =>
				over(blob(utf8(`${"1".repeat(size)} ${"a".repeat(size)}`)), (store) => readFloor(store, "ota.floor")),
		},
		{
			name: "a blob of the store in two copies",
			of: ["src/store/pair-store.ts PairStore"],
			most: 4096,
			isRefused: true,
			prepare: (size) =>
				over(
					new PairStore({
						...blob(new Uint8Array(size)),
						get: (name) => (name === "x" ? undefined : new Uint8Array(size)),
					}),
					(store) => store.get("x"),
				),
		},
		{
			name: "the record of an update",
			of: ["src/update/update-record.ts readRecord"],
			most: 1024,
			prepare: (size) => {
				const failed = times(size, (i) => ({ sequence: i, code: "ota.http" }));
				return over(blob(utf8(JSON.stringify({ version: 1, installed: 0, failed }))), (store) =>
					readRecord(store, "ota"),
				);
			},
		},
		{
			name: "the record of the application",
			of: ["src/application/app-record.ts readAppRecord"],
			most: 4096,
			prepare: (size) =>
				over(
					blob(utf8(JSON.stringify({ version: 1, starts: 0, digests: [hex(new Uint8Array(size)), null] }))),
					readAppRecord,
				),
		},
	];
}
