/**
 * One emulated ESP32-C3 with its flash in a file: the chip's own ROM, the bootloader and all of ESP-IDF run in Espressif's QEMU.
 *
 * A reset of the chip ends QEMU, and it is started again, as after a power cycle: a warm reset into another slot reads stale flash
 * there. A power cut ends it by SIGTERM, or by SIGKILL where it stands: no further instruction runs, and what the chip had written into
 * the flash is in the file, page by page (256 bytes) and sector by sector (4 KB); half a page or half an erase cannot be had this way.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Gdb, Gone } from "./gdb.ts";
import { MACHINE, QEMU, type Tools } from "./tools.ts";

export interface Boot {
	readonly output: string;
	/** Why it ended: the chip reset itself, the line came, or the time or the power was over. */
	readonly ended: "reset" | "stopped" | "timeout" | "cut";
}

export interface BootOptions {
	readonly timeoutSeconds?: number;
	/** The chip's eFuses in a file of 1,024 bytes, for what is burnt into them; without it those of a new chip at each boot. */
	readonly efuse?: string;
	/** Ends at a line that fits. */
	readonly stopAt?: RegExp;
	/** Cuts the power when it is aborted. */
	readonly power?: AbortSignal;
	readonly onLine?: (line: string) => void;
	/** Looks into the board, which stands before its first instruction and goes on by `gdb.run()`; where it returns, the power is cut. */
	readonly debug?: (gdb: Gdb) => Promise<void>;
	/** Counts instructions: the board's clock is their number then, 8 ns each, and stands for what it waits. */
	readonly counts?: boolean;
}

/** From power-up to a reset or the end. */
export async function boot({ environment }: Tools, flash: string, options: BootOptions = {}): Promise<Boot> {
	const { timeoutSeconds = 120, stopAt, power, onLine, efuse, debug, counts = false } = options;
	const folder = mkdtempSync(join(tmpdir(), "enrollee-board-"));
	const socket = join(folder, "gdb");
	const more = [
		...(debug ? ["-gdb", `unix:${socket},server=on,wait=off`, "-S"] : []),
		...(counts ? ["-icount", "shift=3"] : []),
	];
	// Its standard input stays open: at its end the UART would fall silent.
	const child = spawn(QEMU, [...arguments_(flash, efuse), ...more], { env: environment, stdio: "pipe" });
	// Nor does it outlive this process, however that ends in order.
	const leave = (): void => {
		child.kill("SIGTERM");
		rmSync(folder, { recursive: true, force: true });
	};
	process.once("exit", leave);
	let ended: Boot["ended"] = "reset";
	const end = (why: Boot["ended"], by: NodeJS.Signals = "SIGTERM"): void => {
		if (ended !== "reset" || child.exitCode !== null) return;
		ended = why;
		child.kill(by);
	};
	const timer = setTimeout(end, timeoutSeconds * 1000, "timeout");
	const cut = (): void => end("cut");
	power?.addEventListener("abort", cut);
	if (power?.aborted) cut();
	let output = "";
	lines(child, (line) => {
		output += `${line}\n`;
		onLine?.(line);
		if (stopAt?.test(line)) end("stopped");
	});
	let complaint = "";
	child.stderr!.setEncoding("utf8").on("data", (text: string) => {
		complaint += text;
	});
	const closed = once(child, "close") as Promise<[number | null, string | null]>;
	let thrown: unknown;
	const looking =
		debug &&
		Gdb.connect(socket)
			.then(debug)
			// It stands, and all that it has written is in the file.
			.then(() => end("cut", "SIGKILL"))
			.catch((reason: unknown) => {
				if (reason instanceof Gone) return;
				thrown = reason;
				child.kill("SIGTERM");
			});
	const [code, signal] = await closed;
	clearTimeout(timer);
	process.off("exit", leave);
	rmSync(folder, { recursive: true, force: true });
	await looking;
	if (thrown !== undefined) throw thrown;
	power?.removeEventListener("abort", cut);
	if (ended === "reset" && code !== 0) throw new Error(`${QEMU} ended with ${code ?? signal}: ${complaint}`);
	return { output, ended };
}

const arguments_ = (flash: string, efuse?: string): string[] => [
	...["-M", MACHINE, "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"],
	...["-drive", `file=${flash},if=mtd,format=raw`],
	...["-nic", "user,model=open_eth"],
	...(efuse ? ["-drive", `file=${efuse},if=none,format=raw,id=efuse`] : []),
	...(efuse ? ["-global", "driver=nvram.esp32c3.efuse,property=drive,value=efuse"] : []),
];

function lines(child: ChildProcess, take: (line: string) => void): void {
	let pending = "";
	child.stdout!.setEncoding("utf8").on("data", (text: string) => {
		const found = (pending + text).split(/\r?\n/);
		pending = found.pop()!;
		found.forEach(take);
	});
	child.on("close", () => pending !== "" && take(pending));
}
