/**
 * IoT Hub: who may connect, and which connection a device has (one; a newer one evicts the older).
 *
 * Refuses certificates that the device CA did not issue for that device or that are outside their dates, SAS tokens of
 * another key or resource, devices of another hub, and (told so) preview api-versions.
 */
import type { Connection } from "./connection.ts";
import type { Device } from "./devices.ts";
import { HubSession } from "./hub-session.ts";
import { Messages } from "./messages.ts";
import { type RenewalOptions, Renewals } from "./renewal.ts";
import { checkSas } from "./sas.ts";
import type { Peer, Refusal, Session } from "./session.ts";
import type { Throttle } from "./throttle.ts";

export interface HubOptions extends RenewalOptions {
	readonly throttle: Throttle;
	/** Host names the hub answers to, without port; the first is where new devices go. */
	readonly hosts: readonly string[];
}

export interface HubConnect {
	/** Host or host:port. */
	readonly host: string;
	readonly deviceId: string;
	readonly apiVersion: string;
	/** DeviceClientType, "" when not said. */
	readonly clientType: string;
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
	readonly #renewals: Renewals;
	readonly messages: Messages;

	constructor(options: HubOptions) {
		this.#options = options;
		this.#renewals = new Renewals(options, (deviceId) => this.session(deviceId));
		this.messages = new Messages(options, (deviceId) => this.session(deviceId));
	}

	open(connect: HubConnect, connection: Connection): Opened | Refusal {
		const { deviceId } = connect;
		const refuse = (reason: string, returnCode = 5): Refusal => ({ returnCode, reason, service: "hub", deviceId });
		const preview = connect.apiVersion.endsWith("-preview")
			? this.#options.faults.strikes("refuse-preview")
			: undefined;
		if (preview !== undefined) return refuse("fault: refuse-preview", Number(preview || 5));
		if (!this.#options.throttle.allows("connections")) return refuse("throttled", 3);
		if (connect.clientId !== deviceId) return refuse("client id is not the device id", 2);
		const identified = this.#identify(connect);
		if ("refusal" in identified) return refuse(identified.refusal);
		const device = this.#device(connect);
		if (device === undefined) return refuse("the device belongs to another hub");
		this.#open.get(deviceId)?.connection.close("evicted by a newer connection (400027)");
		if (connect.clean) device.subscriptions = undefined;
		const renewals = connect.apiVersion >= "2025-08-01" ? this.#renewals : undefined;
		const { messages } = this;
		// Azure's SDK for C takes the certificates of a renewal as a bare array only; everybody else as an object.
		const bareArray = connect.clientType.startsWith("azsdk-c");
		const session = new HubSession(
			{ ...this.#options, device, renewals, messages, bareArray, clean: connect.clean },
			() => {
				if (this.#open.get(deviceId)?.session === session) this.#open.delete(deviceId);
			},
		);
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

	#identify(connect: HubConnect): Identified | { refusal: string } {
		const { authority, enrolments, devices, clock } = this.#options;
		const { deviceId, peer, password } = connect;
		const enrolment = enrolments.ofDevice(deviceId);
		if (enrolment === undefined) return { refusal: "no such device" };
		if (enrolment.disabled) return { refusal: "the device is disabled" };
		if (password !== undefined && password !== "") {
			const checked = checkSas(
				password,
				enrolment.key,
				(resource) => this.#isResource(resource, deviceId),
				clock.now(),
			);
			return "refusal" in checked ? checked : { credential: "sas", expires: checked.expires };
		}
		const examined = authority.examine(peer.chain, enrolment.registrationId, clock.now(), "operational");
		if ("refusal" in examined) return examined;
		const standing = devices.standing(deviceId, examined.serial);
		if (standing !== "valid") return { refusal: `the certificate has been ${standing}` };
		return { credential: "x509", expires: examined.notAfter, serial: examined.serial };
	}

	/** The host may come with or without port, in the user name and in the token. */
	#isResource(resource: string, deviceId: string): boolean {
		const [, host, id] = /^([^/]+)\/devices\/(.+)$/i.exec(resource) ?? [];
		return host !== undefined && id === deviceId && this.#options.hosts.includes(bare(host));
	}

	/** Known, or one whose credential shows that its enrolment is ours. */
	#device({ host, deviceId }: HubConnect): Device | undefined {
		const { devices, hosts } = this.#options;
		if (!hosts.includes(bare(host))) return undefined;
		const device = devices.at(deviceId, hosts[0]!);
		return device.hub === hosts[0] || device.hub === bare(host) ? device : undefined;
	}
}

function bare(host: string): string {
	return host.replace(/:\d+$/, "").toLowerCase();
}
