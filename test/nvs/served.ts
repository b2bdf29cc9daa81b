/**
 * ESP-IDF's NVS as the program beside this serves it (main/main.cpp): one line in, lines out. Synchronous, over two named pipes,
 * as the agent's Store is.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { closeSync, openSync, readSync, writeSync } from "node:fs";
import { join } from "node:path";
import { MACHINE, QEMU } from "../../hw/emulator/tools.ts";
import { temporaryFolder } from "../support/openssl.ts";
import type { Random } from "../support/random.ts";

/** An end of a cut command: how often it came, and what could be read after the restart. */
export interface Outcome {
	readonly count: number;
	readonly blobs: ReadonlyMap<string, Uint8Array>;
	/** What others keep in the partition is as it was. */
	readonly sparesOthers: boolean;
}

/** Entries of 32 bytes; erases of each page. */
export interface Stats {
	readonly used: number;
	readonly own: number;
	readonly total: number;
	readonly erases: readonly number[];
}

/** Of one command. A refused one in a full partition has 464 changes of flash, and an emulated chip takes a second for each cut. */
const CHIP_PLACES = 40;
const EVERY_PLACE = 1_000_000;

export class ServedNvs {
	readonly #process: ChildProcess;
	readonly #in: number;
	readonly #out: number;
	readonly #places: number;
	readonly #chunk = Buffer.alloc(1 << 20);
	#rest = "";

	/** `program`: for the host, or a flash of the emulated C3 that contains it (`idf.py merge-bin`). */
	constructor(program: string) {
		const folder = temporaryFolder();
		const [to, from] = [join(folder, "pipe.to"), join(folder, "pipe.from")];
		execFileSync("mkfifo", [to, from]);
		const isChip = program.endsWith(".bin");
		const command = isChip ? [QEMU, ...onBoard(program)] : [program];
		this.#places = isChip && !process.env.NVS_WHOLE ? CHIP_PLACES : EVERY_PLACE;
		this.#process = spawn("sh", ["-c", 'exec "$@" <"$0.to" >"$0.from"', join(folder, "pipe"), ...command], {
			stdio: "inherit",
		});
		this.#in = openSync(to, "w");
		this.#out = openSync(from, "r");
		this.ask("clear");
	}

	/** The lines of the answer, the last one `ok ...`. Throws Error with the name of an esp_err_t. */
	ask(command: string): readonly string[] {
		writeSync(this.#in, `${command}\n`);
		const lines: string[] = [];
		for (;;) {
			const line = this.#line();
			if (line.startsWith("err ")) throw new Error(line.slice(4));
			if (line !== "ready") lines.push(line);
			if (/^ok\b/.test(line)) return lines;
		}
	}

	blobs(): Map<string, Uint8Array> {
		const [line = ""] = this.ask("dump");
		return parse(line.slice(3));
	}

	/** The command with the power cut in every place, each from the flash as it is now; on a chip in a sample of them, unless NVS_WHOLE=1. */
	sweep(command: string): readonly Outcome[] {
		this.ask("save");
		return this.ask(`sweep ${this.#places} ${command}`)
			.slice(0, -1)
			.map((line) => {
				const [kind, count, , , others, ...blobs] = line.split(" ");
				if (kind !== "outcome") throw new Error(line);
				return { count: Number(count), blobs: parse(blobs.join(" ")), sparesOthers: others === "same" };
			});
	}

	get stats(): Stats {
		const [, used, , own, total, , ...erases] = this.ask("stats")[0]!.split(" ").map(Number);
		return { used: used!, own: own!, total: total!, erases };
	}

	/** Somebody else's blobs of up to 960 bytes, until so much of the partition is in use. */
	fill(share: number, { bytes, integer }: Random): void {
		for (let i = 0; ; i++) {
			const { used, total } = this.stats;
			const missing = share * total - used;
			if (missing < 1) return;
			const size = Math.max(8, Math.min(8 + integer(952), (missing - 2) * 32)) | 0;
			this.ask(`fill s${used}.${i % 8} ${Buffer.from(bytes(size)).toString("hex")}`);
		}
	}

	end(): void {
		closeSync(this.#in);
		closeSync(this.#out);
		// A chip does not end with its input.
		this.#process.kill();
		this.#process.unref();
	}

	#line(): string {
		for (;;) {
			const end = this.#rest.indexOf("\n");
			if (end >= 0) {
				const line = this.#rest.slice(0, end).replace("\r", "");
				this.#rest = this.#rest.slice(end + 1);
				return line;
			}
			const count = readSync(this.#out, this.#chunk);
			if (count === 0) throw new Error("the program has ended");
			this.#rest += this.#chunk.toString("latin1", 0, count);
		}
	}
}

/** The flash stays as it is: what NVS writes is in memory. A watchdog, or a crash, ends it. */
const onBoard = (flash: string): string[] => [
	...["-M", MACHINE, "-display", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"],
	...["-drive", `file=${flash},if=mtd,format=raw,snapshot=on`],
];

function parse(text: string): Map<string, Uint8Array> {
	const pairs = text.split(" ").filter((pair) => pair !== "");
	return new Map(pairs.map((pair) => [pair.split("=")[0]!, Buffer.from(pair.split("=")[1]!, "hex")]));
}
