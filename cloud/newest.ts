/**
 * The newest of what comes, within a number and within bytes: nobody keeps gigabytes for clients that send the largest they may.
 *
 * Where it is too much a tenth goes at once: to take one from the front for each that comes would move thousands of others each time.
 */

export interface Limits {
	readonly count: number;
	/** As `weigh` has them. */
	readonly bytes: number;
}

/** Of each limit, after some have gone. */
const LEFT = 0.9;

export class Newest<T> {
	/** Oldest first. */
	readonly items: T[] = [];
	readonly #weights: number[] = [];
	readonly #limits: Limits;
	readonly #dropped: (item: T) => void;
	#bytes = 0;

	/** `dropped` is told what is not kept any longer. */
	constructor(limits: Limits, dropped: (item: T) => void = () => {}) {
		this.#limits = limits;
		this.#dropped = dropped;
	}

	/** Kept in any case, until the next one comes. */
	add(item: T, bytes: number): void {
		this.items.push(item);
		this.#weights.push(bytes);
		this.#bytes += bytes;
		if (this.items.length > this.#limits.count || this.#bytes > this.#limits.bytes) this.#drop();
	}

	#drop(): void {
		const [count, bytes] = [LEFT * this.#limits.count, LEFT * this.#limits.bytes];
		const last = this.items.length - 1;
		let gone = 0;
		while (gone < last && (this.items.length - gone > count || this.#bytes > bytes))
			this.#bytes -= this.#weights[gone++]!;
		this.#weights.splice(0, gone);
		for (const item of this.items.splice(0, gone)) this.#dropped(item);
	}
}

/**
 * About how many bytes a value of JSON, with bytes in it or without, takes while it is kept: V8 needs 56 for a `{}` of two
 * characters.
 */
export function weigh(value: unknown): number {
	if (typeof value === "string") return 32 + 2 * value.length;
	if (value instanceof Uint8Array) return 128 + value.length;
	if (typeof value !== "object" || value === null) return 16;
	let bytes = 64;
	if (Array.isArray(value)) for (const item of value) bytes += 8 + weigh(item);
	else {
		// Each message is weighed: no pairs are made of its members.
		const members = value as Readonly<Record<string, unknown>>;
		for (const name of Object.keys(members)) bytes += 96 + 2 * name.length + weigh(members[name]);
	}
	return bytes;
}
