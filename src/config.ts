/**
 * Configuration: texts in (flags, variables, the manifest's config block, NVS), one frozen Config out, or a Fault
 * config.missing / config.invalid that names the field. Every default stands in DEFAULTS.
 *
 * Keys come out as SymmetricKey and KeyPair, which do not show their secret.
 */
import { type Endpoint, MQTT_TLS_PORT, parseEndpoint } from "./base/endpoint.ts";
import { DIALECTS, type Dialect } from "./dps/dialect.ts";
import type { Onboarding } from "./dps/exchange.ts";
import { groupIdProblem, SymmetricKey } from "./dps/sas.ts";
import { Fault } from "./fault.ts";
import { OPERATIONS, type Operation, type OperationSettings } from "./hub/operation-names.ts";
import type { QueueLimits } from "./hub/queue.ts";
import { TRANSPORTS, type Transport } from "./mqtt/transport.ts";
import type { CurveName } from "./port.ts";
import { parseUpdateSettings, type UpdateConfig, type UpdateInput } from "./update/settings.ts";
import { readCertificates } from "./x509/certificate.ts";
import { checkRegistrationId, parseCsr } from "./x509/csr.ts";
import { readPrivateKey } from "./x509/key.ts";
import { decodePem } from "./x509/pem.ts";

/** All texts. Certificates and keys are PEM (certificates also base64 DER), other keys base64. */
export interface ConfigInput extends UpdateInput {
	readonly dps?: string | undefined;
	readonly idScope?: string | undefined;
	readonly registrationId?: string | undefined;
	readonly symmetricKey?: string | undefined;
	/** Test benches only: a group key in a device gives away the whole fleet. */
	readonly groupKey?: string | undefined;
	readonly onboardingCert?: string | undefined;
	readonly onboardingKey?: string | undefined;
	/** An operator's own CSR (PEM) and key, EC or RSA. */
	readonly operationalCsr?: string | undefined;
	readonly operationalKey?: string | undefined;
	readonly dialect?: string | undefined;
	/** `mqtt`: over TLS; `ws`: over WebSocket; `auto`: the one that gets through. */
	readonly transport?: string | undefined;
	/** Connect here instead of the assigned hub. */
	readonly hub?: string | undefined;
	/** Anchors for DPS and hub; absent: the platform's own. */
	readonly ca?: string | undefined;
	readonly trustBundle?: string | undefined;
	/** Share of the validity, 0.1 to 0.9, at which the certificate is renewed at the latest. */
	readonly renewAt?: string | undefined;
	/** `P-256`, `P-384`, or `auto`: P-256 until the service refuses it. */
	readonly key?: string | undefined;
	/** `new`: a new key with every certificate; `same`: the key stays. */
	readonly renewKey?: string | undefined;
	/** JSON object for DPS's custom allocation. */
	readonly payload?: string | undefined;
	/** Telemetry that waits while the hub is away: so many messages, so many bytes. */
	readonly queueMessages?: string | undefined;
	readonly queueBytes?: string | undefined;
	/**
	 * The largest message from the hub that is held: more is consumed, and told as Fault hub.too-large. Default 128 KB; on a device a
	 * fourteenth of the chunks that its manifest's `creation` reserves, 2 KB at least (hw/moddable/configuration.ts).
	 */
	readonly maxMessageBytes?: string | undefined;
	/** `all`, `none`, or some of OPERATIONS, with commas: what an operator may do over the hub. */
	readonly operations?: string | undefined;
	/** Seconds between health messages; 0: none. */
	readonly healthSeconds?: string | undefined;
	/** The application's version, for the twin. */
	readonly firmware?: string | undefined;
	/** For a new image to reach the hub, before the old one is brought back. */
	readonly trialSeconds?: string | undefined;
	/** Anchors for the servers that updates come from; absent: those of `ca`. */
	readonly updateCa?: string | undefined;
}

