/**
 * What each phase of a device's story costs on the layout of a 32-bit chip: instructions, bytes of chunks allocated, garbage
 * collections, with the manifest's own `creation`. Beside it a C client on mbedTLS (client.c) against the same cloud.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startCloud } from "../../cloud/cloud.ts";
import { type App, buildForXs, project, skipNarrow } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { SymmetricKey } from "../../src/dps/sas.ts";
import { startProxy, twoNames } from "../agent/proxy.ts";
import { median } from "../budgets.ts";
import { count } from "../callgrind.ts";

export interface Phase {
	readonly instructions: number;
	readonly allocatedBytes: number;
	readonly collections: number;
}

export interface Result {
	readonly phases: Readonly<Record<string, Phase>>;
	/** Instructions of the C client, for the first four phases. */
	readonly client: Readonly<Record<string, number>>;
}

const CLIENT_PHASES = ["csr", "dpsTls", "chain", "hubTls"];

const MBEDTLS = "/usr/lib/i386-linux-gnu";
/** 2100: a device and its token are of no time. */
const TOKEN_EXPIRES = 4_102_444_800;

/**
 * Millions of instructions. Bounds, not budgets: when packets come decides how often garbage is collected, which moves a phase by a
 * tenth.
 */
export const MOST: Readonly<Record<string, number>> = {
	csr: 18,
	dpsTls: 80,
	chain: 86,
	hubTls: 87,
	message: 1.5,
	request: 40,
	answer: 120,
	newTls: 80,
	reconnect: 19,
};

/** A line for each phase over its bound, and one where the C client needs less up to the hub. */
export function tooMuch({ phases, client }: Result): string[] {
	const over = Object.entries(MOST).flatMap(([name, most]) => {
		const found = phases[name]!.instructions / 1e6;
		return found > most ? [`bench: story.${name}: bound ${most} M, measured ${found.toFixed(1)} M`] : [];
	});
	const names = Object.keys(client);
	const sum = (of: (name: string) => number): number => names.reduce((total, name) => total + of(name), 0);
	const [ours, theirs] = [sum((name) => phases[name]!.instructions), sum((name) => client[name]!)];
	return ours < theirs ? over : [...over, `bench: story: enrolment to hub takes ${ours}, a C client ${theirs}`];
}

/** Garbage collections fall as packets come. */
const STORIES = 3;

export async function measureStory(): Promise<Result> {
	const app = await buildStory(CREATION);
	const folder = mkdtempSync(join(tmpdir(), "enrollee-story-"));
	try {
		const client = await buildClient(folder);
		const stories = [];
		for (let i = 0; i < STORIES; i++)
			stories.push({ phases: await tell(app), client: await tellClient(client, folder) });
		return median(stories);
	} finally {
		rmSync(folder, { recursive: true });
	}
}

/** What this bench needs beside valgrind: false or the reason to skip. */
export const missing = (): string | false =>
	skipNarrow() || (existsSync(join(MBEDTLS, "libmbedtls.a")) ? false : "SKIPPED: no libmbedtls-dev:i386");

/** What the machine begins with: bytes of chunks, slots, slots of stack. */
export interface Creation {
	readonly chunk: { readonly initial: number; readonly incremental: number };
	readonly heap: { readonly initial: number; readonly incremental: number };
	readonly stack: number;
}

/** The manifest's. */
export const CREATION: Creation = JSON.parse(readFileSync(join(project, "hw/moddable/manifest.json"), "utf8")).creation;

export function buildStory(creation: Creation, name = "bench-story"): Promise<App> {
	return buildForXs({
		name,
		build: "release",
		narrow: true,
		manifest: {
			build: { LIBRARIES: "-Wl,--wrap=fxNewChunk" },
			include: ["$(ENROLLEE)/hw/moddable/manifest.json"],
			creation,
			modules: {
				"*": "$(ENROLLEE)/bench/story/allocated",
				main: "$(ENROLLEE)/bench/story/main",
				app: "$(ENROLLEE)/bench/story/app",
			},
			preload: ["app", "allocated"],
		},
	});
}

async function buildClient(folder: string): Promise<string> {
	const client = join(folder, "client");
	const libraries = ["libmbedtls.a", "libmbedx509.a", "libmbedcrypto.a"].map((name) => join(MBEDTLS, name));
	const source = join(project, "bench/story/client.c");
	await promisify(execFile)("gcc", ["-m32", "-O2", source, "-o", client, ...libraries]);
	return client;
}

async function tellClient(client: string, folder: string): Promise<Result["client"]> {
	const cloud = await startCloud({ polls: 0 });
	try {
		const { idScope, registrationId, symmetricKey, ca } = cloud.settings;
		const file = join(folder, "ca.pem");
		writeFileSync(file, ca);
		const key = SymmetricKey.parse(symmetricKey, "key");
		const token = key.token(`${idScope}/registrations/${registrationId}`, TOKEN_EXPIRES, "registration");
		const options = [String(cloud.port), cloud.host, file, idScope, registrationId, token];
		const { pieces } = await count([client, ...options], "mark");
		return Object.fromEntries(CLIENT_PHASES.map((name, i) => [name, pieces[i]!]));
	} finally {
		await cloud.close();
	}
}

export async function tell(app: App): Promise<Result["phases"]> {
	const cloud = await startCloud({ polls: 0 });
	const proxy = await startProxy(cloud.port, () => {});
	try {
		const environment = { ...environmentOf(cloud, ""), ...twoNames(proxy) };
		const onLine = (line: string): void => {
			if (line === "story break") proxy.cut();
		};
		const { pieces, calls, output } = await count(app.command, "xs_simulator_environment", environment, {
			calls: "fxCollect",
			onLine,
		});
		const phases = /^story (.*=.*)$/m
			.exec(output)![1]!
			.split(",")
			.map((phase) => phase.split("="));
		const first = pieces.length - phases.length;
		return Object.fromEntries(
			phases.map(([name, bytes], i) => [
				name!,
				{ instructions: pieces[first + i]!, allocatedBytes: Number(bytes), collections: calls[first + i]! },
			]),
		);
	} finally {
		proxy.close();
		await cloud.close();
	}
}
