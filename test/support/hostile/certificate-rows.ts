/** Certificates in any number: the least that is taken for one until it is read are four bytes of DER that say their own length. */
import { instead, publish, type Row, times } from "./row.ts";

const TINY = "MIEBAA==";
const pem = (count: number): string => `-----BEGIN CERTIFICATE-----${TINY}-----END CERTIFICATE-----`.repeat(count);

/** In an answer to a renewal, or of DPS. */
export function certificateRows(phase: "renewal" | "dps"): Row[] {
	const ofDps = phase === "dps";
	const assigned = (members: object): string =>
		JSON.stringify({
			operationId: "1",
			status: "assigned",
			registrationState: { assignedHub: "localhost", deviceId: "dev-001", ...members },
		});
	const row = (name: string, body: string): Row => ({
		phase,
		name,
		faults: ["x509.certificate"],
		survives: !ofDps,
		change: instead(ofDps ? "$dps/registrations/res/" : "$iothub/credentials/res/200", body),
		pushes: ofDps ? undefined : () => [publish("$iothub/methods/POST/enrollee.renew/?$rid=r", "{}")],
	});
	const chain = (texts: readonly string[]): string =>
		ofDps ? assigned({ issuedCertificateChain: texts }) : JSON.stringify({ certificates: texts });
	const bundle = (text: string): string => assigned({ trustBundle: { certificates: [{ certificate: text }] } });
	return [
		row("60 certificates of four bytes", chain(times(60, () => TINY))),
		row("80 of them in one text", chain([pem(80)])),
		...(ofDps ? [row("a trust bundle of 80 of them in one text", bundle(pem(80)))] : []),
	];
}
