/** Takes the place of the SDK's `rng`, from which its TLS draws client randoms, ECDHE keys and premaster secrets. */
import { fill } from "./entropy.ts";

export default Object.freeze({
	get(byteLength: number): ArrayBuffer {
		const bytes = new Uint8Array(byteLength);
		fill(bytes);
		return bytes.buffer;
	},
	/** The SDK's generator takes a seed; this one needs none. */
	init(): void {},
});
