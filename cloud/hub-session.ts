/**
 * What a connected device may do: telemetry, twin, methods, messages, renewal. Only documented topics and filters.
 *
 * A session of a clean=0 connection keeps its filters for the next one, as IoT Hub does.
 */
import type { Clock } from "../src/port.ts";
import type { Connection } from "./connection.ts";
import { type Device, type Devices, splitId } from "./devices.ts";
import type { Witness } from "./event.ts";
import type { Faults } from "./faults.ts";
import { flood, hugeMembers } from "./flood.ts";
import { parseRecord } from "./json.ts";
import type { Messages } from "./messages.ts";
import { Methods } from "./methods.ts";
import { problemBody, statusOf } from "./problem.ts";
import { CREDENTIALS, type Renewals } from "./renewal.ts";
import type { Publication, Session } from "./session.ts";
import type { Throttle } from "./throttle.ts";
import { messageProperties, type Properties, pathOf, splitTopic } from "./topic.ts";
import { patched, sectionForDevice, TwinRefused } from "./twins.ts";

/** What all sessions have in common. */
export interface HubSessionOptions {
	readonly devices: Devices;
	readonly clock: Clock;
	readonly witness: Witness;
	/** Undefined where the api-version knows no certificate renewal. */
	readonly renewals: Renewals | undefined;
	readonly messages: Messages;
	readonly throttle: Throttle;
	readonly faults: Faults;
}

const METHOD_ANSWER = /^\$iothub\/methods\/res\/(-?\d{1,10})\/$/;

export class HubSession implements Session {
	readonly service = "hub";
	readonly isAttested = true;
	readonly deviceId: string;
	readonly subscriptions: Map<string, number>;
	readonly sessionPresent: boolean;
	readonly #options: HubSessionOptions;
	readonly #device: Device;
	readonly #clean: boolean;
	readonly #ended: () => void;
	/** Where its topics begin. */
	readonly #path: string;
	readonly #events: string;
	#connection: Connection | undefined;
	#methods: Methods | undefined;
	#cancelEnd: () => void = () => {};

	constructor(device: Device, clean: boolean, options: HubSessionOptions, ended: () => void) {
		this.#device = device;
		this.#clean = clean;
		this.deviceId = device.id;
		const { deviceId, moduleId } = splitId(device.id);
		this.#path = moduleId === "" ? `devices/${deviceId}` : `devices/${deviceId}/modules/${moduleId}`;
		this.#events = `${this.#path}/messages/events/`;
		this.sessionPresent = !clean && device.subscriptions !== undefined;
		this.subscriptions = device.subscriptions ?? new Map();
		if (!clean) device.subscriptions = this.subscriptions;
		this.#options = options;
		this.#ended = ended;
	}

	get methods(): Methods {
		this.#methods ??= new Methods(this.#options.clock, (topic, payload) => this.deliver(topic, payload));
		return this.#methods;
	}

	accepted(connection: Connection): void {
		this.#connection = connection;
	}

	/** The credential's end, milliseconds since 1970: the connection closes then, without a reason. */
	endsAt(time: number): void {
		const { clock } = this.#options;
		const left = Math.max(0, time - clock.now());
		this.#cancelEnd = clock.after(left, () => this.#connection?.close("the credential has expired"));
	}

