/** What the documents tell a reader to type, and what they say of commands between the lines. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Those that a user reads. The change log tells of commands that have been. */
export const DOCUMENTS = [
	"README.md",
	"SECURITY.md",
	"cloud/README.md",
	"hw/moddable/README.md",
	"hw/moddable/tls/README.md",
	"hw/moddable/xs-rom/README.md",
	"docs/azure.md",
	"docs/battery.md",
	"docs/field-cases.md",
	"docs/local-cloud.md",
	"docs/production.md",
	"docs/reference.md",
	"docs/updates.md",
] as const;

/** With what a command line begins, after its variables. */
const PROGRAM =
	/^(?:\w+=\S+ )*(?:npx|npm|az|export|openssl|mosquitto_\w+|curl|python3?|esptool\.py|node|git|mcconfig|xs-dev)(?: |$)/;
const VARIABLES = /^(?:\w+=\S+ ?)+$/;

export interface Block {
	readonly document: string;
	/** Joined where they go on in the next line, without comments. */
	readonly lines: readonly string[];
}

/** Every block without a language: commands, or what is nothing to type (a drawing, an output). */
export function blocksOf(root: string, document: string): Block[] {
	const text = readFileSync(join(root, document), "utf8");
	const fenced = [...text.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, language, block]) =>
		language === "" ? [block!] : [],
	);
	const indented = [...text.matchAll(/(?<=\n\n)((?: {4}\S.*\n)+)/g)].map(([, block]) => block!.replace(/^ {4}/gm, ""));
	return [...fenced, ...indented].map((block) => ({
		document,
		lines: block
			.replace(/\\\n\s*/g, "")
			.split("\n")
			.map((line) => line.replace(/\s{2,}#.*$/, "").trimEnd())
			.filter((line) => line !== ""),
	}));
}

export const isCommand = (line: string): boolean => PROGRAM.test(line) || VARIABLES.test(line);

/** Code within the text: `enrollee run --once`. */
export function spansOf(root: string, document: string): string[] {
	const text = readFileSync(join(root, document), "utf8").replace(/^```\w*\n.*?^```$/gms, "");
	return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
}
