/**
 * Known answers with one bit of the image's constants flipped. Each operation agrees, is caught (throws, or refuses a
 * good signature), or is wrong: another key or signature, or a forged one accepted.
 */
import answers from "answers";
import { KeyPair, verify } from "enrollee/key";
import { exit } from "simulator";

const bytes = (text) => Uint8Array.fromHex(text);
const seen = { same: 0, caught: 0, wrong: 0 };
const compare = (operation, expected) => {
	try {
		seen[operation() === expected ? "same" : "wrong"]++;
	} catch {
		seen.caught++;
	}
};

for (const line of answers.keys) {
	const [scalar, digest, publicKey, signature] = line.split(" ");
	compare(() => new KeyPair(bytes(scalar)).publicKey.toHex(), publicKey);
	compare(() => new KeyPair(bytes(scalar)).sign(bytes(digest)).toHex(), signature);
}
for (const line of answers.verdicts) {
	const [curve, point, digest, good, forged] = line.split(" ");
	seen[verify(curve, bytes(point), bytes(digest), bytes(good)) ? "same" : "caught"]++;
	seen[verify(curve, bytes(point), bytes(digest), bytes(forged)) ? "wrong" : "same"]++;
}
trace(`same ${seen.same} caught ${seen.caught} wrong ${seen.wrong}\n`);
exit(0);
