/**
 * The power supply of one boot of a device. Every fake port draws from it, so that a test can cut it at any port call:
 * before the call has its effect, or right after. From then on every port of that boot is dead; the world goes on.
 */

/** What a port call throws once the power is gone. Not a Fault: no code runs on a device without power. */
export class PowerCut extends Error {
	override readonly name = "PowerCut";
}

export class Power {
	#left: number;
	#on = true;
	/** Places passed so far: the bound of an exhaustive test. */
	points = 0;
	/** The place of the cut. */
	where: string | undefined;

	/** Cuts at the place with this number, counted from 0; default: never. */
	constructor(cutAt = Number.POSITIVE_INFINITY) {
		this.#left = cutAt;
	}

	get on(): boolean {
		return this.#on;
	}

	/** Cuts after so many more places. */
	cutIn(places: number): void {
		this.#left = places;
	}

	/** A place where the power may go. */
	point(where: string): void {
		if (!this.#on) throw new PowerCut(`no power for ${where}`);
		this.points++;
		if (this.#left-- > 0) return;
		this.cut(where);
		throw new PowerCut(`cut at ${where}`);
	}

	cut(where = "outside"): void {
		if (!this.#on) return;
		this.#on = false;
		this.where = where;
	}

	/** The same callback, for as long as there is power; a cut within it ends it and nothing else. */
	guard<A extends unknown[]>(callback: (...values: A) => void): (...values: A) => void {
		return (...values) => {
			if (!this.#on) return;
			try {
				callback(...values);
			} catch (thrown) {
				if (!(thrown instanceof PowerCut)) throw thrown;
			}
		};
	}
}
