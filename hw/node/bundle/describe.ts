/** Bundles and archives for people and, as JSON, for programs. */
import type { ArchiveReader } from "../../../src/application/archive.ts";
import { hex } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/fault.ts";
import type { Manifest } from "../../../src/suit/manifest.ts";
import { secureVersionOf } from "./image.ts";

type Facts = Readonly<Record<string, string | number>>;

export function manifestFacts(manifest: Manifest): Facts {
	return {
		sequence: manifest.sequence,
		component: componentOf(manifest),
		vendor: uuid(manifest.vendor),
		class: uuid(manifest.class),
		size: manifest.size,
		digest: hex(manifest.digest),
		uri: manifest.uri,
	};
}

/** Of a firmware's image, what its envelope does not say. */
export function firmwareFacts(manifest: Manifest, image: Uint8Array): Facts {
	return componentOf(manifest) === "fw" ? { secureVersion: secureVersionOf(image) } : {};
}

/** Without its modules. */
export function archiveFacts({ name, version, symbols }: ArchiveReader, bytes: Uint8Array): Facts {
	return { name, xs: version, size: bytes.length, symbols };
}

/** One line each. */
export function table(facts: Facts): string {
	return Object.entries(facts)
		.map(([name, value]) => row(name, value))
		.join("\n");
}

export function row(name: string, value: string | number): string {
	return `${name.padEnd(13)} ${value}`;
}

export function componentOf({ component }: Manifest): string {
	return component.map((part) => String.fromCharCode(...part)).join("/");
}

export function uuid(bytes: Uint8Array): string {
	return hex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** What a Fault says, without its code in front. */
export function reason(thrown: unknown): string {
	const { code, message } = Fault.of(thrown, "config.missing");
	return message.replace(`${code}: `, "");
}
