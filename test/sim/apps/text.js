/** UTF-8 on XS: what it makes of texts, as hexadecimal digits, and of bytes, as code points. */
import { utf8, utf8Text } from "enrollee/text";
import { environment, exit } from "simulator";

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

for (const codes of JSON.parse(environment("TEXTS"))) trace(`bytes ${hex(utf8(textOf(codes)))}\n`);
for (const bytes of JSON.parse(environment("BYTES"))) trace(`text ${decoded(Uint8Array.from(bytes))}\n`);
exit(0);

function textOf(codes) {
	let text = "";
	for (const code of codes) text += String.fromCodePoint(code);
	return text;
}

function decoded(bytes) {
	try {
		return Array.from(utf8Text(bytes), (character) => character.codePointAt(0)).join(" ");
	} catch (error) {
		return error instanceof RangeError ? "refused" : String(error);
	}
}
