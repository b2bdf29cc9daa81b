/** The cloud bench as a table for people. */
import { type Result, ratios } from "./cloud.ts";

export function formatCloud(result: Result): string {
	const { devices, registrations, strangers, cloud, mosquitto } = result;
	const of = ratios(result);
	const whole = (value: number): string => value.toFixed(0);
	const kilobytes = (bytes: number): string => (bytes / 1024).toFixed(1);
	return [
		`The local cloud beside mosquitto, ${devices} devices; rates are per second of the server's CPU`,
		row(["", "cloud", "mosquitto", "ratio"]),
		row(["registrations", whole(registrations), "", `${of.registrations.toFixed(2)} of its connections`]),
		row(["mutual TLS, certificates it issued", whole(cloud.connections), "", ratio(of.connections)]),
		row(["the same, certificates new to it", whole(strangers), whole(mosquitto.connections), ratio(of.strangers)]),
		row(["QoS 1 messages", whole(cloud.messages), whole(mosquitto.messages), ratio(of.messages)]),
		row([
			"one idle device more, KB",
			kilobytes(cloud.bytesPerDevice),
			kilobytes(mosquitto.bytesPerDevice),
			ratio(of.bytesPerDevice),
		]),
		row(["refused", whole(cloud.refused), whole(mosquitto.refused), ""]),
	].join("\n");
}

const ratio = (value: number): string => value.toFixed(2);
const row = (cells: readonly string[]): string =>
	cells.map((cell, i) => (i === 0 ? cell.padEnd(36) : cell.padStart(12))).join("");
