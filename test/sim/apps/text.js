/** Texts and bytes on XS: UTF-8 as hexadecimal digits and as code points, base64 and hex both ways. */
import { base64, fromBase64, fromHex, fromSpacedBase64, hex, utf8, utf8Text } from "enrollee/text";
import { environment, exit } from "simulator";

for (const codes of JSON.parse(environment("TEXTS"))) trace(`bytes ${hex(utf8(textOf(codes)))}\n`);
for (const bytes of JSON.parse(environment("BYTES"))) trace(`text ${decoded(Uint8Array.from(bytes))}\n`);
for (const text of JSON.parse(environment("BASE64") ?? "[]")) trace(`base64 ${both(fromBase64, base64, text)}\n`);
for (const text of JSON.parse(environment("SPACED") ?? "[]")) trace(`spaced ${both(fromSpacedBase64, base64, text)}\n`);
for (const text of JSON.parse(environment("HEX") ?? "[]")) trace(`hex ${both(fromHex, hex, text)}\n`);
exit(0);

function both(decode, encode, text) {
	try {
		return encode(decode(text));
	} catch (error) {
		return error instanceof RangeError ? "refused" : String(error);
	}
}

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
