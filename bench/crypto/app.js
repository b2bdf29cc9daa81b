/** The bench's app on XS: one library's operations with each of its curve's keys. Preloaded, to leave the heap to the library. */
import answers from "answers";
import { run as runMarked } from "marked";
import { environment } from "simulator";

export const run = () => runMarked(environment("LIBRARY"), operate);

function operate({ curve = "P-256", keygen, sign, verify }, measured) {
	const bytes = (text) => Uint8Array.fromHex(text);
	const signed = answers[curve].map(([secret, hashed, expected]) => {
		const scalar = bytes(secret);
		const digest = bytes(hashed);
		const key = measured("keygen", () => keygen(scalar));
		const signature = measured("sign", () => sign(key, digest));
		const good = measured("verify", () => verify(key, digest, signature));
		return good && signature.toHex() === expected;
	});
	if (signed.includes(false)) throw new Error("another signature, or one that does not verify");
	return true;
}
