/**
 * IoT Hub: who may connect, and which connection a device or module has (one; a newer one evicts the older).
 *
 * Knows the devices that DPS has assigned or the operator has made, each by the certificates issued to it, the one it
 * registered with, or its key; modules by their own key. Refuses everybody else, certificates outside their dates, SAS
 * tokens of another key or resource, devices of another hub, unknown and (told so) preview api-versions.
 */
import { createHash } from "node:crypto";
import type { Connection } from "./connection.ts";
import { type Device, splitId } from "./devices.ts";
import type { Enrolment } from "./enrolments.ts";
import { HubSession, type HubSessionOptions } from "./hub-session.ts";
import { Messages } from "./messages.ts";
import { type RenewalOptions, Renewals } from "./renewal.ts";
import { checkSas } from "./sas.ts";
import type { Peer, Refusal, Session } from "./session.ts";
import type { Throttle } from "./throttle.ts";
import { isKnownVersion } from "./username.ts";

export interface HubOptions extends RenewalOptions {
	readonly throttle: Throttle;
	/** Host names the hub answers to, without port; the first is where new devices go. */
	readonly hosts: readonly string[];
}

export interface HubConnect {
	/** Host or host:port. */
	readonly host: string;
	/** Of a module: `device/module`. */
	readonly deviceId: string;
	readonly apiVersion: string;
	readonly clientId: string;
	readonly clean: boolean;
	readonly password: string | undefined;
	readonly peer: Peer;
}

interface Identified {
	readonly credential: "sas" | "x509";
	/** Milliseconds since 1970. */
	readonly expires: number;
	/** Of the leaf that was shown. */
	readonly serial?: string;
}

/** What a device is connected with. */
export interface Attachment {
	readonly credential: "sas" | "x509";
	/** Milliseconds since 1970. */
	readonly since: number;
	/** Of the leaf that was shown. */
	readonly serial?: string;
}

export interface Opened extends Identified {
	readonly session: Session;
}

export class Hub {
	readonly #options: HubOptions;
	readonly #open = new Map<string, { session: HubSession; connection: Connection; attachment: Attachment }>();
	/** Of all sessions, by whether their api-version knows the renewal of certificates. */
	readonly #sessions: { readonly renewing: HubSessionOptions; readonly other: HubSessionOptions };
	readonly #renewals: Renewals;
	readonly messages: Messages;

	constructor(options: HubOptions) {
		this.#options = options;
		this.#renewals = new Renewals(options, (deviceId) => this.session(deviceId));
		this.messages = new Messages(options, (deviceId) => this.session(deviceId));
		const other = { ...options, messages: this.messages, renewals: undefined };
		this.#sessions = { renewing: { ...other, renewals: this.#renewals }, other };
	}

