/** What an operator does to the cloud and its devices. The HTTP API and tests both act through this. */
import { randomBytes } from "node:crypto";
import type { Clock } from "../src/port.ts";
import type { Ca } from "./ca.ts";
import type { CloudOperator, CsrCurves, IssuingCurve } from "./contract.ts";
import { type Device, type Devices, splitId } from "./devices.ts";
import type { Downloads, UpdateOffer } from "./downloads.ts";
import { type Enrolments, idProblem } from "./enrolments.ts";
import type { Witness } from "./event.ts";
import type { Hub } from "./hub.ts";
import type { MethodOutcome } from "./methods.ts";
import type { Properties } from "./topic.ts";
import { EMPTY_TWIN, patched } from "./twins.ts";

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

const MODULE_ID = /^[A-Za-z0-9\-:.%_*!(),@$']{1,128}$/;
const MODULE_ID_RULE =
	"1 to 128 of letters, digits and - : . % _ * ! ( ) , @ $ '; of what else IoT Hub allows, no user name carries ? =, no topic + #";

/** Neither DPS nor the operator has made the hub know it. */
export class UnknownDevice extends Error {
	override readonly name = "UnknownDevice";

	constructor(deviceId: string) {
		super(`no such device: ${deviceId}`);
	}
}

export class Operator implements CloudOperator {
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

	/** What a device needs to register: its key is its own, or derives from the group's. Throws RangeError on an id that DPS refuses. */
	enrolment(registrationId: string): {
		readonly registrationId: string;
		readonly key: string;
		readonly group: boolean;
	} {
		const problem = idProblem(registrationId);
		if (problem !== undefined) throw new RangeError(problem);
		const { registrationId: id, key, group } = this.#options.enrolments.find(registrationId);
		return { registrationId: id, key: Buffer.from(key).toString("base64"), group: group !== undefined };
	}

	/** Makes a device known to the hub without DPS; its key is that of its enrolment. Throws RangeError on an id that none leads to. */
	createDevice(deviceId: string): Device {
		const { devices, enrolments, hosts } = this.#options;
		const problem = idProblem(deviceId);
		if (problem !== undefined) throw new RangeError(problem);
		if (enrolments.ofDevice(deviceId) === undefined) throw new RangeError(`no enrolment has the device id ${deviceId}`);
		const device = devices.at(deviceId, hosts[0]!);
		this.#acted(deviceId, "created");
		return device;
	}

	/** A module of a known device, with a key of its own (base64). Throws UnknownDevice, RangeError. */
	createModule(deviceId: string, moduleId: string): Device & { readonly key: string } {
		const { hub } = this.device(deviceId);
		if (splitId(deviceId).moduleId !== "") throw new RangeError("deviceId: a module has no modules");
		if (!MODULE_ID.test(moduleId)) throw new RangeError(`moduleId: ${MODULE_ID_RULE}`);
		const key = randomBytes(32).toString("base64");
		const module = this.#options.devices.at(`${deviceId}/${moduleId}`, hub, key);
		this.#acted(module.id, "created");
		return { ...module, key: module.key ?? key };
	}

	/** Merges into the desired properties, tells the device if it listens; the new version. Throws TwinRefused. */
	pushDesired(deviceId: string, patch: Readonly<Record<string, unknown>>): number {
		const { devices, hub, witness, clock } = this.#options;
		const device = this.device(deviceId);
		device.desired = patched(device.desired, patch, clock.now(), true);
		devices.changed(device);
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

	async callMethod(deviceId: string, name: string, payload?: unknown, timeoutSeconds = 30): Promise<MethodOutcome> {
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
	sendMessage(deviceId: string, body: Uint8Array | string, properties: Properties = {}): string {
		const { hub, witness } = this.#options;
		const id = hub.messages.send(this.device(deviceId), Buffer.from(body), properties);
		witness({ event: "message", deviceId, id });
		return id;
	}

	/** No certificate issued to the device so far is accepted any more; its connection ends, and those of its modules. */
	withdraw(deviceId: string, standing: "revoked" | "expired"): void {
		const device = this.device(deviceId);
		device.certificates = device.certificates.map((certificate) => ({ ...certificate, standing }));
		this.#acted(deviceId, standing);
		this.#options.hub.closeWithModules(deviceId, `the certificate has been ${standing}`);
	}

	/**
	 * The device is assigned to another hub, and this one refuses it. What a hub holds for a device does not move: a twin of its own
	 * whose versions begin anew, no messages, no subscriptions (DPS, reprovisioning policy "reset to initial configuration"), and no
	 * modules: those of the old hub are gone with the device. Throws UnknownDevice, RangeError.
	 */
	move(deviceId: string, hub: string): void {
		const { devices, hosts } = this.#options;
		if (!hosts.includes(hub)) throw new RangeError(`hub: one of ${hosts.join(", ")}`);
		const device = this.device(deviceId);
		if (splitId(deviceId).moduleId !== "") throw new RangeError("deviceId: a module does not move, its device does");
		devices.removeModules(deviceId);
		Object.assign(device, {
			hub,
			desired: EMPTY_TWIN,
			reported: EMPTY_TWIN,
			subscriptions: undefined,
			messages: [],
			request: undefined,
		} satisfies Partial<Device>);
		this.#acted(deviceId, "moved");
		this.#options.hub.closeWithModules(deviceId, "the device has moved to another hub");
	}

	/** Both the enrolment and the hub's device, with its modules: for one of these it is done to its device. */
	async setDisabled(id: string, disabled: boolean): Promise<void> {
		const { enrolments, hub } = this.#options;
		const { deviceId } = splitId(id);
		enrolments.setDisabled(enrolments.ofDevice(deviceId)?.registrationId ?? deviceId, disabled);
		this.#acted(deviceId, disabled ? "disabled" : "enabled");
		if (disabled) hub.closeWithModules(deviceId, "the device has been disabled");
		await this.#options.save();
	}

	disconnect(deviceId: string): void {
		this.device(deviceId);
		this.#options.hub.close(deviceId, "disconnected by the operator");
	}

	/** On which curves the key of a request may be, from now on. */
	demandCurves(curves: CsrCurves): void {
		this.#options.ca.csrCurves = curves;
		this.#acted("", `csr-curves ${curves}`);
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
		const device = this.#options.devices.find(deviceId);
		if (device !== undefined) this.#options.devices.changed(device);
		this.#options.witness({ event: "operator", deviceId, action });
	}
}
