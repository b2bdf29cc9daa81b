/** PEM, and base64 as it stands in there. */
import { decodeBase64, decodePem, encodePem } from "../../../src/x509/pem.ts";
import type { Row } from "./row.ts";

export function pemRows(): Row[] {
	return [
		{
			name: "PEM: one block",
			of: ["src/x509/pem.ts decodePem", "src/x509/pem.ts decodeBase64"],
			most: 8192,
			prepare: (size) => {
				const text = encodePem("X", new Uint8Array(size));
				return () => decodePem(text);
			},
		},
		{
			name: "PEM: blocks",
			of: ["src/x509/pem.ts decodePem"],
			most: 64,
			prepare: (size) => {
				const text = encodePem("X", new Uint8Array(300)).repeat(size);
				return () => decodePem(text);
			},
		},
		{
			name: "PEM: text around a block",
			of: ["src/x509/pem.ts decodePem"],
			most: 16_384,
			prepare: (size) => {
				const text = `${"\u00e9-".repeat(size / 2)}${encodePem("X", new Uint8Array(30))}${"- ".repeat(size / 2)}`;
				return () => decodePem(text);
			},
		},
		{
			name: "base64 with white space",
			of: ["src/x509/pem.ts decodeBase64", "hw/moddable/text.ts fromSpacedBase64"],
			most: 4096,
			prepare: (size) => {
				const text = "AAAA \r\n".repeat(size / 4);
				return () => decodeBase64(text, "x");
			},
		},
	];
}
