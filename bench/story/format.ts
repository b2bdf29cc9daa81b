/** The story bench as a table for people. */
import type { Result } from "./story.ts";

const NAMES: Readonly<Record<string, string>> = {
	csr: "start, key, CSR",
	dpsTls: "TLS to DPS",
	chain: "issued chain checked, stored",
	hubTls: "mutual TLS to the hub",
	settled: "twin, then a second of rest",
	message: "a message, acknowledged",
	request: "renewal: key, CSR, request",
	answer: "renewal answer checked, stored",
	newTls: "TLS after the renewal",
	settledAgain: "twin, then a second of rest",
	reconnect: "reconnect, session resumed",
};

export function formatStory({ phases, client }: Result): string {
	const rows = Object.entries(phases).map(([name, { instructions, allocatedBytes, collections }]) =>
		row([
			NAMES[name] ?? name,
			millions(instructions),
			millions(client[name]),
			kilobytes(allocatedBytes),
			String(collections),
		]),
	);
	const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
	const all = Object.values(phases);
	const first = Object.keys(client).map((name) => phases[name]!);
	const total = (title: string, of: typeof all, theirs?: number): string =>
		row([
			title,
			millions(sum(of.map(({ instructions }) => instructions))),
			millions(theirs),
			kilobytes(sum(of.map(({ allocatedBytes }) => allocatedBytes))),
			String(sum(of.map(({ collections }) => collections))),
		]);
	return [
		"A device's story on the layout of a 32-bit chip, beside a C client on mbedTLS",
		row(["", "instructions, M", "C client, M", "allocated, KB", "collections"]),
		...rows,
		total("enrolment to hub", first, sum(Object.values(client))),
		total("the whole story", all),
	].join("\n");
}

const millions = (count?: number): string => (count === undefined ? "" : (count / 1e6).toFixed(1));
const kilobytes = (bytes: number): string => (bytes / 1000).toFixed(0);
const row = (cells: readonly string[]): string =>
	cells.map((cell, i) => (i === 0 ? cell.padEnd(32) : cell.padStart(16))).join("");
