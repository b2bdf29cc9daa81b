/**
 * What updates need of the configuration, from texts: the release keys that are built into the image (the current one
 * and the next), and for which devices a bundle is meant.
 *
 * Refused with Fault config.*: keys that are not P-256 (SubjectPublicKeyInfo as PEM), a key without a class.
 */
import { fromHex } from "../base/bytes.ts";
import { Fault } from "../fault.ts";
import { classUuid, defaultVendor, NAMESPACE_DNS, nameUuid } from "../suit/uuid.ts";
import { isDnsName } from "../x509/host.ts";
import { parsePublicKey } from "../x509/key.ts";
import { decodePem } from "../x509/pem.ts";

export interface UpdateInput {
	readonly releaseKey?: string | undefined;
	readonly nextReleaseKey?: string | undefined;
	readonly updateClass?: string | undefined;
	readonly updateVendor?: string | undefined;
	/** Domains, with commas, that a download server may redirect to besides its own. */
	readonly updateHosts?: string | undefined;
}

export interface UpdateSettings {
	/** SEC1 uncompressed points. None: updates are off. */
	readonly keys: readonly Uint8Array[];
	/** UUIDs, 16 bytes. */
	readonly vendor: Uint8Array;
	readonly class: Uint8Array;
	/** Domains that a redirect may lead to, besides the one that redirects. */
	readonly hosts: readonly string[];
}

/** The part of the configuration that is about updates. */
export interface UpdateConfig extends UpdateSettings {
	/** How long an image on trial may take until the hub has acknowledged something. */
	readonly trialSeconds: number;
	/** DER, of the servers that updates come from. */
	readonly anchors: readonly Uint8Array[];
}

export function parseUpdateSettings(input: UpdateInput): UpdateSettings {
	const keys = (["releaseKey", "nextReleaseKey"] as const).flatMap((field) => {
		const pem = input[field];
		return pem === undefined ? [] : [parseReleaseKey(pem, field)];
	});
	if (keys.length > 0 && input.updateClass === undefined)
		throw new Fault("config.missing", "updateClass (a release key is given)");
	const vendor = input.updateVendor === undefined ? defaultVendor() : parseVendor(input.updateVendor);
	return { keys, vendor, class: classUuid(vendor, input.updateClass ?? ""), hosts: parseHosts(input.updateHosts) };
}

function parseHosts(text: string | undefined): string[] {
	const hosts = (text ?? "")
		.toLowerCase()
		.split(",")
		.map((host) => host.trim());
	if (text === undefined || text.trim() === "") return [];
	for (const host of hosts)
		if (!host.includes(".") || !isDnsName(host))
			throw new Fault(
				"config.invalid",
				`updateHosts: ${host.slice(0, 64) || "nothing"} is no domain, expected a.example,b.example`,
			);
	return hosts;
}

function parseReleaseKey(pem: string, field: string): Uint8Array {
	const [block, ...more] = decodePem(pem);
	if (block?.label !== "PUBLIC KEY" || more.length > 0)
		throw new Fault("config.invalid", `${field}: expected PEM of one PUBLIC KEY`);
	const key = parsePublicKey(block.der);
	if (key.type !== "P-256") throw new Fault("config.invalid", `${field}: expected a P-256 key, got ${key.type}`);
	return key.point;
}

/** A UUID, or the vendor's domain (RFC 9124 section 3.4.1). */
function parseVendor(text: string): Uint8Array {
	if (/^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/.test(text)) return fromHex(text.replaceAll("-", ""));
	if (!text.includes("_") && text.includes(".") && isDnsName(text))
		return nameUuid(Uint8Array.from(NAMESPACE_DNS), text);
	throw new Fault("config.invalid", "updateVendor: expected a UUID or a domain");
}
