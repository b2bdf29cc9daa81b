/**
 * More than a device can hold, on demand: what the faults `huge-twin`, `method-flood`, `desired-flood`, `c2d-size`, `c2d-flood`
 * and `san-flood` send. Texts are put together as such: of some shapes JavaScript itself could not make the value.
 */
import { createPrivateKey, sign } from "node:crypto";
import { utf8 } from "../src/base/bytes.ts";
import {
	bitString,
	context,
	contextPrimitive,
	element,
	octetString,
	oid,
	readDer,
	sequence,
	Tag,
} from "../src/x509/der.ts";
import { Oid } from "../src/x509/oid.ts";
import type { Device } from "./devices.ts";
import type { FaultName, Faults } from "./faults.ts";

export const SHAPES = ["members", "arrays", "deep", "text", "names"] as const;
export type Shape = (typeof SHAPES)[number];

/** Members of an object, without its braces; `count` of them, of elements, of levels, or of characters. */
export function shaped(shape: Shape, count: number): string {
	switch (shape) {
		case "members":
			return list(count, (i) => `"k${i}":${i}`);
		case "arrays":
			return `"wide":[${list(count, () => "[]")}]`;
		case "deep":
			return `"deep":${"[".repeat(count)}${"]".repeat(count)}`;
		case "text":
			return `"text":"${"x".repeat(count)}"`;
		case "names":
			return list(count, (i) => `"${"n".repeat(200)}${i}":null`);
	}
}

/** `value`: SHAPE:N. Members to be put into an object that has others. */
export function hugeMembers(value: string): string {
	const [shape, count] = value.split(":") as [Shape, string];
	return shaped(shape, Number(count));
}

const list = (count: number, item: (i: number) => string): string =>
	Array.from({ length: count }, (_, i) => item(i)).join(",");

const DEFAULT = 1000;

/** What the armed faults send to a device that has subscribed to `filter`. */
export function flood(
	filter: string,
	deviceId: string,
	device: Pick<Device, "desired">,
	faults: Faults,
	deliver: (topic: string, payload: Uint8Array | string) => void,
): void {
	const times = (name: FaultName, send: (i: number) => void): void => {
		const armed = faults.strikes(name);
		for (let i = 0; armed !== undefined && i < Number(armed || DEFAULT); i++) send(i);
	};
	if (filter.startsWith("$iothub/methods/"))
		times("method-flood", (i) => deliver(`$iothub/methods/POST/flood${i}/?$rid=f${i}`, `{"m${i}":{"v${i}":${i}}}`));
	else if (filter.startsWith("$iothub/twin/PATCH/properties/desired/"))
		times("desired-flood", (i) => {
			device.desired = { ...device.desired, version: device.desired.version + 1 };
			const { version } = device.desired;
			deliver(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, `{"p${i}":null,"$version":${version}}`);
		});
	else if (filter.startsWith("devices/")) {
		const topic = `devices/${deviceId.replace("/", "/modules/")}/messages/devicebound/`;
		const size = faults.strikes("c2d-size");
		if (size !== undefined) deliver(topic, Buffer.alloc(Number(size), "x"));
		times("c2d-flood", (i) => deliver(`${topic}n${i}=1`, "{}"));
	}
}

/** The same certificate with so many names more, signed by the same issuer (PEM both, key PKCS#8). */
export function floodedWithNames(certificate: string, issuerKey: string, count: number): string {
	const key = createPrivateKey(issuerKey);
	const [tbs, algorithm] = readDer(derOf(certificate), (reader) =>
		reader.inside(Tag.SEQUENCE, (outer) => {
			const parts = [outer.element(Tag.SEQUENCE), outer.element(Tag.SEQUENCE)] as const;
			outer.element();
			return parts;
		}),
	);
	const names = Array.from({ length: count }, (_, i) => dnsName(i.toString(36)));
	const flooded = readDer(tbs, (reader) =>
		reader.inside(Tag.SEQUENCE, (inner) => {
			const parts: Uint8Array[] = [];
			while (inner.tag !== undefined)
				parts.push(inner.tag === context(3) ? extensions(inner.content(context(3)), names) : inner.element());
			return sequence(...parts);
		}),
	);
	const der = sequence(flooded, algorithm, bitString(sign("sha256", flooded, key)));
	const base64 = Buffer.from(der).toString("base64").replace(/.{64}/g, "$&\n");
	return `-----BEGIN CERTIFICATE-----\n${base64.trimEnd()}\n-----END CERTIFICATE-----\n`;
}

/** With the names at the end of what the subjectAltName says already. */
function extensions(old: Uint8Array, names: readonly Uint8Array[]): Uint8Array {
	const all: Uint8Array[] = [];
	readDer(old, (reader) =>
		reader.each(Tag.SEQUENCE, (list) => {
			const extension = list.element(Tag.SEQUENCE);
			const [id, value] = readDer(extension, (one) =>
				one.inside(Tag.SEQUENCE, (inner) => {
					const id = inner.oid();
					if (inner.tag === Tag.BOOLEAN) inner.boolean();
					return [id, inner.content(Tag.OCTET_STRING)] as const;
				}),
			);
			if (id !== Oid.SUBJECT_ALT_NAME) return void all.push(extension);
			const before = readDer(value, (reader) => reader.content(Tag.SEQUENCE));
			all.push(sequence(oid(id), octetString(sequence(before, ...names))));
		}),
	);
	return element(context(3), sequence(...all));
}

const dnsName = (name: string): Uint8Array => element(contextPrimitive(2), utf8(name));

function derOf(pem: string): Uint8Array {
	const [, base64 = ""] = /-----BEGIN CERTIFICATE-----([^-]*)-----END/.exec(pem) ?? [];
	return new Uint8Array(Buffer.from(base64, "base64"));
}
