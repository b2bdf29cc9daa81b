/** The TLS server's certificates: root, intermediate, and a leaf that is right or wrong in one way. */
import { authorityRequest } from "./ca.ts";
import type { FaultName } from "./faults.ts";
import { floodedWithNames } from "./flood.ts";
import {
	certificatePem,
	certify,
	createEntity,
	type Entity,
	generateKeys,
	type KeyType,
	loadEntity,
	type SavedEntity,
	saveEntity,
} from "./pki.ts";

/** For node:tls: PEM. */
export interface ServerIdentity {
	readonly key: string;
	readonly cert: string;
}

export const SERVER_FAULTS = [
	"expired-server-cert",
	"wrong-server-name",
	"untrusted-server",
] as const satisfies FaultName[];
export type ServerFault = (typeof SERVER_FAULTS)[number];

export interface ServerChain {
	readonly rootPem: string;
	readonly identities: Readonly<Record<"good" | ServerFault, ServerIdentity>>;
	/** The good one with so many names more. */
	flooded(names: number): ServerIdentity;
}

export interface SavedServerCa {
	readonly root: SavedEntity;
	readonly intermediate: SavedEntity;
}

const DAY = 24 * 3600 * 1000;

export async function createServerCa(type: KeyType, now: number): Promise<SavedServerCa> {
	const root = await createEntity(type, authorityRequest("Server Root CA", "root", now));
	const intermediate = await createEntity(type, authorityRequest("Server Issuing CA", "intermediate", now), root);
	return { root: await saveEntity(root), intermediate: await saveEntity(intermediate) };
}

/** New leaves for these hosts, all with one key. */
export async function createServerChain(
	saved: SavedServerCa,
	hosts: readonly string[],
	now: number,
): Promise<ServerChain> {
	const intermediate = await loadEntity(saved.intermediate);
	const stranger = await createEntity("P-256", authorityRequest("Server Issuing CA", "root", now));
	const keys = await generateKeys(intermediate.type);
	const { key } = await saveEntity({ ...intermediate, key: keys.privateKey });
	const leaf = async (issuer: Entity, names: readonly string[], notBefore: number, notAfter: number) => {
		const request = { commonName: names[0]!, role: { kind: "server", hosts: names } as const, notBefore, notAfter };
		const certificate = await certify(request, keys.publicKey, issuer);
		return { key, cert: certificatePem({ type: issuer.type, certificate, key: keys.privateKey }, issuer) };
	};
	const good = await leaf(intermediate, hosts, now - DAY, now + 365 * DAY);
	return {
		rootPem: saved.root.certificate,
		flooded: (names) => ({
			key,
			cert: `${floodedWithNames(good.cert, saved.intermediate.key, names)}${saved.intermediate.certificate}`,
		}),
		identities: {
			good,
			"expired-server-cert": await leaf(intermediate, hosts, now - 30 * DAY, now - DAY),
			"wrong-server-name": await leaf(intermediate, ["elsewhere.invalid"], now - DAY, now + 365 * DAY),
			"untrusted-server": await leaf(stranger, hosts, now - DAY, now + 365 * DAY),
		},
	};
}
