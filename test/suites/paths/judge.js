/** What hw/moddable/tls makes of each chain in the file $CASES, a line of JSON each: "VERDICT [id, accepted or why not]". */
import { File } from "file";
import { environment, exit } from "simulator";
import { extract, Path, read } from "ssl/cert";
import Certificates from "ssl/certificates";

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
		if (expected.host !== undefined) readAsSent(chain, expected);
		else {
			const path = new Path(expected);
			for (const der of chain) path.add(extract(read(der, "a certificate"), expected.anchors));
			path.end();
		}
		return "accepted";
	} catch (thrown) {
		return `${thrown.code}: ${thrown.message}`;
	}
}

/** The body of Certificate. */
function readAsSent(chain, { now, ...expected }) {
	const body = vector(joined(chain.map(vector)));
	const certificates = new Certificates({ ...expected, resuming: undefined, now: () => now }, body.length);
	for (let at = 0; certificates.wanted > 0; ) {
		const part = body.subarray(at, at + certificates.wanted);
		at += part.length;
		certificates.take(part);
		certificates.verify();
	}
	certificates.end();
}

/** With its length before it. */
function vector(bytes) {
	return joined([Uint8Array.of(bytes.length >> 16, bytes.length >> 8, bytes.length), bytes]);
}

function joined(parts) {
	const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
	let at = 0;
	for (const part of parts) {
		all.set(part, at);
		at += part.length;
	}
	return all;
}

function fromHex(text) {
	return Uint8Array.fromHex(text);
}
