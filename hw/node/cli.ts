#!/usr/bin/env node
/**
 * `enrollee`: the command line on Node. Exit 0 success, 1 the job failed, 2 wrong usage. One file a command in commands/, and only
 * the one that is called is loaded.
 */
import { Command } from "commander";
import { VERSION } from "../../src/release.ts";
import { COMMANDS, commandOf, isWord } from "./commands.ts";
import { outputFault, report } from "./ending.ts";

/** `run` takes two seconds at most. */
const MOST_ENDING_MS = 3000;

const words = process.argv.slice(2);
const given = { json: words.includes("--json"), verbose: words.includes("-v") || words.includes("--verbose") };

/** The reader has gone, or the disk is full: what is under way ends as at an interrupt, whatever it would still say. */
let isUnread = false;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
	if (isUnread) return;
	isUnread = true;
	process.exitCode = report(outputFault(error), given);
	if (!process.emit("SIGTERM")) process.exit();
	setTimeout(() => process.exit(), MOST_ENDING_MS).unref();
});
process.stderr.on("error", () => process.exit(1));

/** Help or version, which commander prints, in pieces. */
let shown = "";

const program = new Command("enrollee")
	.description("Device agent: makes its own identity, enrols through Azure DPS with a CSR, works with IoT Hub.")
	.version(VERSION, "-V, --version")
	.exitOverride()
	.configureOutput({
		outputError: () => {}, // report() says it
		...(given.json && { writeErr: () => {}, writeOut: (text: string) => (shown += text) }),
	});

try {
	const chosen = commandOf(words);
	for (const [name, { description, load }] of Object.entries(COMMANDS))
		if (name === chosen) (await load())(program);
		else program.command(name).description(description);
	// What every command takes, where there is none yet, or only the name of several.
	const named = program.commands.find((command) => command.name() === chosen);
	const isBare = chosen === undefined || (named?.commands.length && words.filter(isWord).length < 2);
	const bare = isBare ? words.filter((word) => !["--json", "-v", "-q"].includes(word)) : words;
	await program.parseAsync(bare, { from: "user" });
} catch (thrown) {
	const version = { event: "version", version: VERSION };
	const said = shown === `${VERSION}\n` ? version : { event: "help", text: shown };
	if (shown !== "") process.stdout.write(`${JSON.stringify(said)}\n`);
	process.exitCode = isUnread ? 1 : report(thrown, given);
	// Whatever is still open, a connection, a timer, keeps nobody waiting.
	setTimeout(() => process.exit(), 1000).unref();
}
