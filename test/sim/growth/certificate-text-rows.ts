/** A certificate's text as it comes. */
import { base64, utf8 } from "../../../src/base/bytes.ts";
import { CertificateText } from "../../../src/x509/certificate-text.ts";
import { encodePem } from "../../../src/x509/pem.ts";
import { pieces, type Row } from "./row.ts";
import { certificate, extension } from "./x509-rows.ts";

export function certificateTextRows(): Row[] {
	const filled = (size: number) => certificate({ extensions: [extension("1.2.3", new Uint8Array(size))] });
	const row = (name: string, most: number, piece: number, text: (size: number) => string): Row => ({
		name,
		of: ["src/x509/certificate-text.ts CertificateText"],
		most,
		prepare: (size) => {
			const bytes = utf8(text(size));
			return () => {
				const reader = new CertificateText({ bytes: 1 << 20, certificates: 9 });
				for (const part of pieces(bytes, piece)) reader.push(part);
				return reader.end();
			};
		},
	});
	return [
		row("a certificate's text", 8192, 1024, (size) => base64(filled(size))),
		row("a certificate's text, byte by byte", 2048, 1, (size) => base64(filled(size))),
		row("a certificate's text in PEM", 8192, 1024, (size) => encodePem("CERTIFICATE", filled(size))),
		row("a certificate's text, blanks", 8192, 1024, (size) => `${" \n".repeat(size)}${base64(certificate())}`),
		row(
			"a certificate's text, dashes before it",
			8192,
			1024,
			(size) => `${"-a".repeat(size)}\n${encodePem("CERTIFICATE", certificate())}`,
		),
	];
}
