/** Certificates in any number: the least that is taken for one until it is read are four bytes of DER that say their own length. */
import type { Packet } from "mqtt-packet";
import { instead, publish, type Row, times } from "./row.ts";
import { RSA } from "./rsa-authority.ts";

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
		...(ofDps ? [row("a trust bundle of 80 of them in one text", bundle(pem(80))), ...assignedRows()] : []),
	];
}

/** What is kept in flash with the certificates, besides theirs: it is no reason to restart, at no boot. */
export function assignedRows(): Row[] {
	const row = (name: string, fault: string, bundled: number, payload: number, more: Partial<Row> = {}): Row => ({
		phase: "dps",
		name,
		lawful: true,
		faults: fault === "" ? [] : [fault],
		survives: true,
		change: assigning(bundled, payload),
		...(bundled > 0 && { isHeavy: true }),
		...more,
	});
	return [
		row("a trust bundle of 3 KB", "", 6, 0),
		row("a trust bundle of 1.5 KB and a custom allocation of 2 KB", "", 3, 1950),
		row("a custom allocation of 1.5 KB beside certificates of RSA-4096", "", 0, 1450, { authority: RSA }),
		row("a custom allocation of 2 KB beside certificates of RSA-4096", "dps.payload", 0, 1950, { authority: RSA }),
		row("a trust bundle of 3.5 KB", "x509.certificate", 7, 0, { survives: false }),
	];
}

/** Adds so many certificates of a CA, 0.5 KB each, and a custom allocation of so many bytes. */
function assigning(bundled: number, payload: number): Row["change"] {
	return (packet: Packet) => {
		if (packet.cmd !== "publish" || !packet.topic.startsWith("$dps/registrations/res/")) return undefined;
		const body = JSON.parse(String(packet.payload));
		const { registrationState: state } = body;
		if (state?.issuedCertificateChain === undefined) return undefined;
		const certificates = times(bundled, () => ({ certificate: state.issuedCertificateChain[1] }));
		if (bundled > 0) state.trustBundle = { id: "id", etag: "etag", certificates };
		if (payload > 0) state.payload = { text: "p".repeat(payload) };
		return [publish(packet.topic, JSON.stringify(body), packet.messageId)];
	};
}
