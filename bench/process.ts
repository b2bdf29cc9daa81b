/** What a process of this machine has taken so far, all its threads together: Linux, proc(5). */
import { readFileSync } from "node:fs";

/** Clock ticks a second of proc(5): 100 on every Linux that Debian has. */
const TICKS = 100;

/** User and system. */
export function cpuSeconds(pid: number): number {
	// The name, in parentheses, may hold anything; utime and stime are fields 14 and 15.
	const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
	return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

export function residentBytes(pid: number): number {
	return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) * 1024;
}
