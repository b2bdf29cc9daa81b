/**
 * What a battery device pays for a wake: a stored credential, mutual TLS with a full handshake, one acknowledged message, an
 * orderly end. Beside it the first one, which enrols, and a wake before servers whose chain is as large as a public service's.
 * Instructions by callgrind, bytes through a proxy.
 */
import { startCloud } from "../../cloud/cloud.ts";
import { type App, buildForXs } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { createServerChain, showing } from "../../test/support/server-chain.ts";
import { type Bytes, startProxy, twoNames } from "../agent/proxy.ts";
import { median } from "../budgets.ts";
import { count } from "../callgrind.ts";

export interface Cost extends Bytes {
	readonly instructions: number;
}

export interface Result {
	readonly enrolment: Cost;
	readonly wake: Cost;
	/** Four certificates of RSA-4096, a hundred names, 7 KB. */
	readonly largeChain: Cost;
}

/** Garbage collections fall as packets come. */
const LIVES = 3;
const OPTIONS = { polls: 0 };

export async function measureWake(): Promise<Result> {
	const app = await build();
	const lives = [];
	const chain = await createServerChain(["localhost", "127.0.0.1"]);
	const root = { ENROLLEE_CA: chain.at(-1)!.pem };
	for (let i = 0; i < LIVES; i++) {
		const { wake: largeChain } = await live(app, () => showing(chain, () => startCloud(OPTIONS)), root);
		lives.push({ ...(await live(app, () => startCloud(OPTIONS))), largeChain });
	}
	return median(lives);
}

function build(): Promise<App> {
	return buildForXs({
		name: "bench-wake",
		build: "release",
		manifest: {
			include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
			modules: { main: "$(ENROLLEE)/bench/wake/main", app: "$(ENROLLEE)/bench/wake/app" },
			preload: ["app"],
		},
	});
}

async function live(
	app: App,
	start: () => ReturnType<typeof startCloud>,
	settings: Readonly<Record<string, string>> = {},
): Promise<Omit<Result, "largeChain">> {
	const cloud = await start();
	let connections = 0;
	let first: Bytes = { up: 0, down: 0 };
	const proxy = await startProxy(cloud.port, () => {
		// DPS, the hub, and the hub again: what passed before is the enrolment's.
		if (++connections === 3) first = proxy.take();
	});
	try {
		const environment = { ...environmentOf(cloud, ""), ...twoNames(proxy), ...settings };
		// An exit code other than 0 is an error here.
		const { pieces } = await count(app.command, "xs_simulator_environment", environment);
		const [enrolment, wake] = pieces.slice(-2);
		return {
			enrolment: { instructions: enrolment!, ...first },
			wake: { instructions: wake!, ...proxy.take() },
		};
	} finally {
		proxy.close();
		await cloud.close();
	}
}

export function formatWake(result: Result): string {
	const row = (cells: readonly string[]): string =>
		cells.map((cell, i) => (i === 0 ? cell.padEnd(12) : cell.padStart(16))).join("");
	return [
		"A wake, from a stored credential to one acknowledged message; and the first, which enrols",
		row(["", "instructions, M", "bytes up", "bytes down"]),
		...Object.entries(result).map(([name, { instructions, up, down }]: [string, Cost]) =>
			row([name, (instructions / 1e6).toFixed(1), String(up), String(down)]),
		),
	].join("\n");
}
