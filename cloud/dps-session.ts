/** DPS over MQTT: one client's requests by topic, and their answers. Refuses other topics than the two documented ones. */
import type { Connection } from "./connection.ts";
import type { DpsConnect } from "./dps.ts";
import type { Answer, Registrations } from "./registrations.ts";
import type { Session } from "./session.ts";
import { pathOf, splitTopic } from "./topic.ts";

const REGISTER = "$dps/registrations/PUT/iotdps-register/";
const POLL = "$dps/registrations/GET/iotdps-get-operationstatus/";
const RESPONSES = "$dps/registrations/res/#";

export class DpsSession implements Session {
	readonly service = "dps";
	/** The registration id; what the hub calls the device may differ. */
	readonly deviceId: string;
	readonly subscriptions = new Map<string, number>();
	readonly sessionPresent = false;
	isAttested = false;
	readonly #registrations: Registrations;
	readonly #connect: DpsConnect;
	#connection!: Connection;

	constructor(registrations: Registrations, connect: DpsConnect) {
		this.deviceId = connect.registrationId.toLowerCase();
		this.#registrations = registrations;
		this.#connect = connect;
	}

	accepted(connection: Connection): void {
		this.#connection = connection;
	}

	allows(filter: string): boolean {
		return filter === RESPONSES;
	}

	step(topic: string): string | undefined {
		const path = pathOf(topic);
		return path === REGISTER ? "REGISTER" : path === POLL ? "POLL" : undefined;
	}

	publish({ topic, payload }: { readonly topic: string; readonly payload: Uint8Array }): void {
		const { path, query } = splitTopic(topic);
		const rid = query.get("$rid") ?? "";
		const answer = (given: Answer) => this.#answer(rid, given);
		if (path === POLL) this.#registrations.poll(this.#connect, query.get("operationId") ?? "", answer);
		else this.#registrations.register(this.#connect, payload, answer);
	}

	subscribed(): void {}

	closed(): void {}

	#answer(rid: string, { status, body, retryAfterSeconds, step }: Answer): void {
		this.isAttested ||= status < 300;
		const retry = retryAfterSeconds === undefined ? "" : `&retry-after=${retryAfterSeconds}`;
		this.#connection.deliver(`$dps/registrations/res/${status}/?$rid=${rid}${retry}`, JSON.stringify(body));
		if (step !== undefined) this.#connection.drops(step);
	}
}
