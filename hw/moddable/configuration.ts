/**
 * The agent's configuration on Moddable: the manifest's `config` block (or `mcconfig ... idScope=0ne...`), each field
 * overridden by what this one device was given: NVS on ESP32, ENROLLEE_* variables in the simulator.
 */
import { setting } from "enrollee/settings";
import config from "mc/config";
import { type Config, type ConfigInput, parseConfig } from "../../src/config.ts";

/** Also the keys in NVS, where a key has at most 15 characters. */
const FIELDS: readonly (keyof ConfigInput)[] = Object.freeze([
	"dps",
	"idScope",
	"registrationId",
	"symmetricKey",
	"groupKey",
	"onboardingCert",
	"onboardingKey",
	"operationalCsr",
	"operationalKey",
	"dialect",
	"hub",
	"ca",
	"trustBundle",
	"payload",
]);

/** Throws Fault config.missing, config.invalid. */
export function readConfig(): Config {
	const input: Partial<Record<keyof ConfigInput, string>> = {};
	for (const field of FIELDS) {
		const value = setting(field) ?? config[field];
		if (value !== undefined && value !== "") input[field] = String(value);
	}
	return parseConfig(input);
}
