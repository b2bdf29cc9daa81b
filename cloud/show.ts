/** The cloud, its devices and its events as the HTTP API and the page show them: plain JSON, nothing secret. */
import { X509Certificate } from "node:crypto";
import { fromBase64 } from "../src/base/bytes.ts";
import { encodePem } from "../src/x509/pem.ts";
import type { Ca } from "./ca.ts";
import type { CertificateState } from "./contract.ts";
import { type Device, splitId } from "./devices.ts";
import type { Enrolments } from "./enrolments.ts";
import { FAULTS, type Faults } from "./faults.ts";
import type { Hub } from "./hub.ts";
import type { Entry } from "./log.ts";
import { sectionForService } from "./twins.ts";

export interface CloudFacts {
	readonly host: string;
	readonly port: number;
	readonly idScope: string;
	readonly registrationId: string;
	/** Path of the PEM file that anchors the server's chain. */
	readonly rootCa: string;
	/** Names that devices can be moved between. */
	readonly hosts: readonly string[];
}

export function showCloud(facts: CloudFacts, ca: Ca, faults: Faults) {
	return {
		...facts,
		roots: ca.roots.map((root, generation) => {
			const { subject, serialNumber, validTo } = new X509Certificate(root);
			return { subject, serial: serialNumber, validUntil: iso(Date.parse(validTo)), issues: generation === 0 };
		}),
		faults: { armed: faults.list(), known: FAULTS },
	};
}

export function showDevice(device: Device, hub: Hub, enrolments: Enrolments) {
	const { id, hub: host, desired, reported, certificates, messages, request } = device;
	const attachment = hub.attachment(id);
	return {
		id,
		hub: host,
		connected: attachment !== undefined,
		disabled: enrolments.ofDevice(splitId(id).deviceId)?.disabled ?? false,
		...(attachment === undefined ? {} : { connection: { ...attachment, since: iso(attachment.since) } }),
		desired: { ...desired.properties, $version: desired.version },
		reported: { ...reported.properties, $version: reported.version },
		certificates: certificates.map(showCertificate),
		messagesWaiting: messages.length,
		...(request === undefined ? {} : { certificateRequest: request.requestId }),
	};
}

function showCertificate({ serial, notBefore, notAfter, standing }: CertificateState) {
	return { serial, validFrom: iso(notBefore), validUntil: iso(notAfter), standing };
}

/** Newest first, each with its chain as PEM, leaf first, where it is known. */
export function showCertificates({ certificates }: Device) {
	return certificates.map((certificate) => ({
		...showCertificate(certificate),
		pem: certificate.chain?.map((base64) => encodePem("CERTIFICATE", fromBase64(base64))).join("") ?? "",
	}));
}

/** As the back end reads a twin: with metadata. */
export function showTwin({ id, desired, reported }: Device) {
	const properties = { desired: sectionForService(desired), reported: sectionForService(reported) };
	const { deviceId, moduleId } = splitId(id);
	return { deviceId, ...(moduleId === "" ? {} : { moduleId }), properties };
}

/** Bytes as text. */
export function readable(event: Entry) {
	return Object.fromEntries(
		Object.entries(event).map(([name, value]) => [
			name,
			value instanceof Uint8Array ? Buffer.from(value).toString(name === "body" ? "utf8" : "base64") : value,
		]),
	);
}

function iso(milliseconds: number): string {
	return new Date(milliseconds).toISOString();
}
