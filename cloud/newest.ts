/** The newest of what comes, within a number and within bytes: nobody keeps gigabytes for clients that send the largest they may. */

export interface Limits {
	readonly count: number;
	/** As `weigh` has them. */
	readonly bytes: number;
}

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
		while (this.items.length > this.#limits.count || (this.#bytes > this.#limits.bytes && this.items.length > 1)) {
			this.#bytes -= this.#weights.shift()!;
			this.#dropped(this.items.shift()!);
		}
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
	else for (const [name, member] of Object.entries(value)) bytes += 96 + 2 * name.length + weigh(member);
	return bytes;
}
