/** What the documents tell a reader to type, and what they say of commands between the lines. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const FOLDERS = ["docs", "hw/moddable", "examples"];

/** Those of the package that a user reads. The change log tells of commands that have been. */
export const DOCUMENTS: readonly string[] = [
	"README.md",
	"SECURITY.md",
	"cloud/README.md",
	...FOLDERS.flatMap((folder) =>
		readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((name) => join(folder, name)),
	).filter((path) => path.endsWith(".md") && !path.includes("node_modules")),
];

/** With what a command line begins, after its variables. */
const PROGRAM =
	/^(?:\w+=\S+ )*(?:npx|npm|az|export|openssl|mosquitto_\w+|curl|python3?|esptool\.py|node|git|sudo|softhsm2-util|mcconfig|xs-dev)(?: |$)/;
const VARIABLES = /^(?:\w+=\S+ ?)+$/;

export interface Block {
	readonly document: string;
	/** Joined where they go on in the next line, without comments. */
	readonly lines: readonly string[];
}

/** Every block without a language: commands, or what is nothing to type (a drawing, an output). */
export function blocksOf(document: string): Block[] {
	const text = readFileSync(join(ROOT, document), "utf8");
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
export function spansOf(document: string): string[] {
	const text = readFileSync(join(ROOT, document), "utf8").replace(/^```\w*\n.*?^```$/gms, "");
	return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span]) => span!);
}

/** The numbers of the cells of the row that begins so; of several rows the how-manieth, from 0. */
export function rowOf(document: string, label: string, nth = 0): number[] {
	const lines = readFileSync(join(ROOT, document), "utf8").split("\n");
	const line = lines.filter((line) => line.startsWith(`| ${label}`))[nth];
	if (line === undefined) throw new Error(`${document} has no row ${label}`);
	return line.split("|").slice(2, -1).map(numberIn);
}

const FRACTIONS: Readonly<Record<string, number>> = { half: 1 / 2, quarter: 1 / 4, fifth: 1 / 5 };
const WORDS = ["", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

/** "5.4 M" is 5,400,000, "53.7 KB" 53,700, "a" and "one" 1, "half" 0.5, "0x10" 16. */
export function numberIn(text: string): number {
	if (/^0x[0-9a-f]+$/.test(text)) return Number(text);
	if (/^an?$/.test(text)) return 1;
	if (/^[a-z]+$/.test(text)) return WORDS.includes(text) ? WORDS.indexOf(text) : (FRACTIONS[text] ?? Number.NaN);
	const [, digits, unit] = /([\d,.]+) ?(M|KB)?/.exec(text) ?? [];
	return Number(digits?.replaceAll(",", "")) * (unit === "M" ? 1e6 : unit === "KB" ? 1e3 : 1);
}

/** The numbers that the groups match in the document's text, whose lines are joined. */
export function numbersIn(document: string, sentence: RegExp): number[] {
	const claimed = sentence.exec(readFileSync(join(ROOT, document), "utf8").replace(/\s+/g, " "));
	if (claimed === null) throw new Error(`${document} does not say ${sentence.source}`);
	return claimed.slice(1).map(numberIn);
}

/** What the groups of the expression match in a source's text, as numbers: for what no module exports. */
export function sourceNumbers(path: string, pattern: RegExp): number[] {
	const found = pattern.exec(readFileSync(join(ROOT, path), "utf8"));
	if (found === null) throw new Error(`${path} has no ${pattern.source}`);
	return found.slice(1).map((number) => Number(number.replaceAll("_", "")));
}

/** "LIMIT", or "LIMITS.most": a number, or a product of numbers. */
export function constantIn(path: string, name: string): number {
	const [constant, member] = name.split(".") as [string, string?];
	const text = readFileSync(join(ROOT, path), "utf8");
	const value = new RegExp(`\\b${constant}\\b[^=;]*= ([^;]+);`).exec(text)?.[1];
	const number = member === undefined ? value : new RegExp(`\\b${member}: ([^,}]+)`).exec(value ?? "")?.[1];
	const product = number?.split("*").reduce((all, factor) => all * Number(factor.replaceAll(/[_"]/g, "")), 1);
	if (product === undefined || Number.isNaN(product)) throw new Error(`${path} has no number ${name}`);
	return product;
}