	allows(filter: string): boolean {
		const filters = [
			"$iothub/twin/res/#",
			"$iothub/twin/PATCH/properties/desired/#",
			"$iothub/methods/POST/#",
			...this.#messageFilters(),
			// Azure's SDKs subscribe to it for IoT Edge; from the hub itself nothing comes.
			...(splitId(this.deviceId).moduleId === "" ? [] : [`${this.#path}/inputs/#`]),
		];
		return filters.includes(filter) || (this.#options.renewals !== undefined && filter === CREDENTIALS);
	}

	step(topic: string): string | undefined {
		if (topic.startsWith(this.#events)) return "PUBLISH";
		const path = pathOf(topic);
		if (path === "$iothub/twin/GET/") return "TWIN-GET";
		if (path === "$iothub/twin/PATCH/properties/reported/") return "TWIN-PATCH";
		if (path === "$iothub/credentials/POST/issueCertificate/" && this.#options.renewals !== undefined) return "RENEW";
		if (METHOD_ANSWER.test(path)) return "METHOD";
		return undefined;
	}

	publish(publication: Publication, step: string) {
		const { topic, payload } = publication;
		if (step === "PUBLISH") return this.#telemetry(publication);
		const rid = splitTopic(topic).query.get("$rid") ?? "";
		if (step === "METHOD") return this.#answered(topic, rid, payload);
		if (this.#options.faults.strikes("silent") !== undefined) return;
		if (step === "RENEW") return this.#renew(rid, payload);
		if (!this.#options.throttle.allows("twins")) return this.#refuseTwin(rid, 429001, "Too many requests.");
		if (step === "TWIN-GET") return this.#twin(rid);
		if (step === "TWIN-PATCH") return this.#report(rid, payload);
	}

	/** Documented for telemetry only; on another topic nobody would hear it. */
	will(publication: Publication): void {
		if (this.step(publication.topic) === "PUBLISH") this.#telemetry(publication, { "iothub-MessageType": "Will" });
	}

	subscribed(filter: string): void {
		if (filter === CREDENTIALS) this.#options.renewals?.flush(this.#device);
		const { faults, messages } = this.#options;
		const device = this.#device;
		if (this.#messageFilters().includes(filter)) messages.flush(device);
		flood(filter, this.deviceId, device, faults, (topic, payload) => this.deliver(topic, payload));
	}

	deliver(topic: string, payload: string | Uint8Array, acknowledged?: () => void): boolean {
		return this.#connection?.deliver(topic, payload, acknowledged) ?? false;
	}

	drops(step: string): boolean {
		return this.#connection?.drops(step) ?? true;
	}

	closed(): void {
		this.#cancelEnd();
		this.#connection = undefined;
		this.#methods?.closed();
		this.#ended();
		if (!this.#clean) this.#options.devices.changed(this.#device);
	}

	/** Without subscription or request id the service does not answer. */
	#renew(rid: string, payload: Uint8Array): void {
		if (rid === "") this.#connection?.close("certificate request without $rid");
		else if (this.subscriptions.has(CREDENTIALS)) this.#options.renewals?.submit(this, this.#device, rid, payload);
	}

	/** A message is never retained; that it was asked for is said to the back end. */
	#telemetry({ topic, payload, qos, retain }: Publication, added?: Properties) {
		const own = messageProperties(topic.slice(this.#events.length));
		const properties =
			retain || added !== undefined ? { ...own, ...(retain && { "mqtt-retain": "true" }), ...added } : own;
		this.#options.witness({ event: "telemetry", deviceId: this.deviceId, body: payload, properties, qos });
	}

	#twin(rid: string) {
		const { witness } = this.#options;
		const { desired, reported } = this.#device;
		const huge = this.#options.faults.strikes("huge-twin");
		const members = huge === undefined ? "" : `${hugeMembers(huge)},`;
		const body = `{"desired":{${members}${sectionForDevice(desired).slice(1)},"reported":${sectionForDevice(reported)}}`;
		witness({ event: "twin-get", deviceId: this.deviceId });
		this.#connection?.deliver(`$iothub/twin/res/200/?$rid=${rid}`, body);
	}

	#report(rid: string, payload: Uint8Array) {
		const { devices, witness, clock } = this.#options;
		const device = this.#device;
		const patch = parseRecord(payload);
		if (patch === undefined) return this.#refuseTwin(rid, 400006, "The patch is not a JSON object.");
		try {
			device.reported = patched(device.reported, patch, clock.now(), false);
		} catch (thrown) {
			if (!(thrown instanceof TwinRefused)) throw thrown;
			return this.#refuseTwin(rid, 400004, thrown.message);
		}
		devices.changed(device);
		const { version } = device.reported;
		witness({ event: "reported", deviceId: this.deviceId, patch, version });
		this.#connection?.deliver(`$iothub/twin/res/204/?$rid=${rid}&$version=${version}`, "");
	}

	#answered(topic: string, rid: string, payload: Uint8Array) {
		this.#methods?.answer(Number(METHOD_ANSWER.exec(pathOf(topic))?.[1]), rid, payload);
	}

	#refuseTwin(rid: string, errorCode: number, message: string) {
		const problem = { errorCode, message };
		const body = JSON.stringify(problemBody(problem, this.#options.clock.now()));
		this.#connection?.deliver(`$iothub/twin/res/${statusOf(problem)}/?$rid=${rid}`, body);
	}

	/** Where its messages come: with `+` for the id in Azure's SDK for C. */
	#messageFilters(): readonly string[] {
		const { moduleId } = splitId(this.deviceId);
		const path = this.#path;
		return moduleId === "" ? [`${path}/messages/devicebound/#`, "devices/+/messages/devicebound/#"] : [`${path}/#`];
	}
}
