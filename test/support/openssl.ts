/** The openssl command, where there is one: runs it, or says why a test is skipped. For tests only. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** For node:test's `skip` option. */
export const noOpenssl = available("openssl", ["version"]) ? false : "SKIPPED: no openssl";
export const noCryptography = available("python3", ["-c", "import cryptography"])
	? false
	: "SKIPPED: no python3-cryptography";

/** Standard output, or an error that quotes standard error. */
export function openssl(args: readonly string[], options: { cwd?: string; input?: string | Uint8Array } = {}): Buffer {
	return execFileSync("openssl", args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
}

/** A folder of its own that is gone when the process ends. */
export function temporaryFolder(files: Readonly<Record<string, string | Uint8Array>> = {}): string {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-"));
	if (folders.push(folder) === 1) process.once("exit", removeFolders);
	for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
	return folder;
}

const folders: string[] = [];

function removeFolders(): void {
	for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

function available(command: string, args: readonly string[]): boolean {
	return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