	open(connect: HubConnect, connection: Connection): Opened | Refusal {
		const { deviceId } = connect;
		const refuse = (reason: string, returnCode = 5): Refusal => ({ returnCode, reason, service: "hub", deviceId });
		const preview = connect.apiVersion.endsWith("-preview")
			? this.#options.faults.strikes("refuse-preview")
			: undefined;
		if (preview !== undefined) return refuse("fault: refuse-preview", Number(preview || 5));
		if (!isKnownVersion("hub", connect.apiVersion)) return refuse(`unknown api-version ${connect.apiVersion}`);
		if (!this.#options.throttle.allows("connections")) return refuse("throttled", 3);
		if (connect.clientId !== deviceId) return refuse("client id is not the device id", 2);
		const device = this.#options.devices.find(deviceId);
		if (device === undefined) return refuse("no such device: it has not registered with DPS");
		if (!this.#serves(device, connect.host)) return refuse("the device belongs to another hub");
		const identified = this.#identify(device, connect);
		if ("refusal" in identified) return refuse(identified.refusal);
		this.#open.get(deviceId)?.connection.close("evicted by a newer connection (400027)");
		if (connect.clean) device.subscriptions = undefined;
		const { renewing, other } = this.#sessions;
		const common = connect.apiVersion >= "2025-08-01" && device.key === undefined ? renewing : other;
		const session = new HubSession(device, connect.clean, common, () => {
			if (this.#open.get(deviceId)?.session === session) this.#open.delete(deviceId);
		});
		const { credential, serial } = identified;
		const attachment = { credential, since: this.#options.clock.now(), ...(serial === undefined ? {} : { serial }) };
		this.#open.set(deviceId, { session, connection, attachment });
		session.endsAt(identified.expires);
		return { session, ...identified };
	}

	/** The session of a device that is connected now. */
	session(deviceId: string): HubSession | undefined {
		return this.#open.get(deviceId)?.session;
	}

	/** Undefined: not connected. */
	attachment(deviceId: string): Attachment | undefined {
		return this.#open.get(deviceId)?.attachment;
	}

	/** Lets a renewal go on that the fault `renew-hold` holds. */
	release(deviceId: string): void {
		const device = this.#options.devices.find(deviceId);
		if (device !== undefined) this.#renewals.release(device);
	}

	close(deviceId: string, reason: string): void {
		this.#open.get(deviceId)?.connection.close(reason);
	}

	/** What happens to a device happens to its modules. */
	closeWithModules(deviceId: string, reason: string): void {
		for (const [id, { connection }] of [...this.#open])
			if (id === deviceId || splitId(id).deviceId === deviceId) connection.close(reason);
	}

	#identify(device: Device, { peer, password }: HubConnect): Identified | { refusal: string } {
		const { enrolments, clock } = this.#options;
		const { deviceId, moduleId } = splitId(device.id);
		const enrolment = enrolments.ofDevice(deviceId);
		if (enrolment === undefined) return { refusal: "no such device" };
		if (enrolment.disabled) return { refusal: "the device is disabled" };
		if (password !== undefined && password !== "") {
			const key = device.key === undefined ? enrolment.key : Buffer.from(device.key, "base64");
			const checked = checkSas(password, key, (resource) => this.#isResource(resource, device.id), clock.now());
			return "refusal" in checked ? checked : { credential: "sas", expires: checked.expires };
		}
		if (moduleId !== "") return { refusal: "a module connects with a token of its own key" };
		return this.#examine(device, enrolment, peer);
	}

	/** An issued certificate, or the one with which the device has registered. */
	#examine(device: Device, { registrationId }: Enrolment, { chain }: Peer): Identified | { refusal: string } {
		const { authority, devices, clock } = this.#options;
		const issued = authority.examine(chain, registrationId, clock.now(), "operational");
		if (!("refusal" in issued)) {
			const standing = devices.standing(device.id, issued.serial);
			if (standing !== "valid") return { refusal: `the certificate has been ${standing}` };
			return { credential: "x509", expires: issued.notAfter, serial: issued.serial };
		}
		if (device.enrolled === undefined || chain[0] === undefined) return issued;
		const onboarding = authority.examine(chain, registrationId, clock.now(), "onboarding");
		if ("refusal" in onboarding) return issued;
		const thumbprint = createHash("sha256").update(chain[0]).digest("hex");
		if (device.enrolled !== "authority" && device.enrolled !== thumbprint)
			return { refusal: "the device has registered with another certificate" };
		return { credential: "x509", expires: onboarding.notAfter, serial: onboarding.serial };
	}

	/** The host may come with or without port, in the user name and in the token; some tokens name an api-version. */
	#isResource(resource: string, id: string): boolean {
		const [host = "", devices = ""] = resource.split("/", 2);
		const path = resource.slice(host.length + devices.length + 2);
		const wanted = id.replace("/", "/modules/");
		if (devices.toLowerCase() !== "devices" || !path.startsWith(wanted)) return false;
		const rest = path.slice(wanted.length);
		return (rest === "" || /^\/?\??api-version=[^/]*$/i.test(rest)) && this.#options.hosts.includes(bare(host));
	}

	/** The first host is that of every device that was not moved, by whatever name it is called. */
	#serves({ hub }: Device, host: string): boolean {
		const { hosts } = this.#options;
		return hosts.includes(bare(host)) && (hub === hosts[0] || hub === bare(host));
	}
}

function bare(host: string): string {
	return host.replace(/:\d+$/, "").toLowerCase();
}
