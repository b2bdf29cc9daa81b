/** The cloud, its devices and its events as the HTTP API and the page show them: plain JSON, nothing secret. */
import { X509Certificate } from "node:crypto";
import type { Ca } from "./ca.ts";
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
		certificates: certificates.map(({ serial, notBefore, notAfter, standing }) => ({
			serial,
			validFrom: iso(notBefore),
			validUntil: iso(notAfter),
			standing,
		})),
		messagesWaiting: messages.length,
		...(request === undefined ? {} : { certificateRequest: request.requestId }),
	};
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
