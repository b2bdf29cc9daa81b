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
import { median } from "../budgets.ts";
import { cpuSeconds, residentBytes } from "../process.ts";
import { closeAll, connectAll, type Enrolled, enrolAll, makeRequests, publishAll, type Server } from "./load.ts";

/** What was measured of both; all but memory per second of the server's CPU. */
export interface Pair {
	readonly cloud: number;
	readonly mosquitto: number;
	/** Of the two, as they were measured one after the other. */
	readonly ratio: number;
}

/** But for `devices` and `refused` a median of rounds. */
export interface Result {
	readonly devices: number;
	/** From TLS to the certificate, beside mosquitto's connections. */
	readonly registrations: Pair;
	/** Connections by mutual TLS. */
	readonly connections: Pair;
	/** The same of devices whose certificates the cloud has not issued since it began. */
	readonly strangers: Pair;
	/** With QoS 1; each device sends one when the one before is acknowledged. */
	readonly messages: Pair;
	/** Of memory that one device more takes, which is connected and says nothing. */
	readonly bytesPerDevice: Pair;
	/** Connections that were refused, of all devices'. */
	readonly refused: Omit<Pair, "ratio">;
}

/**
 * Against mosquitto in the same run: registrations and connections against its connections, messages against its messages, memory
 * against its memory. With room for what other processes do to caches.
 */
const LEAST = { registrations: 0.64, connections: 0.65, strangers: 0.4, messages: 0.55 } as const;
const MOST_BYTES = 2.2;

/** A line for each ratio that is out of bounds, and one where a device was refused. */
export function tooDear({ devices, bytesPerDevice, refused, ...rates }: Result): string[] {
	return [
		...Object.entries(LEAST).flatMap(([name, least]) => {
			const { ratio } = rates[name as keyof typeof LEAST];
			return ratio < least
				? [`bench: cloud.${name}: at least ${least} of mosquitto, measured ${ratio.toFixed(3)}`]
				: [];
		}),
		...(bytesPerDevice.ratio > MOST_BYTES
			? [`bench: cloud.bytesPerDevice: at most ${MOST_BYTES} of mosquitto, measured ${bytesPerDevice.ratio.toFixed(3)}`]
			: []),
		...(refused.cloud > 0 ? [`bench: cloud: ${refused.cloud} of ${devices} devices were refused`] : []),
	];
}

const DEVICES = 3000;
const SPEAKERS = 50;
/** Of each in a round. */
const MESSAGES = 400;
/** Short ones, one server after the other: what else the machine does to its caches meets both, and what meets one does not decide. */
const ROUNDS = 9;
const REST_MS = 3000;

export const missing = (): string | false =>
	process.platform === "linux" ? noMosquitto : "SKIPPED: CPU and memory of a process are read from Linux's /proc";

export async function measureCloud(devices = DEVICES): Promise<Result> {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-bench-"));
	try {
		const stateFolder = join(folder, "cloud");
		const requests = [...(await makeRequests(devices))];
		const first = await startCloud({ stateFolder, retryAfterSeconds: 0 });
		const broker = await startMosquitto(folder, first.ready.deviceCa);
		const enrolled: Enrolled[] = [];
		const refused = { cloud: 0, mosquitto: 0 };
		const came: Pick<Result, "registrations" | "connections">[] = [];
		const size = Math.ceil(devices / ROUNDS);
		while (came.length < ROUNDS) {
			const group = requests.slice(came.length * size, (came.length + 1) * size);
			const enrol = await taken(first, () => enrolAll(first.ready, new Map(group)));
			const here = await taken(first, () => connectAll(first, enrol.result));
			const there = await taken(broker, () => connectAll(broker, enrol.result));
			came.push({ registrations: pair(enrol, there, group.length), connections: pair(here, there, group.length) });
			enrolled.push(...enrol.result);
			refused.cloud += group.length - here.result.size;
			refused.mosquitto += group.length - there.result.size;
			for (const probes of [here.result, there.result]) closeAll(probes);
		}
		const messages = await speakInTurn(first, broker, enrolled.slice(0, SPEAKERS));
		await first.end();
		await broker.end();

		const second = await startCloud({ stateFolder });
		const here = await rest(second, enrolled);
		await second.end();
		const fresh = await startMosquitto(folder, first.ready.deviceCa);
		const there = await rest(fresh, enrolled);
		await fresh.end();
		return {
			devices,
			...median(came),
			strangers: pair(here, there, devices),
			messages,
			bytesPerDevice: {
				cloud: here.bytes,
				mosquitto: there.bytes,
				ratio: here.bytes / there.bytes,
			},
			refused,
		};
	} finally {
		rmSync(folder, { recursive: true });
	}
}

interface Running extends Server {
	readonly pid: number;
	end(): Promise<void>;
}

/** What the server took of a CPU for it. */
async function taken<T>(server: Running, work: () => Promise<T>): Promise<Taken & { readonly result: T }> {
	const began = cpuSeconds(server.pid);
	const result = await work();
	return { result, seconds: cpuSeconds(server.pid) - began };
}

interface Taken {
	readonly seconds: number;
}

function pair(cloud: Taken, mosquitto: Taken, times: number): Pair {
	return {
		cloud: times / cloud.seconds,
		mosquitto: times / mosquitto.seconds,
		ratio: mosquitto.seconds / cloud.seconds,
	};
}

async function speakInTurn(cloud: Running, mosquitto: Running, devices: readonly Enrolled[]): Promise<Pair> {
	const [toCloud, toMosquitto] = [await connectAll(cloud, devices), await connectAll(mosquitto, devices)];
	const rounds: Pair[] = [];
	while (rounds.length < ROUNDS) {
		const here = await taken(cloud, () => publishAll(toCloud, MESSAGES));
		const there = await taken(mosquitto, () => publishAll(toMosquitto, MESSAGES));
		rounds.push(pair(here, there, devices.length * MESSAGES));
	}
	for (const probes of [toCloud, toMosquitto]) closeAll(probes);
	return median(rounds);
}

/** `bytes`: what the devices after the first fifth add, each: by then the server has grown what it grows once. */
async function rest(server: Running, devices: readonly Enrolled[]): Promise<Taken & { readonly bytes: number }> {
	const first = Math.ceil(devices.length / 5);
	const some = await taken(server, () => connectAll(server, devices.slice(0, first)));
	await pause(REST_MS);
	const before = residentBytes(server.pid);
	const others = await taken(server, () => connectAll(server, devices.slice(first)));
	await pause(REST_MS);
	const bytes = (residentBytes(server.pid) - before) / (devices.length - first);
	for (const { result } of [some, others]) closeAll(result);
	return { bytes, seconds: some.seconds + others.seconds };
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
