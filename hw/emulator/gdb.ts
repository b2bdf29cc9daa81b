/**
 * A client of QEMU's GDB stub ("GDB Remote Serial Protocol" in GDB's manual), as far as a board is looked into with it: stop, go on,
 * breakpoints, registers, memory. QEMU opens the Unix socket with `-gdb unix:PATH,server=on,wait=off`; who connects stops the board.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** QEMU numbers RISC-V's registers x0 to x31, pc; CSRs from there on, behind 32 of floating point and one of its own. */
const PC = 32;
const CSR = 66;
/** Instructions retired: all since power-up with `-icount`, otherwise the host's ticks. */
const INSTRET = 0xb02;
const INSTRET_HIGH = 0xb82;

/** The board has ended, by itself or by a power cut. */
export class Gone extends Error {}

export class Gdb {
	readonly #socket: Socket;
	#pending = "";
	#take: ((packet: string | undefined) => void) | undefined;
	readonly #points: string[] = [];

	/** As soon as QEMU listens there. */
	static async connect(path: string): Promise<Gdb> {
		const gdb = new Gdb(await listening(path));
		await gdb.#ask("?");
		return gdb;
	}

	private constructor(socket: Socket) {
		this.#socket = socket;
		socket.setEncoding("latin1").on("data", (text: string) => this.#receive(text));
		socket.on("error", () => {}).on("close", () => this.#take?.(undefined));
	}

	async read(address: number, length: number): Promise<Buffer> {
		const parts: Buffer[] = [];
		for (let at = 0; at < length; at += MOST) {
			const size = Math.min(MOST, length - at);
			parts.push(Buffer.from(await this.#ask(`m${(address + at).toString(16)},${size.toString(16)}`), "hex"));
		}
		return Buffer.concat(parts);
	}

	/** A word of 32 bits. */
	async word(address: number): Promise<number> {
		return (await this.read(address, 4)).readUInt32LE();
	}

	/** x0 to x31 by number: a0 is 10, sp 2. */
	async register(number: number): Promise<number> {
		return Buffer.from(await this.#ask(`p${number.toString(16)}`), "hex").readUInt32LE();
	}

	pc(): Promise<number> {
		return this.register(PC);
	}

	async instructions(): Promise<number> {
		const [low, high] = [await this.register(CSR + INSTRET), await this.register(CSR + INSTRET_HIGH)];
		return high * 2 ** 32 + low;
	}

	async breakAt(address: number): Promise<void> {
		await this.#add(`0,${address.toString(16)},2`);
	}

	/** Stops before each store to that word. */
	async watch(address: number): Promise<void> {
		await this.#add(`2,${address.toString(16)},4`);
	}

	/** What the store at the program counter is about to store ("sw" and "c.sw" of the RISC-V ISA). */
	async stored(): Promise<number> {
		const code = (await this.read(await this.pc(), 4)).readUInt32LE();
		const isWide = (code & 3) === 3;
		return this.register(isWide ? (code >>> 20) & 31 : ((code >>> 2) & 7) + 8);
	}

	/** Until a breakpoint or `stop`; what it was. All here reject with Gone when the board has ended. */
	async run(): Promise<string> {
		// Where it stands on one it would stop again at once.
		if (this.#points.length > 0) {
			for (const point of this.#points) await this.#ask(`z${point}`);
			await this.#ask("s");
			for (const point of this.#points) await this.#ask(`Z${point}`);
		}
		return this.#ask("c");
	}

	/** Ends a `run`. */
	stop(): void {
		this.#socket.write("\x03");
	}

	close(): void {
		this.#socket.destroy();
	}

	async #add(point: string): Promise<void> {
		this.#points.push(point);
		await this.#ask(`Z${point}`);
	}

	async #ask(body: string): Promise<string> {
		if (this.#socket.destroyed) throw new Gone();
		const sum = [...Buffer.from(body, "latin1")].reduce((total, byte) => (total + byte) & 0xff, 0);
		return new Promise((resolve, reject) => {
			this.#take = (packet) => (packet === undefined ? reject(new Gone()) : resolve(packet));
			this.#socket.write(`$${body}#${sum.toString(16).padStart(2, "0")}`, "latin1");
		});
	}

	#receive(text: string): void {
		this.#pending += text;
		const found = /\$([^#]*)#[0-9a-f]{2}/.exec(this.#pending);
		if (found === null) return;
		this.#pending = this.#pending.slice(found.index + found[0].length);
		this.#socket.write("+");
		const take = this.#take;
		this.#take = undefined;
		take?.(found[1]!);
	}
}

/** The socket is there a moment before QEMU listens at it. */
async function listening(path: string): Promise<Socket> {
	while (true) {
		const socket = connect(path);
		try {
			await once(socket, "connect");
			return socket;
		} catch (thrown) {
			if (!["ENOENT", "ECONNREFUSED"].includes((thrown as NodeJS.ErrnoException).code ?? "")) throw thrown;
			await sleep(20);
		}
	}
}

/** Bytes in one packet; QEMU takes 4,096 characters. */
const MOST = 1024;
