/**
 * One process a folder: two agents would evict each other for ever, two clouds write one state. The file `lock` says who has
 * it; one whose process is gone, or that a power cut has emptied, is broken, and it goes when its process ends.
 */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Fault } from "../../src/fault.ts";
import { makeFolder } from "./files.ts";

interface Owner {
	readonly pid: number;
	readonly host: string;
	/** What distinguishes the process from a later one with the same pid; "" where the system does not say. */
	readonly started: string;
	readonly command: string;
}

/**
 * Gives the way to let go. In the same process again: nothing more, or with `once` the same Fault that another process gets.
 * A `temporary` folder goes with its lock. Throws Fault host.locked, store.failed.
 */
export function lockFolder(folder: string, command: string, { once = false, temporary = false } = {}): () => void {
	const path = join(folder, "lock");
	const mine: Owner = { pid: process.pid, host: hostname(), started: startOf(process.pid), command };
	const text = `${JSON.stringify(mine)}\n`;
	try {
		makeFolder(folder);
		for (let tries = 0; tries < 10; tries++) {
			if (create(path, text)) return holdUntilEnd(path, text, temporary ? folder : path);
			const standing = read(path);
			if (standing === undefined) continue;
			const owner = parse(standing);
			const isMine = owner?.pid === mine.pid && owner.host === mine.host && owner.started === mine.started;
			if (isMine && !once) return () => {};
			if (owner === undefined ? !isLost(standing) : isAlive(owner)) throw new Fault("host.locked", say(path, owner));
			breakLock(path, standing);
		}
	} catch (thrown) {
		if (thrown instanceof Fault) throw thrown;
		const { code = String(thrown) } = thrown as NodeJS.ErrnoException;
		const isFile = code === "EEXIST" || code === "ENOTDIR";
		throw new Fault("store.failed", `folder ${folder}: ${isFile ? "a file is there" : code}`, { cause: thrown });
	}
	throw new Fault("host.locked", `${path}: others take it again and again`);
}

/** Written whole beside it and linked there: nobody ever reads half a lock. False where there is one. */
function create(path: string, text: string): boolean {
	const own = `${path}.${randomBytes(6).toString("hex")}`;
	writeFileSync(own, text, { flag: "wx", mode: 0o600 });
	try {
		linkSync(own, path);
		return true;
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
		throw thrown;
	} finally {
		rmSync(own, { force: true });
	}
}

function holdUntilEnd(path: string, text: string, owned: string): () => void {
	const release = (): void => {
		process.removeListener("exit", release);
		// Somebody may have removed the folder, or taken the lock by force: then it is not ours to remove.
		if (read(path) === text) rmSync(owned, { recursive: true, force: true });
	};
	process.on("exit", release);
	return release;
}

/** By renaming, which only one of two that found it stale can do; put back where it was another's fresh one. */
function breakLock(path: string, stale: string): void {
	const aside = `${path}.${randomBytes(6).toString("hex")}`;
	try {
		renameSync(path, aside);
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return;
		throw thrown;
	}
	try {
		if (read(aside) !== stale) linkSync(aside, path);
	} finally {
		rmSync(aside, { force: true });
	}
}

function read(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch (thrown) {
		if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw thrown;
	}
}

/** Nobody writes an empty lock: a power cut has taken what was in it (on XFS it leaves zeros). */
const isLost = (text: string): boolean => /^\0*$/.test(text);

function parse(text: string): Owner | undefined {
	try {
		const { pid, host, started, command } = JSON.parse(text) as Owner;
		const sound =
			Number.isSafeInteger(pid) && pid > 0 && [host, started, command].every((it) => typeof it === "string");
		return sound ? { pid, host, started, command } : undefined;
	} catch {
		return undefined;
	}
}

/** Of a process on another machine nothing is known: it counts as alive. */
function isAlive({ pid, host, started }: Owner): boolean {
	if (host !== hostname()) return true;
	try {
		process.kill(pid, 0);
	} catch (thrown) {
		return (thrown as NodeJS.ErrnoException).code === "EPERM";
	}
	const now = startOf(pid);
	return started === "" || now === "" || started === now;
}

/** Linux: field 22 of /proc/PID/stat, clock ticks since boot (proc_pid_stat(5)). */
function startOf(pid: number): string {
	try {
		const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
		return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
	} catch {
		return "";
	}
}

function say(path: string, owner: Owner | undefined): string {
	if (owner === undefined) return `${path} is there and says nothing that can be read`;
	return `${path}: held by \`enrollee ${owner.command}\`, process ${owner.pid} on ${owner.host}`;
}
