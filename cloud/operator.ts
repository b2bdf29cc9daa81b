/** What an operator does to the cloud and its devices. The HTTP API and tests both act through this. */
import type { Clock } from "../src/port.ts";
import type { Ca, IssuingCurve } from "./ca.ts";
import { type Device, type Devices, patched } from "./devices.ts";
import type { Downloads, UpdateOffer } from "./downloads.ts";
import type { Enrolments } from "./enrolments.ts";
import type { Witness } from "./event.ts";
import type { Hub } from "./hub.ts";
import type { MethodOutcome } from "./methods.ts";

export interface OperatorOptions {
	readonly hub: Hub;
	readonly devices: Devices;
	readonly enrolments: Enrolments;
	readonly ca: Ca;
	readonly clock: Clock;
	readonly downloads: Downloads;
	readonly witness: Witness;
	readonly issuing: IssuingCurve;
	/** Names that devices can be moved between. */
	readonly hosts: readonly string[];
	/** Writes authorities and enrolments to the state folder. */
	readonly save: () => Promise<void>;
}

export class UnknownDevice extends Error {}

export class Operator {
	readonly #options: OperatorOptions;

	constructor(options: OperatorOptions) {
		this.#options = options;
	}

	/** Throws UnknownDevice. */
	device(deviceId: string): Device {
		const device = this.#options.devices.find(deviceId);
		if (device === undefined) throw new UnknownDevice(deviceId);
		return device;
	}

	/** Merges into the desired properties, tells the device if it listens; the new version. */
	pushDesired(deviceId: string, patch: Readonly<Record<string, unknown>>): number {
		const { devices, hub, witness } = this.#options;
		const device = this.device(deviceId);
		device.desired = patched(device.desired, patch);
		devices.changed();
		const { version } = device.desired;
		witness({ event: "desired", deviceId, patch, version });
		const body = JSON.stringify({ ...patch, $version: version });
		hub.session(deviceId)?.deliver(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, body);
		return version;
	}

	/** Names of the bundles that can be offered. */
	get bundles(): readonly string[] {
		return this.#options.downloads.bundles;
	}

	/**
	 * Offers a bundle as the desired property `ota`, that of an application as `app`. Throws RangeError when there is none of
	 * that name.
	 */
	offerUpdate(deviceId: string, bundle: string): UpdateOffer {
		const { downloads } = this.#options;
		const offer = downloads.offer(bundle);
		this.pushDesired(deviceId, { [downloads.property(bundle)]: offer });
		return offer;
	}

	callMethod(deviceId: string, name: string, payload?: unknown, timeoutSeconds = 30): Promise<MethodOutcome> {
		const { hub, witness } = this.#options;
		this.device(deviceId);
		return new Promise((resolve) => {
			const done = (outcome: MethodOutcome) => {
				witness({ event: "method", deviceId, name, ...("status" in outcome ? { status: outcome.status } : outcome) });
				resolve(outcome);
			};
			const session = hub.session(deviceId);
			if (session === undefined) done({ error: "offline" });
			else session.methods.call(name, payload, timeoutSeconds, done);
		});
	}

	/** The message's id. */
	sendMessage(deviceId: string, body: Uint8Array | string, properties: Record<string, string> = {}): string {
		const { hub, witness } = this.#options;
		const id = hub.messages.send(this.device(deviceId), Buffer.from(body), properties);
		witness({ event: "message", deviceId, id });
		return id;
	}

	/** No certificate issued to the device so far is accepted any more; a connection with one ends. */
	withdraw(deviceId: string, standing: "revoked" | "expired"): void {
		const device = this.device(deviceId);
		device.certificates = device.certificates.map((certificate) => ({ ...certificate, standing }));
		this.#acted(deviceId, standing);
		this.#options.hub.close(deviceId, `the certificate has been ${standing}`);
	}

	/** The device is assigned to another hub, and this one refuses it. */
	move(deviceId: string, hub: string): void {
		if (!this.#options.hosts.includes(hub)) throw new RangeError(`hub: one of ${this.#options.hosts.join(", ")}`);
		this.device(deviceId).hub = hub;
		this.#acted(deviceId, "moved");
		this.#options.hub.close(deviceId, "the device has moved to another hub");
	}

	/** Both the enrolment and the hub's device. */
	setDisabled(deviceId: string, disabled: boolean): void {
		const { enrolments } = this.#options;
		enrolments.setDisabled(enrolments.ofDevice(deviceId)?.registrationId ?? deviceId, disabled);
		this.#acted(deviceId, disabled ? "disabled" : "enabled");
		if (disabled) this.#options.hub.close(deviceId, "the device has been disabled");
		void this.#options.save();
	}

	disconnect(deviceId: string): void {
		this.#options.hub.close(deviceId, "disconnected by the operator");
	}

	/** New authorities issue; with `forget` nothing that the old ones issued is accepted any more. */
	async rollCa(forget: boolean): Promise<void> {
		const { ca, issuing, clock, devices, hub, save } = this.#options;
		await ca.roll(issuing, clock.now(), forget);
		this.#acted("", "rolled");
		await save();
		if (forget) for (const { id } of devices.all()) hub.close(id, "the certificate's authority is trusted no more");
	}

	#acted(deviceId: string, action: string): void {
		this.#options.devices.changed();
		this.#options.witness({ event: "operator", deviceId, action });
	}
}
