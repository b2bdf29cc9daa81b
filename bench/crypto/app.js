/** The bench's app on XS: one library's operations with each of the keys. Preloaded, to leave the heap to the library. */
import answers from "answers";
import { run as runMarked } from "marked";
import { environment } from "simulator";

export const run = () => runMarked(environment("LIBRARY"), operate);

function operate({ keygen, sign, verify }, measured) {
	const bytes = (text) => Uint8Array.fromHex(text);
	const signed = answers.map((answer) => {
		const scalar = bytes(answer.scalar);
		const digest = bytes(answer.digest);
		const key = measured("keygen", () => keygen(scalar));
		const signature = measured("sign", () => sign(key, digest));
		const good = measured("verify", () => verify(key, digest, signature));
		return good && signature.toHex() === answer.signature;
	});
	if (signed.includes(false)) throw new Error("another signature, or one that does not verify");
	return true;
}
