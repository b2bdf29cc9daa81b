/** The cloud bench as a table for people. */
import type { Pair, Result } from "./cloud.ts";

export function formatCloud(result: Result): string {
	const { devices, registrations, connections, strangers, messages, bytesPerDevice, refused } = result;
	return [
		`The local cloud beside mosquitto, ${devices} devices; rates are per second of the server's CPU, medians`,
		row(["", "cloud", "mosquitto", "ratio"]),
		row(["registrations", whole(registrations.cloud), "", `${ratio(registrations)} of its connections`]),
		pairRow("mutual TLS, certificates it issued", connections),
		pairRow("the same, certificates new to it", strangers),
		pairRow("QoS 1 messages", messages),
		pairRow("one idle device more, KB", bytesPerDevice, (bytes) => (bytes / 1024).toFixed(1)),
		row(["refused", whole(refused.cloud), whole(refused.mosquitto), ""]),
	].join("\n");
}

const whole = (value: number): string => value.toFixed(0);
const ratio = (pair: Pair): string => pair.ratio.toFixed(2);
const pairRow = (name: string, pair: Pair, shown = whole): string =>
	row([name, shown(pair.cloud), shown(pair.mosquitto), ratio(pair)]);
const row = (cells: readonly string[]): string =>
	cells.map((cell, i) => (i === 0 ? cell.padEnd(36) : cell.padStart(12))).join("");
