/** A device keeps to the curve of the certificate that it has, until it is told that its key will not do. */
import type { Held } from "./inventory.ts";

/** As the cloud words it, at DPS and at the hub (cloud/problem.ts). */
const CSR_REFUSED = "Certificate signing request refused";

export class Curves {
	/** Certificates' keys that were made on another curve than the one before. */
	changes = 0;
	/** Keys that the service has refused: whatever it issues for one later, asked once more, another may take its place. */
	readonly refused = new Set<string>();
	#isRefused = false;
	readonly #violation: (text: string) => void;

	constructor(violation: (text: string) => void) {
		this.#violation = violation;
	}

	/** One whole packet has reached the device: whether it refuses a key. */
	answered(packet: string): boolean {
		const isRefusal = packet.includes(CSR_REFUSED);
		this.#isRefused ||= isRefusal;
		return isRefusal;
	}

	/** The device has made a key. `records`: what it has certificates for. */
	generated(curve: unknown, records: readonly (Held | undefined)[]): void {
		const [newest] = records.flatMap((held) => held ?? []).sort((a, b) => b.sequence - a.sequence);
		// DER in hexadecimal: 91 bytes on P-256, 120 on P-384.
		const kept = newest?.spki && (newest.spki.length > 200 ? "P-384" : "P-256");
		if (kept && kept !== curve) {
			this.changes++;
			if (!this.#isRefused) this.#violation(`a key on ${curve} instead of ${kept}, which nobody has refused`);
		}
		this.#isRefused = false;
	}
}
