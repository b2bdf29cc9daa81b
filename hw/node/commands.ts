/** The commands: what each is for, in one line, and where it is. */
import { Command } from "commander";

interface Entry {
	readonly description: string;
	load(): Promise<(program: Command) => void>;
}

export const COMMANDS: Readonly<Record<string, Entry>> = {
	run: {
		description: "the agent on this machine: enrol if needed, connect, send telemetry",
		load: async () => (await import("./commands/run.ts")).addRun,
	},
	renew: {
		description: "renew the certificate now, and prove the new one",
		load: async () => (await import("./commands/renew.ts")).addRenew,
	},
	show: {
		description: "the stored identity: subject, issuer, validity, whether the key matches",
		load: async () => (await import("./commands/show.ts")).addShow,
	},
	csr: {
		description: "make or reuse the device's key and print its certificate signing request",
		load: async () => (await import("./commands/csr.ts")).addCsr,
	},
	reset: {
		description: "give up the stored identity",
		load: async () => (await import("./commands/reset.ts")).addReset,
	},
	config: {
		description: "the settings in force, and where each comes from",
		load: async () => (await import("./commands/config.ts")).addConfig,
	},
	doctor: {
		description: "examine this machine and the way to the service, with a remedy for each trouble",
		load: async () => (await import("./commands/doctor.ts")).addDoctor,
	},
	cloud: {
		description: "a local DPS and IoT Hub, with faults on demand",
		load: async () => (await import("./commands/cloud.ts")).addCloud,
	},
	demo: {
		description: "the main job, whole: a local cloud and a fresh device",
		load: async () => (await import("./commands/demo.ts")).addDemo,
	},
	factory: {
		description: "the NVS CSV that turns one firmware image into many devices",
		load: async () => (await import("./commands/factory.ts")).addFactory,
	},
	bundle: {
		description: "keys, packing and checking of signed update bundles",
		load: async () => (await import("./commands/bundle.ts")).addBundle,
	},
	new: {
		description: "a typed Moddable application that includes the agent",
		load: async () => (await import("./commands/new.ts")).addNew,
	},
	completion: {
		description: "a script that completes commands and flags in bash, zsh or fish",
		async load() {
			const { addCompletion } = await import("./commands/completion.ts");
			return (program) => addCompletion(program, wholeProgram);
		},
	},
};

export const isWord = (word: string): boolean => !word.startsWith("-");

/** The command that the words call: the first that is no flag. */
export function commandOf(words: readonly string[]): string | undefined {
	const [first, second] = words.filter(isWord);
	return first === "help" ? second : first;
}

/** With every flag of every command. */
export async function wholeProgram(): Promise<Command> {
	const program = new Command("enrollee");
	for (const { load } of Object.values(COMMANDS)) (await load())(program);
	return program;
}
