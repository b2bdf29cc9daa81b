/** What a program of one's own sees of the cloud, in plain types: `import { startCloud } from "enrollee/cloud"`. */
import type { Clock } from "../src/port.ts";
import type { CloudEvent, Connected, Registration, Telemetry } from "./event.ts";
import type { MethodOutcome } from "./methods.ts";
import type { Limits } from "./throttle.ts";

/** Of the device CA. */
export type IssuingCurve = "P-384" | "P-256";
export type CsrCurves = "p384" | "p256" | "both";

export interface CloudOptions {
	/** 0, the default, is any free one. */
	readonly port?: number;
	/** The one address that listens. Default: 127.0.0.1, or with `hosts` all there are. */
	readonly address?: string;
	/** Kept and continued from, by one cloud at a time. Default: a temporary folder that `close` removes. */
	readonly stateFolder?: string;
	/** More names for the server's certificate; the first becomes the assigned hub's, and all interfaces listen. */
	readonly hosts?: readonly string[];
	/** The enrolment with a key and an onboarding certificate of its own. Default dev-001. */
	readonly registrationId?: string;
	/** What the hub calls that device. Default: its registration id. */
	readonly deviceId?: string;
	/** What DPS asks clients to wait between polls. Default 1. */
	readonly retryAfterSeconds?: number;
	/** Polls until DPS gives the result; 0 answers the register request itself. Default 1. */
	readonly polls?: number;
	/** Of issued certificates. Default 30 days. */
	readonly validitySeconds?: number;
	/** `NAME[=VALUE][:TIMES]`, see faults.ts. */
	readonly faults?: readonly string[];
	/** Of the server's chain. Default "ec", P-256. */
	readonly tlsKey?: "ec" | "rsa";
	/** Of the device CA. Default "P-384". */
	readonly issuing?: IssuingCurve;
	/** On which the key of a request may be; "p384" is the service's documented rule. Default "both", and RSA. */
	readonly csrCurves?: CsrCurves;
	/** TLS sessions are resumed by ticket where a client asks for it. Default true. */
	readonly resumption?: boolean;
	/** DPS also accepts certificates that the device CA issued. Default false. */
	readonly acceptIssued?: boolean;
	/** Operations per second. Default: none. */
	readonly limits?: Limits;
	/** The port of the HTTP API and the page on loopback, 0 for any free one. Default: neither. */
	readonly apiPort?: number;
	/** Bundles and images that are served. Default: `updates` in the state folder. */
	readonly updatesFolder?: string | undefined;
	readonly clock?: Clock;
	/** Told about every event as it happens. What it throws is an uncaught exception of the process, and disturbs no device. */
	readonly onEvent?: (event: CloudEvent) => void;
}

/** What a client needs to know; files are absolute paths of PEM files, keys are base64. */
export interface Ready {
	readonly host: string;
	readonly port: number;
	readonly idScope: string;
	readonly registrationId: string;
	/** Anchors the server's TLS chain. */
	readonly rootCa: string;
	/** Anchors issued certificates. */
	readonly deviceCa: string;
	readonly onboardingCert: string;
	readonly onboardingKey: string;
	readonly symmetricKey: string;
	readonly groupKey: string;
	/** Of the operator's HTTP API, when it is served. */
	readonly apiUrl?: string;
	readonly apiToken?: string;
	/** The page, for a browser on this machine. */
	readonly pageUrl?: string;
}

/** For `parseConfig` of `enrollee`: the device of the individual enrolment, by its key. */
export interface DeviceSettings {
	readonly dps: string;
	readonly idScope: string;
	readonly registrationId: string;
	readonly symmetricKey: string;
	/** Anchors the server's TLS chain, PEM. */
	readonly ca: string;
}

