/**
 * What a connected device may do: telemetry, twin, methods, messages, renewal. Only documented topics and filters.
 *
 * A session of a clean=0 connection keeps its filters for the next one, as IoT Hub does.
 */
import type { Clock } from "../src/port.ts";
import type { Connection } from "./connection.ts";
import { type Device, type Devices, isRecord, patched } from "./devices.ts";
import type { Witness } from "./event.ts";
import type { Faults } from "./faults.ts";
import type { Messages } from "./messages.ts";
import { Methods } from "./methods.ts";
import { problemBody, statusOf } from "./problem.ts";
import { CREDENTIALS, type Renewals } from "./renewal.ts";
import type { Session } from "./session.ts";
import type { Throttle } from "./throttle.ts";
import { properties, splitTopic } from "./topic.ts";

export interface HubSessionOptions {
	readonly device: Device;
	readonly devices: Devices;
	readonly clock: Clock;
	readonly witness: Witness;
	/** Undefined where the api-version knows no certificate renewal. */
	readonly renewals: Renewals | undefined;
	/** The client reads the 200 of a renewal only as an array. */
	readonly bareArray: boolean;
	readonly messages: Messages;
	readonly throttle: Throttle;
	readonly faults: Faults;
	readonly clean: boolean;
}

const METHOD_ANSWER = /^\$iothub\/methods\/res\/(\d{1,10})\/$/;
const MAX_TWIN_BYTES = 32 * 1024;

export class HubSession implements Session {
	readonly service = "hub";
	readonly deviceId: string;
	readonly subscriptions: Map<string, number>;
	readonly sessionPresent: boolean;
	readonly methods: Methods;
	readonly #options: HubSessionOptions;
	readonly #ended: () => void;
	#connection: Connection | undefined;
	#cancelEnd: () => void = () => {};

	constructor(options: HubSessionOptions, ended: () => void) {
		const { device, clean } = options;
		this.deviceId = device.id;
		this.sessionPresent = !clean && device.subscriptions !== undefined;
		this.subscriptions = device.subscriptions ?? new Map();
		if (!clean) device.subscriptions = this.subscriptions;
		this.methods = new Methods(options.clock, (topic, payload) => this.deliver(topic, payload));
		this.#options = options;
		this.#ended = ended;
	}

	get bareArray(): boolean {
		return this.#options.bareArray;
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
			`devices/${this.deviceId}/messages/devicebound/#`,
		];
		return filters.includes(filter) || (this.#options.renewals !== undefined && filter === CREDENTIALS);
	}

	step(topic: string): string | undefined {
		const { path } = splitTopic(topic);
		if (topic.startsWith(this.#events())) return "PUBLISH";
		if (path === "$iothub/twin/GET/") return "TWIN-GET";
		if (path === "$iothub/twin/PATCH/properties/reported/") return "TWIN-PATCH";
		if (path === "$iothub/credentials/POST/issueCertificate/" && this.#options.renewals !== undefined) return "RENEW";
		if (METHOD_ANSWER.test(path)) return "METHOD";
		return undefined;
	}

	publish(topic: string, payload: Uint8Array, qos: number) {
		const step = this.step(topic);
		if (step === "PUBLISH") return this.#telemetry(topic, payload, qos);
		const rid = splitTopic(topic).query.get("$rid") ?? "";
		if (step === "METHOD") return this.#answered(topic, rid, payload);
		if (this.#options.faults.strikes("silent") !== undefined) return;
		if (step === "RENEW") return this.#renew(rid, payload);
		if (!this.#options.throttle.allows("twins")) return this.#refuseTwin(rid, 429001, "Too many requests.");
		if (step === "TWIN-GET") return this.#twin(rid);
		if (step === "TWIN-PATCH") return this.#report(rid, payload);
	}

	subscribed(filter: string): void {
		if (filter === CREDENTIALS) this.#options.renewals?.flush(this.#options.device);
		if (filter.endsWith("/messages/devicebound/#")) this.#options.messages.flush(this.#options.device);
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
		this.methods.closed();
		if (!this.#options.clean) this.#options.devices.changed();
		this.#ended();
	}

	/** Without subscription or request id the service does not answer. */
	#renew(rid: string, payload: Uint8Array): void {
		if (rid === "") this.#connection?.close("certificate request without $rid");
		else if (this.subscriptions.has(CREDENTIALS))
			this.#options.renewals?.submit(this, this.#options.device, rid, payload);
	}

	#telemetry(topic: string, body: Uint8Array, qos: number) {
		const bag = Object.fromEntries(properties(topic.slice(this.#events().length)));
		this.#options.witness({ event: "telemetry", deviceId: this.deviceId, body, properties: bag, qos });
	}

	#twin(rid: string) {
		const { device, witness } = this.#options;
		const section = ({ properties, version }: Device["desired"]) => ({ ...properties, $version: version });
		const body = JSON.stringify({ desired: section(device.desired), reported: section(device.reported) });
		witness({ event: "twin-get", deviceId: this.deviceId });
		this.#connection?.deliver(`$iothub/twin/res/200/?$rid=${rid}`, body);
	}

	#report(rid: string, payload: Uint8Array) {
		const { device, devices, witness } = this.#options;
		const patch = payload.length <= MAX_TWIN_BYTES ? parse(payload) : undefined;
		if (patch === undefined) return this.#refuseTwin(rid, 400004, "The patch is not a JSON object of 32 KB at most.");
		device.reported = patched(device.reported, patch);
		devices.changed();
		const { version } = device.reported;
		witness({ event: "reported", deviceId: this.deviceId, patch, version });
		this.#connection?.deliver(`$iothub/twin/res/204/?$rid=${rid}&$version=${version}`, "");
	}

	#answered(topic: string, rid: string, payload: Uint8Array) {
		this.methods.answer(Number(METHOD_ANSWER.exec(splitTopic(topic).path)?.[1]), rid, payload);
	}

	#refuseTwin(rid: string, errorCode: number, message: string) {
		const problem = { errorCode, message };
		const body = problemBody(problem, this.#options.clock.now());
		this.#connection?.deliver(`$iothub/twin/res/${statusOf(problem)}/?$rid=${rid}`, body);
	}

	#events(): string {
		return `devices/${this.deviceId}/messages/events/`;
	}
}

function parse(payload: Uint8Array): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
		return isRecord(value) ? value : undefined;
	} catch {
		return undefined;
	}
}
