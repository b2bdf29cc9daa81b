/** Messages at QoS 1 on their way to one client: their ids, and who waits for which acknowledgement. */
export class Sent {
	#id = 0;
	/** Undefined before the first. */
	#waiting: Map<number, () => void> | undefined;

	/** The id of the next one. */
	next(acknowledged?: () => void): number {
		this.#id = (this.#id % 0xffff) + 1;
		if (acknowledged !== undefined) {
			this.#waiting ??= new Map();
			this.#waiting.set(this.#id, acknowledged);
		}
		return this.#id;
	}

	/** By the client: an id that nobody waits for is no matter. */
	acknowledged(id: number): void {
		const waiting = this.#waiting?.get(id);
		this.#waiting?.delete(id);
		waiting?.();
	}
}