export interface LocalCloud extends Ready {
	readonly settings: DeviceSettings;
	/** The last 10,000, and of these what fits 32 MB, oldest first. */
	readonly events: readonly CloudEvent[];
	readonly telemetry: readonly (CloudEvent & Telemetry)[];
	readonly registrations: readonly (CloudEvent & Registration)[];
	readonly connections: readonly (CloudEvent & Connected)[];
	/** As it stands now; undefined before it was first assigned or connected. A module's id is `device/module`. */
	device(deviceId: string): DeviceState | undefined;
	/** The first event that fits, past or to come. Rejects with what the function throws. */
	readonly seen: Seen;
	/** Throws RangeError on an unknown name; faults.ts and the README list them. */
	arm(fault: string): void;
	/** Without a name: all faults. */
	disarm(fault?: string): void;
	/** Lets a renewal go on that the fault `renew-hold` holds. Throws UnknownDevice. */
	release(deviceId: string): void;
	/** Desired properties, methods, messages, revocation, the authority's roll. */
	readonly operator: CloudOperator;
	/** Ends every connection, keeps the state, removes a temporary folder. Again: the same promise. */
	close(): Promise<void>;
}

/** What the hub holds for a device, or for a module. */
export interface DeviceState {
	readonly id: string;
	/** Host name of the hub that it belongs to. */
	readonly hub: string;
	readonly desired: TwinSection;
	readonly reported: TwinSection;
	/** What was issued to it last, newest first, 100 at most. */
	readonly certificates: readonly CertificateState[];
}

export interface TwinSection {
	readonly properties: Readonly<Record<string, unknown>>;
	/** 1 at first, and one more with each change. */
	readonly version: number;
}

export interface CertificateState {
	/** Upper-case hex. */
	readonly serial: string;
	/** Milliseconds since 1970. */
	readonly notBefore: number;
	readonly notAfter: number;
	/** What the operator says of it; its dates count besides. */
	readonly standing: "valid" | "revoked" | "expired";
	/** As the device got it: DER in base64, leaf first. Absent of all but the newest ten, and in state folders of older versions. */
	readonly chain?: readonly string[];
}

export interface Seen {
	<T extends CloudEvent>(fits: (event: CloudEvent) => event is T): Promise<T>;
	(fits: (event: CloudEvent) => boolean): Promise<CloudEvent>;
}

/**
 * Every method that names a device throws UnknownDevice where it was never assigned or connected; `callMethod` rejects with it.
 * `setDisabled` needs only its enrolment.
 */
export interface CloudOperator {
	/** Merges into the desired properties; the new version. Throws TwinRefused where the service would refuse the patch. */
	pushDesired(deviceId: string, patch: Readonly<Record<string, unknown>>): number;
	/** Names of the bundles that can be offered. */
	readonly bundles: readonly string[];
	/** Throws RangeError when there is none of that name. */
	offerUpdate(deviceId: string, bundle: string): { readonly url: string; readonly sequence: number };
	callMethod(deviceId: string, name: string, payload?: unknown, timeoutSeconds?: number): Promise<MethodOutcome>;
	/** The message's id. Throws RangeError over 64 KB, or where 50 wait already. */
	sendMessage(deviceId: string, body: Uint8Array | string, properties?: Record<string, string>): string;
	/** No certificate issued to the device so far is accepted any more; its connection ends, and those of its modules. */
	withdraw(deviceId: string, standing: "revoked" | "expired"): void;
	/** To another of the cloud's names, where it has no modules; throws RangeError. */
	move(deviceId: string, hub: string): void;
	/** A disabled device's connection ends, and those of its modules. Rejects where the state folder cannot be written. */
	setDisabled(deviceId: string, disabled: boolean): Promise<void>;
	disconnect(deviceId: string): void;
	/** On which curves the key of a request may be, from now on. */
	demandCurves(curves: CsrCurves): void;
	/** New authorities issue; with `forget` nothing that the old ones issued is accepted any more. */
	rollCa(forget: boolean): Promise<void>;
}
