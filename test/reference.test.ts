/**
 * docs/reference.md is made of the code: every Fault with its remedy, every event of the log with what it says, every call of the
 * local cloud's HTTP API. ENROLLEE_DOCS=write writes it; else it must be what is there.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import ts from "typescript";
import { ROUTES } from "../cloud/routes.ts";
import { FAULTS } from "../src/remedies.ts";
import { walk } from "./support/syntax.ts";

const root = join(import.meta.dirname, "..");
const path = join(root, "docs", "reference.md");

test("docs/reference.md says what the code says", () => {
	const text = [HEAD, faults(), events(), calls()].join("\n\n");
	if (process.env.ENROLLEE_DOCS === "write") writeFileSync(path, `${text}\n`);
	assert.equal(readFileSync(path, "utf8"), `${text}\n`, "ENROLLEE_DOCS=write npm test writes it anew");
});

const HEAD = `# Reference

Made of the code by test/reference.test.ts: what can go wrong and what to do about it, what the log says, what the local cloud's HTTP
API takes. Settings and flags: \`enrollee COMMAND --help\`; those in force: \`enrollee config\`.`;

function faults(): string {
	const rows = Object.entries(FAULTS).map(([code, remedy]) => `| \`${code}\` | ${remedy.replaceAll("|", "\\|")} |`);
	return ["## Faults", "", "| code | what to do |", "| --- | --- |", ...rows].join("\n");
}

/** Every `log("name", { ... })` of the agent: the names of what it says beside the event. */
function events(): string {
	const found = new Map<string, Set<string>>();
	for (const file of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter(isSource).sort()) {
		const tree = ts.createSourceFile(file, readFileSync(join(root, "src", file), "utf8"), ts.ScriptTarget.Latest, true);
		walk(tree, (node) => {
			if (!ts.isCallExpression(node) || !/(^|\.)#?log(\?\.)?$/.test(node.expression.getText())) return;
			const [name, detail] = node.arguments;
			if (!name || !ts.isStringLiteral(name)) return;
			const fields = found.get(name.text) ?? new Set();
			found.set(name.text, fields);
			if (detail && ts.isObjectLiteralExpression(detail))
				for (const { name: field } of detail.properties) if (field) fields.add(field.getText());
		});
	}
	assert.ok(found.size > 20);
	const rows = [...found].sort().map(([name, fields]) => `| \`${name}\` | ${[...fields].join(", ")} |`);
	return ["## Events of the log", "", "| event | with |", "| --- | --- |", ...rows].join("\n");
}

const isSource = (file: string): boolean => /(?<!\.d)\.ts$/.test(file);

function calls(): string {
	const rows = ROUTES.map(({ method, path }) => {
		const text = path.source.replace(/^\^|\$$/g, "").replaceAll("\\/", "/");
		return `| ${method} | \`${text.replace("([^/]+)", "ID").replace("([^/]+)", "NAME").replaceAll("|", "\\|")}\` |`;
	});
	return ["## HTTP calls of the local cloud", "", "Each with its bearer token, JSON both ways: cloud/README.md.", ""]
		.concat(["| method | path |", "| --- | --- |", ...rows])
		.join("\n");
}
