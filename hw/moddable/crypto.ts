/** Imported for effect: gives the machine `crypto.getRandomValues` (W3C Web Cryptography 10.1.1), which XS lacks. */
import { fill } from "./entropy.ts";

const QUOTA_BYTES = 65_536;

if (globalThis.crypto === undefined) {
	globalThis.crypto = Object.freeze({
		getRandomValues<T extends ArrayBufferView>(view: T): T {
			if (view.byteLength > QUOTA_BYTES) throw new RangeError(`getRandomValues: at most ${QUOTA_BYTES} bytes`);
			fill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
			return view;
		},
	});
}
