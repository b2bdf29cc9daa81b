/**
 * What the local cloud takes of a CPU beside mosquitto, in one run with one load: registrations, connections by mutual TLS, QoS 1
 * messages, memory of an idle device. CPU is that of the server's process, whatever else the machine does.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { CloudOptions, Ready } from "../../cloud/contract.ts";
import { createServerCa, createServerChain } from "../../cloud/server-chain.ts";
import { noMosquitto, startBroker } from "../../test/support/mosquitto.ts";
import { cpuSeconds, residentBytes } from "../process.ts";
import { closeAll, connectAll, type Enrolled, enrolAll, makeRequests, publishAll, type Server } from "./load.ts";

export interface Served {
	/** Connections by mutual TLS, per second of the server's CPU. */
	readonly connections: number;
	/** Messages with QoS 1, likewise; each device sends one when the one before is acknowledged. */
	readonly messages: number;
	/** Connections that were refused, of all. */
	readonly refused: number;
	/** Of memory that one device more takes, which is connected and says nothing. */
	readonly bytesPerDevice: number;
}

export interface Result {
	readonly devices: number;
	/** Per second of the server's CPU, from TLS to the certificate. */
	readonly registrations: number;
	readonly cloud: Served;
	/** Connections of devices whose certificates it has not issued since it began. */
	readonly strangers: number;
	readonly mosquitto: Served;
}

/**
 * Against mosquitto in the same run: registrations and connections against its connections, messages against its messages, memory
 * against its memory. With room for what other processes do to caches.
 */
const LEAST = { registrations: 0.64, connections: 0.65, strangers: 0.4, messages: 0.5 } as const;
const MOST_BYTES = 2.2;

/** A line for each ratio that is out of bounds, and one where a device was refused. */
export function tooDear(result: Result): string[] {
	const { bytesPerDevice, ...rates } = ratios(result);
	const refused = result.cloud.refused;
	return [
		...Object.entries(LEAST).flatMap(([name, least]) => {
			const found = rates[name as keyof typeof LEAST];
			return found < least
				? [`bench: cloud.${name}: at least ${least} of mosquitto, measured ${found.toFixed(2)}`]
				: [];
		}),
		...(bytesPerDevice > MOST_BYTES
			? [`bench: cloud.bytesPerDevice: at most ${MOST_BYTES} of mosquitto, measured ${bytesPerDevice.toFixed(2)}`]
			: []),
		...(refused > 0 ? [`bench: cloud: ${refused} of ${result.devices} devices were refused`] : []),
	];
}

export function ratios({ registrations, strangers, cloud, mosquitto }: Result) {
	return {
		registrations: registrations / mosquitto.connections,
		connections: cloud.connections / mosquitto.connections,
		strangers: strangers / mosquitto.connections,
		messages: cloud.messages / mosquitto.messages,
		bytesPerDevice: cloud.bytesPerDevice / mosquitto.bytesPerDevice,
	};
}

const DEVICES = 5000;
const SPEAKERS = 50;
const MESSAGES = 2000;
const REST_MS = 3000;

export const missing = (): string | false =>
	process.platform === "linux" ? noMosquitto : "SKIPPED: CPU and memory of a process are read from Linux's /proc";

export async function measureCloud(devices = DEVICES): Promise<Result> {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-bench-"));
	try {
		const stateFolder = join(folder, "cloud");
		const requests = await makeRequests(devices);
		const first = await startCloud({ stateFolder, retryAfterSeconds: 0 });
		const began = cpuSeconds(first.pid);
		const enrolled = await enrolAll(first.ready, requests);
		const registrations = devices / (cpuSeconds(first.pid) - began);
		const cloud = await load(first, enrolled);
		await first.end();
		const second = await startCloud({ stateFolder });
		const again = await rest(second, enrolled);
		await second.end();

		const broker = await startMosquitto(folder, first.ready.deviceCa);
		const mosquitto = await load(broker, enrolled);
		await broker.end();
		const fresh = await startMosquitto(folder, first.ready.deviceCa);
		const { bytesPerDevice } = await rest(fresh, enrolled);
		await fresh.end();
		return {
			devices,
			registrations,
			cloud: { ...cloud, bytesPerDevice: again.bytesPerDevice },
			strangers: again.connections,
			mosquitto: { ...mosquitto, bytesPerDevice },
		};
	} finally {
		rmSync(folder, { recursive: true });
	}
}

interface Running extends Server {
	readonly pid: number;
	end(): Promise<void>;
}

async function load(server: Running, devices: readonly Enrolled[]): Promise<Omit<Served, "bytesPerDevice">> {
	const began = cpuSeconds(server.pid);
	const probes = await connectAll(server, devices);
	const connected = cpuSeconds(server.pid);
	const speakers = new Map([...probes].slice(0, SPEAKERS));
	await publishAll(speakers, MESSAGES);
	const spoken = cpuSeconds(server.pid);
	closeAll(probes);
	return {
		connections: devices.length / (connected - began),
		messages: (speakers.size * MESSAGES) / (spoken - connected),
		refused: devices.length - probes.size,
	};
}

/** Memory is what the devices after the first fifth add: by then the server has grown what it grows once. */
async function rest(
	server: Running,
	devices: readonly Enrolled[],
): Promise<Pick<Served, "connections" | "bytesPerDevice">> {
	const first = Math.ceil(devices.length / 5);
	const began = cpuSeconds(server.pid);
	const some = await connectAll(server, devices.slice(0, first));
	await pause(REST_MS);
	const before = residentBytes(server.pid);
	const others = await connectAll(server, devices.slice(first));
	const connected = cpuSeconds(server.pid);
	await pause(REST_MS);
	const bytesPerDevice = (residentBytes(server.pid) - before) / (devices.length - first);
	for (const probes of [some, others]) closeAll(probes);
	return { connections: devices.length / (connected - began), bytesPerDevice };
}

async function startCloud(options: CloudOptions): Promise<Running & { readonly ready: Ready }> {
	const child = fork(join(import.meta.dirname, "server.js"), [JSON.stringify(options)], { execArgv: [] });
	const [ready] = (await once(child, "message")) as [Ready];
	const end = async (): Promise<void> => {
		child.disconnect();
		await once(child, "exit");
	};
	return { ...ready, ready, pid: child.pid!, end };
}

/** Mosquitto with a server's chain of its own kind, the same cipher suite and the cloud's device CA. */
async function startMosquitto(folder: string, deviceCa: string): Promise<Running> {
	const now = Date.now();
	const { identities, rootPem } = await createServerChain(await createServerCa("P-256", now), ["localhost"], now);
	const file = (name: string, text: string): string => {
		const path = join(folder, name);
		writeFileSync(path, text);
		return path;
	};
	const rootCa = file("root-ca.pem", rootPem);
	const broker = await startBroker([
		"allow_anonymous true",
		"connection_messages false",
		"set_tcp_nodelay true",
		`cafile ${deviceCa}`,
		`certfile ${file("server.pem", identities.good.cert)}`,
		`keyfile ${file("server-key.pem", identities.good.key)}`,
		"require_certificate true",
		"use_identity_as_username true",
		"ciphers ECDHE-ECDSA-AES128-GCM-SHA256",
	]);
	return { ...broker, rootCa };
}