export interface Config extends OperationSettings {
	readonly dps: Endpoint;
	readonly idScope: string;
	readonly registrationId: string;
	/** Absent: a stored credential works, enrolment does not. */
	readonly onboarding: Onboarding | undefined;
	readonly operational: Operational | undefined;
	readonly dialect: Dialect;
	readonly transport: Transport;
	readonly hub: Endpoint | undefined;
	readonly anchors: readonly Uint8Array[];
	readonly trustBundle: "keep" | "install";
	readonly renewAt: number;
	readonly key: "auto" | CurveName;
	readonly renewKey: "new" | "same";
	readonly payload: object | undefined;
	readonly queue: QueueLimits;
	readonly maxMessageBytes: number;
	readonly updates: UpdateConfig;
}

export interface Operational {
	/** PKCS#10, DER. */
	readonly csr: Uint8Array;
	readonly spki: Uint8Array;
	readonly key: ReturnType<typeof readPrivateKey>;
}

export const DEFAULTS = {
	dps: "global.azure-devices-provisioning.net",
	dialect: "2025-07-01-preview",
	transport: "auto",
	trustBundle: "keep",
	renewAt: "0.8",
	key: "auto",
	renewKey: "new",
	queueMessages: "64",
	queueBytes: "32768",
	/** What a direct method may carry, the hub's largest. A device on XS has its own: hw/moddable/configuration.ts. */
	maxMessageBytes: "131072",
	operations: "all",
	healthSeconds: "0",
	trialSeconds: "600",
} as const;

export function parseConfig(input: ConfigInput): Config {
	const registrationId = required(input.registrationId, "registrationId");
	checkRegistrationId(registrationId);
	const anchors = certificates(input.ca, "ca");
	return Object.freeze({
		dps: parseEndpoint(input.dps ?? DEFAULTS.dps, MQTT_TLS_PORT, "dps"),
		idScope: parseIdScope(required(input.idScope, "idScope")),
		registrationId,
		onboarding: parseOnboarding(input, registrationId),
		operational: parseOperational(input, registrationId),
		dialect: parseDialect(input.dialect ?? "auto"),
		transport: oneOf(input.transport ?? DEFAULTS.transport, TRANSPORTS, "transport"),
		hub: input.hub === undefined ? undefined : parseEndpoint(input.hub, MQTT_TLS_PORT, "hub"),
		anchors,
		trustBundle: oneOf(input.trustBundle ?? DEFAULTS.trustBundle, ["keep", "install"], "trustBundle"),
		renewAt: parseShare(input.renewAt ?? DEFAULTS.renewAt),
		key: oneOf(input.key ?? DEFAULTS.key, ["auto", "P-256", "P-384"], "key"),
		renewKey: oneOf(input.renewKey ?? DEFAULTS.renewKey, ["new", "same"], "renewKey"),
		payload: input.payload === undefined ? undefined : parsePayload(input.payload),
		queue: Object.freeze({
			messages: parseCount(input.queueMessages ?? DEFAULTS.queueMessages, 1, 100_000, "queueMessages"),
			bytes: parseCount(input.queueBytes ?? DEFAULTS.queueBytes, 1024, 64 * 1024 * 1024, "queueBytes"),
		}),
		maxMessageBytes: parseCount(input.maxMessageBytes ?? DEFAULTS.maxMessageBytes, 1024, 262_144, "maxMessageBytes"),
		operations: parseOperations(input.operations ?? DEFAULTS.operations),
		healthSeconds: parseCount(input.healthSeconds ?? DEFAULTS.healthSeconds, 0, 604_800, "healthSeconds"),
		firmware: input.firmware === undefined ? undefined : parseFirmware(input.firmware),
		updates: Object.freeze({
			...parseUpdateSettings(input),
			trialSeconds: parseCount(input.trialSeconds ?? DEFAULTS.trialSeconds, 10, 86_400, "trialSeconds"),
			// Not read twice: each may take 1.4 KB for as long as the device runs.
			anchors: input.updateCa === undefined ? anchors : certificates(input.updateCa, "updateCa"),
		}),
	});
}

function required(value: string | undefined, field: string): string {
	if (value === undefined || value === "") throw new Fault("config.missing", field);
	return value;
}

/** At most 16 characters, as the service makes them: `0ne00ABCDEF`. */
function parseIdScope(text: string): string {
	if (!/^[A-Za-z0-9]{1,16}$/.test(text)) throw new Fault("config.invalid", "idScope: expected 1 to 16 of [A-Za-z0-9]");
	return text;
}

