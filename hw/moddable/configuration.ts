/**
 * The agent's configuration on Moddable: the manifest's `config` block (or `mcconfig ... idScope=0ne...`), each field
 * overridden by what this one device was given: NVS on ESP32, ENROLLEE_* variables in the simulator.
 */
import { setting } from "enrollee/settings";
import config from "mc/config";
import { type Config, type ConfigInput, parseConfig } from "../../src/config.ts";

/** Each field of ConfigInput. Also the keys in NVS, where a key has at most 15 characters. */
const FIELDS: Readonly<Record<keyof ConfigInput, true>> = Object.freeze({
	dps: true,
	idScope: true,
	registrationId: true,
	symmetricKey: true,
	groupKey: true,
	onboardingCert: true,
	onboardingKey: true,
	operationalCsr: true,
	operationalKey: true,
	dialect: true,
	transport: true,
	hub: true,
	ca: true,
	trustBundle: true,
	renewAt: true,
	key: true,
	renewKey: true,
	payload: true,
	queueMessages: true,
	queueBytes: true,
	maxMessageBytes: true,
	operations: true,
	healthSeconds: true,
	firmware: true,
	releaseKey: true,
	nextReleaseKey: true,
	updateClass: true,
	updateVendor: true,
	updateCa: true,
	updateHosts: true,
	trialSeconds: true,
});

/**
 * What a machine can hold beside a session and an update's state, with its copies on the way: a fourteenth of `creation`'s chunks
 * (test/sim/hostile.test.ts: with twice that a twin of 28 KB of text no longer leaves room), and as much less as it has fewer slots
 * for them than manifest.json has. That has 2,048, and so has a smaller one: what an agent gets has to be read.
 */
const LEAST_MESSAGE_BYTES = 2048;
const MOST_MESSAGE_BYTES = 262_144;
const CHUNK_BYTES = 28_672;
const SLOTS = 2496;

function messageBytes(): number {
	const [chunks = 0, slots = 0] = new Uint32Array(native("xs_creation").call(undefined) as ArrayBuffer);
	const room = Math.floor(LEAST_MESSAGE_BYTES * Math.min(chunks / CHUNK_BYTES, slots / SLOTS));
	return Math.min(MOST_MESSAGE_BYTES, Math.max(LEAST_MESSAGE_BYTES, room));
}

/** Throws Fault config.missing, config.invalid. */
export function readConfig(): Config {
	const input: Partial<Record<keyof ConfigInput, string>> = {};
	for (const field of Object.keys(FIELDS) as (keyof ConfigInput)[]) {
		const value = setting(field) ?? config[field];
		if (value !== undefined && value !== "") input[field] = String(value);
	}
	return parseConfig({ ...input, maxMessageBytes: input.maxMessageBytes ?? String(messageBytes()) });
}
