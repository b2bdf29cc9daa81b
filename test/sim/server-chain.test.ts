/**
 * The whole agent before servers whose chain is as large as a public service's, in machines that cannot grow: who trusts its root enrols and
 * works with the hub; for anybody else it ends with a Fault. XS aborts a machine that runs short.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import { type App, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { buildFixed, FIXED, RESERVED } from "../support/instrumented.ts";
import { createServerChain, showing } from "../support/server-chain.ts";
import { type Entity, issue } from "./tls/pki.ts";

const MACHINES = [
	["what the manifest reserves", RESERVED],
	["64 KB", FIXED],
] as const;

describe("four certificates of RSA-4096 with a hundred names, in 7 KB", { skip }, () => {
	let chain: readonly Entity[];
	let stranger: Entity;
	before(async () => {
		chain = await createServerChain(["localhost"]);
		stranger = await issue({ name: "Service Root CA", type: "RSA-4096", ca: {} });
	});

	async function meet(app: App, anchor: Pick<Entity, "pem"> | undefined, sent: readonly Entity[]) {
		const state = mkdtempSync(join(tmpdir(), "enrollee-chain-"));
		const cloud = await showing(sent, () => startCloud());
		try {
			const environment = { ...environmentOf(cloud, state), ENROLLEE_CA: anchor?.pem ?? "" };
			return await app.run({ environment, stopAt: /^phase waiting/ });
		} finally {
			await cloud.close();
			rmSync(state, { recursive: true });
		}
	}

	for (const [name, machine] of MACHINES)
		describe(name, () => {
			let app: App;
			before(async () => {
				app = await buildFixed("memory", machine, { main: "$(ENROLLEE)/test/sim/apps/memory" });
			});

			test("under its root, under another of its certificates, and with the root left out: telemetry is acknowledged", async () => {
				const bytes = chain.reduce((sum, { der }) => sum + der.length, 0);
				assert.ok(bytes > 7000, `${bytes} bytes`);
				const [, , policy, root] = chain as [Entity, Entity, Entity, Entity];
				for (const [anchor, sent] of [
					[root, chain],
					[policy, chain],
					[root, chain.slice(0, 3)],
				] as const) {
					const { exitCode, output } = await meet(app, anchor, sent);
					assert.equal(exitCode, 0, output.slice(-1500));
					assert.match(output, /^phase telemetry\.acknowledged /m);
				}
			});

			const most = machine === RESERVED ? 5 : 3;
			test(`under its root as the last of ${most} anchors with such keys: telemetry is acknowledged`, async () => {
				const others = Array.from({ length: most - 1 }, () => stranger);
				const pem = [...others, chain.at(-1)!].map((one) => one.pem).join("");
				const { exitCode, output } = await meet(app, { pem }, chain);
				assert.equal(exitCode, 0, output.slice(-1500));
			});

			test("under another root of that name, or none of its own: a Fault, and it waits", async () => {
				for (const anchor of [stranger, undefined]) {
					const { output } = await meet(app, anchor, chain);
					assert.match(output, /^tls\.untrusted .*\n(.*\n)*phase waiting /m);
				}
			});
		});
});
