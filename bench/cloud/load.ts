/** Devices as a server sees them: registrations, connections by mutual TLS, messages. What they cost themselves does not count. */
import type { Ready } from "../../cloud/contract.ts";
import { deriveKey } from "../../cloud/sas.ts";
import { chainPem, type Identity, makeCsr, Probe, register } from "../../test/cloud/cloud-probe.ts";

export interface Enrolled extends Identity {
	readonly id: string;
}

/** Where a broker or the cloud is reached, and what it is checked by. */
export type Server = Pick<Ready, "port" | "rootCa">;

/** Devices that are under way at the same time. */
const AT_ONCE = 50;
const BODY = "x".repeat(100);
/** Longer than any bench. */
const KEEP_ALIVE_SECONDS = 3600;

export type Requests = ReadonlyMap<string, Awaited<ReturnType<typeof makeCsr>>>;

export async function makeRequests(devices: number): Promise<Requests> {
	const ids = Array.from({ length: devices }, (_, i) => `device-${i + 1}`);
	return new Map(await each(ids, async (id) => [id, await makeCsr(id)] as const));
}

/** Each over a TLS connection of its own: CONNECT, SUBSCRIBE, the request, a poll, the certificate. */
export function enrolAll(cloud: Ready, requests: Requests): Promise<Enrolled[]> {
	const group = Buffer.from(cloud.groupKey, "base64");
	return each([...requests], async ([id, csr]) => {
		const key = Buffer.from(deriveKey(group, id)).toString("base64");
		const answer = await register(cloud, id, { registrationId: id, csr: csr.base64 }, { key });
		if (answer === "closed" || answer.json.status !== "assigned") throw new Error(`${id}: not assigned`);
		// The root is the server's to have.
		return { id, key: csr.keyPem, cert: chainPem(answer.json.registrationState.issuedCertificateChain.slice(0, 2)) };
	});
}

/** The connections that were not refused. */
export async function connectAll(server: Server, devices: readonly Enrolled[]): Promise<Map<string, Probe>> {
	const open = await each(devices, async ({ id, key, cert }) => {
		const probe = await Probe.dial(server, { key, cert });
		const username = `localhost:${server.port}/${id}/?api-version=2021-04-12`;
		const connack = await probe.connect({ username, clientId: id, connect: { keepalive: KEEP_ALIVE_SECONDS } });
		return connack === 0 ? ([[id, probe]] as const) : [];
	});
	return new Map(open.flat());
}

/** QoS 1; so many of each device, each when the one before is acknowledged. */
export async function publishAll(probes: ReadonlyMap<string, Probe>, each: number): Promise<void> {
	await Promise.all(
		[...probes].map(async ([id, probe]) => {
			for (let i = 0; i < each; i++)
				if ((await probe.publish(`devices/${id}/messages/events/`, BODY)) !== "puback")
					throw new Error(`${id}: a message was not acknowledged`);
		}),
	);
}

export function closeAll(probes: ReadonlyMap<string, Probe>): void {
	for (const probe of probes.values()) probe.close();
}

/** In their order, AT_ONCE at a time. */
async function each<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
	const results: R[] = [];
	let next = 0;
	const worker = async (): Promise<void> => {
		while (next < all.length) {
			const at = next++;
			results[at] = await work(all[at]!);
		}
	};
	await Promise.all(Array.from({ length: AT_ONCE }, worker));
	return results;
}