function parseDialect(text: string): Dialect {
	return text === "auto" ? DEFAULTS.dialect : oneOf(text, DIALECTS, "dialect");
}

function parseOnboarding(input: ConfigInput, registrationId: string): Onboarding | undefined {
	const given = (["symmetricKey", "groupKey", "onboardingCert"] as const).filter((field) => input[field] !== undefined);
	if (given.length > 1) throw new Fault("config.invalid", `${given.join(" and ")}: give one of them`);
	if (input.symmetricKey !== undefined) return { key: SymmetricKey.parse(input.symmetricKey, "symmetricKey") };
	const problem = input.groupKey === undefined ? undefined : groupIdProblem(registrationId);
	if (problem !== undefined) throw new Fault("config.invalid", `registrationId: ${problem}`);
	if (input.groupKey !== undefined)
		return { key: SymmetricKey.parse(input.groupKey, "groupKey").derive(registrationId) };
	if (input.onboardingCert === undefined) {
		if (input.onboardingKey !== undefined) throw new Fault("config.missing", "onboardingCert (onboardingKey is given)");
		return undefined;
	}
	// Azure's samples keep certificate and key in one file.
	const key = readPrivateKey(input.onboardingKey ?? input.onboardingCert);
	return { identity: { chain: certificates(input.onboardingCert, "onboardingCert"), ...key } };
}

function parseOperational(input: ConfigInput, registrationId: string): Operational | undefined {
	if (input.operationalCsr === undefined && input.operationalKey === undefined) return undefined;
	const [block] = decodePem(required(input.operationalCsr, "operationalCsr"));
	if (!block?.label.endsWith("CERTIFICATE REQUEST"))
		throw new Fault("config.invalid", "operationalCsr: expected PEM of a certificate request");
	const { commonName, spki } = parseCsr(block.der);
	if (commonName !== registrationId)
		throw new Fault("config.invalid", `operationalCsr: CN is ${commonName}, expected ${registrationId}`);
	return { csr: block.der, spki, key: readPrivateKey(required(input.operationalKey, "operationalKey")) };
}

function parseShare(text: string): number {
	const share = /^0\.\d{1,3}$/.test(text) ? Number(text) : 0;
	if (share < 0.1 || share > 0.9) throw new Fault("config.invalid", "renewAt: expected 0.1 to 0.9");
	return share;
}

function parseCount(text: string, least: number, most: number, field: string): number {
	const count = /^\d{1,9}$/.test(text) ? Number(text) : -1;
	if (count < least || count > most) throw new Fault("config.invalid", `${field}: expected ${least} to ${most}`);
	return count;
}

function parseOperations(text: string): readonly Operation[] {
	if (text === "all") return OPERATIONS;
	if (text === "none") return [];
	return text.split(",").map((name) => oneOf(name.trim(), OPERATIONS, "operations"));
}

function parseFirmware(text: string): string {
	if (!/^[\x20-\x7e]{1,64}$/.test(text))
		throw new Fault("config.invalid", "firmware: expected 1 to 64 of printable ASCII");
	return text;
}

function parsePayload(text: string): object {
	try {
		const value: unknown = JSON.parse(text);
		if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
	} catch {
		// Falls through to the same Fault.
	}
	throw new Fault("config.invalid", "payload: expected a JSON object");
}

function certificates(text: string | undefined, field: string): Uint8Array[] {
	if (text === undefined) return [];
	const found = readCertificates(text);
	if (found.length === 0) throw new Fault("config.invalid", `${field}: no certificate in it`);
	return found.map((certificate) => certificate.der);
}

function oneOf<T extends string>(text: string, values: readonly T[], field: string): T {
	const found = values.find((value) => value === text);
	if (found === undefined) throw new Fault("config.invalid", `${field}: expected ${values.join(" | ")}${gotten(text)}`);
	return found;
}

/** A word; what else it may be, a key for instance that was given in the wrong place, is not repeated. */
function gotten(text: string): string {
	return /^[A-Za-z0-9._-]{1,24}$/.test(text) ? `, got ${text}` : "";
}
