/** One build at a time in a folder, of several processes. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** No other build in that folder meanwhile, of this or another process. A lock whose process is gone counts for nothing. */
export async function alone<T>(folder: string, action: () => Promise<T>): Promise<T> {
	const lock = `${folder}.lock`;
	while (!locks(lock)) {
		const holder = holderOf(lock);
		if (holder > 0 && !isAlive(holder)) rmSync(lock, { force: true });
		await sleep(100);
	}
	try {
		return await action();
	} finally {
		rmSync(lock, { force: true });
	}
}

/** Its process; 0 where it has just been given back. */
function holderOf(lock: string): number {
	try {
		return Number(readFileSync(lock, "utf8"));
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return 0;
		throw thrown;
	}
}

function locks(file: string): boolean {
	try {
		writeFileSync(file, String(process.pid), { flag: "wx" });
		return true;
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw thrown;
	}
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch (thrown) {
		return (thrown as NodeJS.ErrnoException).code === "EPERM";
	}
}
