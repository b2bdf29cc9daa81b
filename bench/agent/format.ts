/** The agent bench as tables for people. */
import type { Result } from "./agent.ts";

export function formatAgent({ memory, wire, bytecode, esp32 }: Result): string {
	return [
		"The agent in the simulator: memory of the machine after each phase, slots of 16 bytes as on a 32-bit chip",
		row(["", "live chunks", "live slots", "chunks taken", "slots taken", "stack slots", "sum, bytes"]),
		...Object.entries(memory).map(([name, phase]) => row([name, ...Object.values(phase)])),
		"",
		"Bytes on the wire, TLS included",
		row(["", "up", "down"]),
		...Object.entries(wire).map(([name, { up, down }]) => row([name, up, down])),
		"",
		"Bytecode of each room",
		...Object.entries(bytecode).map(([name, bytes]) => row([name, bytes])),
		"",
		"Flash of the script on ESP32",
		...Object.entries(esp32).map(([name, bytes]) => row([name, bytes])),
	].join("\n");
}

const row = (cells: readonly (string | number)[]): string =>
	cells.map((cell, i) => (i === 0 ? String(cell).padEnd(12) : String(cell).padStart(13))).join("");
