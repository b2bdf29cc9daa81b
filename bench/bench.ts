/**
 * `npm run bench -- crypto [--json] [--check] [--default-table]`: what things cost on XS, beside others.
 *
 * Prints a table; with --json its last line is one JSON object. --check compares with bench/budgets.json and fails, with
 * both numbers, where a count differs by more than 5 %. --write makes the budgets anew. --default-table also runs stock
 * noble with the table that no device has room for.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { skip } from "../test/sim/harness.ts";
import { compare } from "./budgets.ts";
import { measureCrypto, measureDefaultTable } from "./crypto/crypto.ts";
import { format } from "./crypto/format.ts";

const BUDGETS = new URL("budgets.json", import.meta.url);

const { values: options, positionals } = parseArgs({
	allowPositionals: true,
	options: {
		json: { type: "boolean" },
		check: { type: "boolean" },
		write: { type: "boolean" },
		"default-table": { type: "boolean" },
	},
});

if (positionals.some((name) => name !== "crypto")) {
	console.error(`bench: no such bench: ${positionals.join(" ")}; there is crypto`);
	process.exitCode = 2;
} else if (missing()) console.log(missing());
else await crypto();

function missing(): string | false {
	if (skip) return skip;
	if (spawnSync("valgrind", ["--version"]).error) return "SKIPPED: no valgrind";
	return existsSync("/usr/include/mbedtls/ecdsa.h") ? false : "SKIPPED: no libmbedtls-dev";
}

async function crypto(): Promise<void> {
	const result = await measureCrypto();
	console.log(format(result));
	if (options["default-table"]) console.log("stock noble, default table", await measureDefaultTable());
	if (options.write) writeFileSync(BUDGETS, `${JSON.stringify({ crypto: result }, undefined, "\t")}\n`);
	if (options.check) {
		const { crypto: budgets } = JSON.parse(readFileSync(BUDGETS, "utf8"));
		const differences = compare(budgets, result);
		for (const line of differences) console.error(line);
		if (differences.length > 0) process.exitCode = 1;
	}
	if (options.json) console.log(JSON.stringify({ crypto: result }));
}
