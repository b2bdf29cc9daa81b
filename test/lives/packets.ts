/** MQTT packets as they become whole (MQTT 3.1.1, 2.2.3): half a packet tells its receiver nothing. One character a byte. */
export class Packets {
	#rest = "";

	/** Another connection: what the last one left unfinished stays so. */
	restart(): void {
		this.#rest = "";
	}

	push(piece: string): string[] {
		const whole: string[] = [];
		this.#rest += piece;
		for (let end = lengthOf(this.#rest); end <= this.#rest.length; end = lengthOf(this.#rest)) {
			whole.push(this.#rest.slice(0, end));
			this.#rest = this.#rest.slice(end);
		}
		return whole;
	}
}

/** Of the packet that `text` begins with; infinite while that cannot be known. */
function lengthOf(text: string): number {
	let remaining = 0;
	for (let at = 1; at < text.length; at++) {
		const byte = text.charCodeAt(at);
		remaining += (byte & 0x7f) << (7 * (at - 1));
		if (byte < 0x80) return at + 1 + remaining;
	}
	return Number.POSITIVE_INFINITY;
}
