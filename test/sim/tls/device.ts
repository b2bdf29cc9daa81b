/** The TLS client on XS, as tests see it: scenarios in, one result each out. */
import assert from "node:assert/strict";
import { type App, buildForXs } from "../../../hw/simulator/harness.ts";
import type { Entity } from "./pki.ts";

export interface Scenario {
	readonly name: string;
	readonly port: number;
	readonly host: string;
	/** Trust anchors instead of connectAll's, hexadecimal DER; none: the built-in ones. */
	readonly anchors?: readonly string[];
	readonly chain?: readonly string[];
	/** Days from now: what the device knows of the time besides its clock. */
	readonly notBefore?: number;
	/** Days from now: what the store of sessions takes the time for. */
	readonly clock?: number;
	/** P-256 or P-384 client key. */
	readonly scalar?: string;
	/** RSA client key. */
	readonly pkcs8?: string;
	/** How often "ping" is sent at once, and how many bytes must come back. */
	readonly pings?: number;
	readonly expectBytes?: number;
	/** Once more bytes than these have come, each read is answered. */
	readonly answersAfter?: number;
	/** Of the plaintext of one record from the server. */
	readonly maxRecordBytes?: number;
	/** Sessions are taken up from, and left in, the place of that name. */
	readonly resumption?: string | undefined;
	/** What is kept there of sessions is forgotten first. */
	readonly forgets?: boolean;
	/** How many writes the connection takes before it is dead. */
	readonly writes?: number;
	/** Where the peer has closed TCP takes nothing while what came still waits to be read, and says so then, or later. */
	readonly lwip?: "told" | "later";
}

/** `result`: "connected", a TLSError's code, "closed" (orderly), "timeout"; anything else is a defect of the module. */
export interface Result {
	readonly name: string;
	readonly result: string;
	readonly message?: string;
	/** Where it was open. */
	readonly isResumed?: boolean;
	/** Whether the server's chain was verified before, where a full handshake asked. */
	readonly isKnown?: boolean;
}

export const buildDevice = (): Promise<App> =>
	buildForXs({
		name: "tls",
		build: "release",
		manifest: {
			include: [
				"$(ENROLLEE)/hw/moddable/tls/manifest.json",
				"$(MODDABLE)/examples/manifest_base.json",
				"$(ENROLLEE)/hw/simulator/lib/manifest.json",
			],
			creation: { stack: 768 },
			modules: { "*": [], main: "$(ENROLLEE)/test/sim/tls/connect" },
		},
	});

/** With `anchors`, unless a scenario has its own. The machine must survive all of them: the exit code is checked. */
export async function connectAll(
	app: App,
	scenarios: readonly Scenario[],
	anchors: readonly string[],
): Promise<Map<string, Result>> {
	const results = new Map<string, Result>();
	const { exitCode, output } = await app.run({
		environment: { SCENARIOS: JSON.stringify(scenarios), ANCHORS: JSON.stringify(anchors) },
		onLine(line) {
			if (!line.startsWith("RESULT ")) return;
			const result = JSON.parse(line.slice(7)) as Result;
			assert.ok(!results.has(result.name), `two results: ${line}`);
			results.set(result.name, result);
		},
	});
	assert.equal(exitCode, 0, output.slice(-2000));
	return results;
}

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

export const anchor = (...entities: readonly Entity[]): string[] => entities.map(({ der }) => hex(der));

export function identity(...chain: readonly Entity[]): Pick<Scenario, "chain" | "scalar" | "pkcs8"> {
	const { key, type } = chain[0]!;
	const { d } = key.export({ format: "jwk" });
	return {
		chain: anchor(...chain),
		...(type === "P-256" || type === "P-384"
			? { scalar: hex(Buffer.from(d!, "base64url")) }
			: { pkcs8: hex(key.export({ type: "pkcs8", format: "der" })) }),
	};
}
