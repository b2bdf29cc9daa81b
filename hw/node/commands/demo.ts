/**
 * `enrollee demo`, what `npm start` runs: the main job, whole. A local cloud on a free loopback port, a fresh device
 * that makes its key, enrols with a CSR, reaches the hub with the issued certificate, has telemetry acknowledged, renews
 * its certificate over the hub and proves the new one.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { startCloud } from "../../../cloud/cloud.ts";
import { Agent } from "../../../src/agent.ts";
import { parseConfig } from "../../../src/config.ts";
import { Fault } from "../../../src/fault.ts";
import { Journal } from "../../../src/identity/journal.ts";
import { clock } from "../clock.ts";
import { openDemoFolder } from "../demo-folder.ts";
import { fill } from "../entropy.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { openStore } from "../store.ts";
import { createWire } from "../wire.ts";

interface DemoFlags extends OutputFlags {
	readonly state: string;
}

export function addDemo(program: Command): void {
	const command = program
		.command("demo")
		.description("The main job, whole: a local cloud and a fresh device that enrols and works with its hub.")
		.option("--state <folder>", "its own: device/ and cloud/ in it are made anew", join(".enrollee", "demo"));
	common(command).action(demo);
}

async function demo(flags: DemoFlags): Promise<void> {
	const { log, result } = createOutput(flags);
	const { device, cloud: stateFolder } = openDemoFolder(flags.state);
	const cloud = await startCloud({ stateFolder });
	log("cloud.ready", { host: cloud.host, port: cloud.port, idScope: cloud.idScope });
	try {
		const store = openStore(device);
		const agent = new Agent({
			wire: createWire(),
			store,
			clock,
			entropy: { fill },
			log,
			config: parseConfig({
				dps: `${cloud.host}:${cloud.port}`,
				idScope: cloud.idScope,
				registrationId: cloud.registrationId,
				symmetricKey: cloud.symmetricKey,
				ca: readFileSync(cloud.rootCa, "utf8"),
			}),
			once: true,
		});
		agent.telemetry({ hello: "hub" }, {}, (fault) => {
			if (fault) return;
			log("telemetry.acknowledged");
			agent.renew();
		});
		await agent.finished;
		const renewed = new Journal(store).load().current?.sequence === 2;
		if (!renewed) throw new Fault("agent.failed", "the certificate was not renewed; the steps above say why");
		log("cloud.received", { messages: cloud.telemetry.length, registrations: cloud.registrations.length });
	} finally {
		await cloud.close();
	}
	const show = `enrollee show --state ${device}`;
	result(`\nDone. The device's identity is in ${device}; look at it with: npx ${show}`, { event: "done", show });
}
