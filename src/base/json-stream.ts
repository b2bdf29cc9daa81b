/** JSON that comes in parts, read up to its first error: who brings the parts can do nothing about one, who asks for the whole can. */
import { type Choose, JsonReader } from "./json-reader.ts";

export class JsonStream {
	/** For what it had to leave out; until its first error, behind which what it holds is of no use. */
	reader: JsonReader | undefined;
	readonly #mostBytes: number;
	bytes = 0;
	/** Why nothing more was read: too many bytes, no JSON (RangeError), or what a sink has thrown. */
	broken: unknown;

	constructor(choose: Choose, mostBytes = Number.POSITIVE_INFINITY) {
		this.reader = new JsonReader(choose);
		this.#mostBytes = mostBytes;
	}

	/** Throws nothing. */
	push(bytes: Uint8Array): void {
		this.bytes += bytes.length;
		this.#try((reader) => {
			if (this.bytes > this.#mostBytes) throw new RangeError(`more than ${this.#mostBytes} bytes`);
			reader.push(bytes);
		});
	}

	/** The value; undefined where it is `broken`. */
	end(): unknown {
		return this.#try((reader) => reader.end());
	}

	#try(read: (reader: JsonReader) => unknown): unknown {
		try {
			return this.reader && read(this.reader);
		} catch (thrown) {
			this.broken = thrown;
			this.reader = undefined;
			return undefined;
		}
	}
}
