/**
 * Files and folders that a command writes where its user says. Never through a link, never half, and over what is there only when the
 * user has said so: a key that was overwritten cannot be had back.
 */
import { randomBytes } from "node:crypto";
import {
	closeSync,
	existsSync,
	fsyncSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Fault } from "../../src/fault.ts";

/** Not part of any name, so a temporary file is never taken for a blob; and nobody else's, so nothing else is removed. */
const TEMPORARY = "~enrollee";

export interface WriteOptions {
	/** The flag that named the file, for the Fault. */
	readonly option: string;
	/** Over a regular file that is there. */
	readonly force?: boolean | undefined;
	/** For everybody to read; default: for the owner only (0600), whatever was there before. */
	readonly open?: boolean;
}

/**
 * Throws Fault config.exists where something is there (but for the same bytes, where they are no secret), config.invalid where
 * nothing can be written; has changed nothing then.
 */
export function writeNew(path: string, content: string | Uint8Array, options: WriteOptions): void {
	const { option, force = false, open = false } = options;
	const there = standing(path, option);
	if (there !== undefined && open && isSame(path, content)) return;
	if (there !== undefined && !force) throw new Fault("config.exists", `${option}: ${path} is there already`);
	if (there === "other") throw new Fault("config.invalid", `${option}: ${path} is no regular file`);
	try {
		replaceFile(path, content, { mode: open ? 0o644 : 0o600, isNew: there === undefined });
	} catch (cause) {
		const { code = "" } = cause as NodeJS.ErrnoException;
		if (code === "EEXIST") throw new Fault("config.exists", `${option}: ${path} is there already`, { cause });
		throw new Fault("config.invalid", `${option}: cannot write ${path}: ${code}`, { cause });
	}
}

/** Throws Fault config.exists where `writeNew` would: for a command that makes something before it writes. */
export function checkNew(path: string, { option, force = false }: WriteOptions): void {
	if (standing(path, option) !== undefined && !force)
		throw new Fault("config.exists", `${option}: ${path} is there already`);
}

/**
 * The content, or what was there before, never a mixture; a link at `path` is replaced, not followed. `isNew`: fails with EEXIST
 * where there is anything. Throws what node:fs throws.
 */
export function replaceFile(path: string, content: string | Uint8Array, { mode = 0o600, isNew = false } = {}): void {
	// Exclusive creation follows no link (POSIX open, O_CREAT with O_EXCL), so nobody can have laid one for us.
	const written = isNew ? path : `${path}.${randomBytes(6).toString("hex")}${TEMPORARY}`;
	const file = openSync(written, "wx", mode);
	try {
		try {
			writeFileSync(file, content);
			syncFile(file);
		} finally {
			closeSync(file);
		}
		if (!isNew) renameSync(written, path);
	} catch (thrown) {
		rmSync(written, { force: true });
		throw thrown;
	}
}

/**
 * The folder, and those above it that are not there, for their owner only. Not Node's `recursive`, which never comes back where a
 * file system makes no folders and says ENOENT, as /proc does (Node 20.20). Throws what node:fs throws.
 */
export function makeFolder(path: string): void {
	const whole = resolve(path);
	if (statSync(whole, { throwIfNoEntry: false })?.isDirectory()) return;
	try {
		mkdirSync(whole, { mode: 0o700 });
	} catch (thrown) {
		const above = dirname(whole);
		if ((thrown as NodeJS.ErrnoException).code !== "ENOENT" || existsSync(above)) throw thrown;
		makeFolder(above);
		makeFolder(whole);
	}
}

/** What a cut left of `replaceFile` in a folder that is this process's alone. */
export function removeLeftovers(folder: string): void {
	for (const file of readdirSync(folder)) if (file.endsWith(TEMPORARY)) rmSync(join(folder, file), { force: true });
}

function standing(path: string, option: string): "file" | "other" | undefined {
	try {
		return lstatSync(path).isFile() ? "file" : "other";
	} catch (cause) {
		const { code = "" } = cause as NodeJS.ErrnoException;
		if (code === "ENOENT") return undefined;
		throw new Fault("config.invalid", `${option}: cannot write ${path}: ${code}`, { cause });
	}
}

function isSame(path: string, content: string | Uint8Array): boolean {
	return lstatSync(path).isFile() && readFileSync(path).equals(Buffer.from(content));
}

let isWarned = false;

/**
 * Some network and FUSE file systems have no fsync. What they keep is as durable as they are, which is said once a process, and no
 * reason to lose a credential. Throws what node:fs throws for anything else.
 */
export function syncFile(handle: number): void {
	try {
		fsyncSync(handle);
	} catch (thrown) {
		const { code = "" } = thrown as NodeJS.ErrnoException;
		if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"].includes(code)) throw thrown;
		if (isWarned) return;
		isWarned = true;
		process.emitWarning(`a file system without fsync (${code}): a power cut may cost the last write`, {
			code: "ENROLLEE_FSYNC",
		});
	}
}
