/** The crypto bench as a table for people. */
import type { Compared, Library, Operations, Result } from "./crypto.ts";

export function formatCrypto({ mbedtls, p384, ram, flash, ...p256 }: Result): string {
	const row = (
		name: string,
		{ keygen, sign, verify }: Operations,
		{ load, liveBytes, peakBytes }: Partial<Library> = {},
	) =>
		[name, ...[keygen, sign, verify, load].map(millions), ...[liveBytes, peakBytes].map(plain)]
			.map((cell, i) => (i === 0 ? cell.padEnd(34) : cell.padStart(9)))
			.join(" ");
	const ratio = (name: string, over: Operations, under: Operations) =>
		row(name, { keygen: over.keygen / under.keygen, sign: over.sign / under.sign, verify: over.verify / under.verify });
	const compared = ({ ours, stock, small }: Compared) => [
		row("enrollee, 64 KB chunks", ours, ours),
		row("stock noble W=1, 64 KB chunks", stock, stock),
		ratio("  stock / enrollee", stock, ours),
		row("enrollee, 16 KB chunks", small.ours),
		row("stock noble W=1, 16 KB chunks", small.stock),
		ratio("  stock / enrollee", small.stock, small.ours),
	];
	const head = (curve: string) => [curve.padEnd(34), ...HEAD.map((cell) => cell.padStart(9))].join(" ");
	return [
		"In the simulator: instructions (M = a million), bytes as on a 32-bit chip",
		head("P-256"),
		...compared(p256),
		row("mbedTLS, C, warm", mbedtls),
		ratio("  enrollee / mbedTLS", p256.ours, mbedtls),
		`mbedTLS's first keygen, which makes its table: ${millions(mbedtls.coldKeygen)}`,
		head("P-384"),
		...compared(p384),
		...Object.entries(ram).map(
			([curve, bytes]) => `keys on ${curve} only: live ${bytes.liveBytes}, peak ${bytes.peakBytes}`,
		),
		`flash: ${Object.entries(flash)
			.map(([name, bytes]) => `${name} ${bytes}`)
			.join(", ")}`,
	].join("\n");
}

const HEAD = ["keygen", "sign", "verify", "load", "live", "peak"];

const millions = (count: number | undefined): string =>
	count === undefined ? "" : count < 1000 ? `${count.toFixed(1)} x` : `${(count / 1e6).toFixed(2)} M`;
const plain = (count: number | undefined): string => (count === undefined ? "" : String(count));
