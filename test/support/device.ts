/** A device for tests: the agent on Node's wire and clock with flash in memory, against a local cloud. */
import { readFileSync } from "node:fs";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import type { CloudOptions, Ready } from "../../cloud/contract.ts";
import { clock } from "../../hw/node/clock.ts";
import { fill } from "../../hw/node/entropy.ts";
import { createWire } from "../../hw/node/wire.ts";
import { Agent, type AgentOptions } from "../../src/agent.ts";
import { type ConfigInput, parseConfig } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { Journal, type Journaled } from "../../src/identity/journal.ts";
import type { Keystore, LogValue } from "../../src/port.ts";
import { FakeStore } from "./store.ts";

export interface Step {
	readonly step: string;
	readonly detail: Readonly<Record<string, LogValue>>;
}

export interface Run {
	/** What ended the run; undefined after success. */
	readonly fault: Fault | undefined;
	readonly steps: readonly Step[];
}

/** What it needs to know to enrol with its individual key. */
export function configFor(cloud: Ready, input: ConfigInput = {}): ConfigInput {
	const key = input.onboardingCert || input.groupKey ? {} : { symmetricKey: cloud.symmetricKey };
	return {
		dps: `${cloud.host}:${cloud.port}`,
		idScope: cloud.idScope,
		registrationId: cloud.registrationId,
		ca: input.ca ?? readFileSync(cloud.rootCa, "utf8"),
		...key,
		...input,
	};
}

export class Device {
	readonly store: FakeStore;
	readonly #cloud: Ready;

	constructor(cloud: Ready, store = new FakeStore()) {
		this.#cloud = cloud;
		this.store = store;
	}

	get journal(): Journaled {
		return new Journal(this.store).load();
	}

	journalWith(keystore: Keystore): Journaled {
		return new Journal(this.store, keystore).load();
	}

	/** One boot with `--once`: enrol if needed, one acknowledged message. */
	async once(input: ConfigInput = {}, options: Partial<AgentOptions> = {}): Promise<Run> {
		const steps: Step[] = [];
		let acknowledged = false;
		const agent = this.boot(input, {
			once: true,
			log: (step, detail = {}) => void steps.push({ step, detail }),
			...options,
		});
		agent.telemetry({ hello: "hub" }, {}, (fault) => {
			acknowledged = !fault;
		});
		try {
			await agent.finished;
		} catch (thrown) {
			if (thrown instanceof Fault) return { fault: thrown, steps };
			throw thrown;
		}
		if (!acknowledged) throw new Error("the run ended well but its message was never acknowledged");
		return { fault: undefined, steps };
	}

	boot(input: ConfigInput = {}, options: Partial<AgentOptions> = {}): Agent {
		return new Agent({
			wire: createWire(),
			store: this.store,
			clock,
			entropy: { fill },
			config: parseConfig(configFor(this.#cloud, input)),
			...options,
		});
	}
}

/** A cloud for one test; it answers a register request at once unless `polls` says otherwise. */
export async function withCloud(options: CloudOptions, use: (cloud: Cloud) => Promise<void>): Promise<void> {
	const cloud = await startCloud({ polls: 0, ...options });
	try {
		await use(cloud);
	} finally {
		await cloud.close();
	}
}
