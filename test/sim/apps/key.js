/** The key room from ROM against stock noble's known answers; prints what it found and how many agreed. */
import answers from "answers";
import { hmacSha256, hmacSha384, sha256, sha384 } from "enrollee/digest";
import { fill } from "enrollee/entropy";
import {
	armed,
	ephemeralPoint,
	flavour,
	generateKeyPair,
	KeyPair,
	sharedSecret,
	verify,
	verifyRaw,
} from "enrollee/key";
import { exit } from "simulator";

const bytes = (text) => Uint8Array.fromHex(text);
const refuses = (make) => {
	try {
		make();
		return false;
	} catch (fault) {
		return fault.code === "key.invalid";
	}
};
const check = (name, count) => trace(`${name} ${count}\n`);

check("armed", armed());
check("flavour", flavour);
try {
	// A ROM BigInt and a run-time one: the reason for the plugin. When this changes, the plugin can go.
	check("engine compares", answers.one === BigInt("0x1"));
	let agreed = 0;
	for (const line of answers.keys) {
		const [scalar, digest, publicKey, signature] = line.split(" ");
		const key = new KeyPair(bytes(scalar));
		if (key.publicKey.toHex() === publicKey && key.sign(bytes(digest)).toHex() === signature) agreed++;
		else trace(`differs ${line}\n`);
	}
	check("keys", agreed);

	let right = 0;
	for (const line of answers.verdicts) {
		const [curve, form, point, digest, signature, verdict] = line.split(" ");
		const told = (form === "der" ? verify : verifyRaw)(curve, bytes(point), bytes(digest), bytes(signature));
		if (told === (verdict === "true")) right++;
		else trace(`judges ${line}\n`);
	}
	check("verdicts", right);

	let shared = 0;
	for (const line of answers.agreements) {
		const [curve, scalar, own, theirs, secret] = line.split(" ");
		const ours = ephemeralPoint(curve, bytes(scalar)).toHex();
		if (ours === own && sharedSecret(curve, bytes(scalar), bytes(theirs)).toHex() === secret) shared++;
		else trace(`agrees not ${line}\n`);
	}
	check("agreements", shared);

	check("refused", answers.refused.filter((scalar) => refuses(() => new KeyPair(bytes(scalar)))).length);
	check(
		"digests",
		answers.digests.filter((line) => {
			const [name, key, message, expected] = line.split(" ");
			const [k, m] = [bytes(key.slice(1)), bytes(message.slice(1))];
			const hash = {
				sha256: () => sha256(m),
				sha384: () => sha384(m),
				hmacSha256: () => hmacSha256(k, m),
				hmacSha384: () => hmacSha384(k, m),
			};
			return hash[name]().toHex() === expected;
		}).length,
	);
	const fresh = [generateKeyPair({ fill }), generateKeyPair({ fill })].map((key) => key.publicKey.toHex());
	check("fresh", fresh[0] !== fresh[1]);
	exit(0);
} catch (error) {
	trace(`${error} ${error.stack}\n`);
	exit(1);
}
