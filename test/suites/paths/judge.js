/** What hw/moddable/tls makes of each chain in the file $CASES, a line of JSON each: "VERDICT [id, accepted or why not]". */
import { parseCertificate } from "enrollee/x509";
import { File } from "file";
import { environment, exit } from "simulator";
import authenticate, { validate } from "ssl/cert";

const file = new File(environment("CASES"));
const lines = file.read(String).split("\n").slice(0, -1);
file.close();
for (const line of lines) {
	const { id, chain, anchors, host, now } = JSON.parse(line);
	trace(`VERDICT ${JSON.stringify([id, judge(chain.map(fromHex), { anchors: anchors.map(fromHex), host, now })])}\n`);
}
exit(0);

function judge(chain, expected) {
	try {
		if (expected.host !== undefined) authenticate(chain, expected);
		else {
			const [leaf] = [...chain, ...expected.anchors].map(parseCertificate);
			validate(leaf, chain, expected);
		}
		return "accepted";
	} catch (thrown) {
		return `${thrown.code}: ${thrown.message}`;
	}
}

function fromHex(text) {
	return Uint8Array.fromHex(text);
}
