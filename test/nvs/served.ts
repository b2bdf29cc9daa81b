/** ESP-IDF's NVS as the program beside this serves it (main/main.cpp): one line in, lines out, in step. */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

/** An end of a cut command: how often it came, and what could be read after the restart. */
export interface Outcome {
	readonly count: number;
	readonly blobs: ReadonlyMap<string, Uint8Array>;
}

export class ServedNvs {
	readonly #process: ChildProcess;
	readonly #lines: AsyncIterator<string>;

	constructor(program: string) {
		this.#process = spawn(program, { stdio: ["pipe", "pipe", "inherit"] });
		this.#lines = createInterface({ input: this.#process.stdout! })[Symbol.asyncIterator]();
	}

	/** The lines of the answer, the last one `ok ...`. Throws Error with the name of an esp_err_t. */
	async ask(command: string): Promise<readonly string[]> {
		this.#process.stdin!.write(`${command}\n`);
		const lines: string[] = [];
		for (;;) {
			const { value, done } = await this.#lines.next();
			if (done) throw new Error(`${command.slice(0, 40)}: the program has ended`);
			if (value.startsWith("err ")) throw new Error(value.slice(4));
			if (value !== "ready") lines.push(value);
			if (/^ok\b/.test(value)) return lines;
		}
	}

	async blobs(): Promise<ReadonlyMap<string, Uint8Array>> {
		const [line = ""] = await this.ask("dump");
		return parse(line.slice(3));
	}

	/** The command with the power cut in every place, each from the flash as it is now. */
	async sweep(command: string): Promise<readonly Outcome[]> {
		await this.ask("save");
		return (await this.ask(`sweep ${command}`)).slice(0, -1).map((line) => {
			const [kind, count, , , ...blobs] = line.split(" ");
			if (kind !== "outcome") throw new Error(line);
			return { count: Number(count), blobs: parse(blobs.join(" ")) };
		});
	}

	/** Entries of 32 bytes. */
	async room(): Promise<{ readonly used: number; readonly total: number }> {
		const [, used, , , total] = (await this.ask("stats"))[0]!.split(" ").map(Number);
		return { used: used!, total: total! };
	}

	end(): void {
		this.#process.stdin!.end();
	}
}

function parse(text: string): ReadonlyMap<string, Uint8Array> {
	const pairs = text.split(" ").filter((pair) => pair !== "");
	return new Map(pairs.map((pair) => [pair.split("=")[0]!, Buffer.from(pair.split("=")[1]!, "hex")]));
}
