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
	readonly #known: Map<string, DpsSession>;
	#connection!: Connection;

	/** `known`: of each registration id the session whose credential has been looked at. */
	constructor(registrations: Registrations, connect: DpsConnect, known: Map<string, DpsSession>) {
		this.deviceId = connect.registrationId.toLowerCase();
		this.#registrations = registrations;
		this.#connect = connect;
		this.#known = known;
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

	evict(): void {
		this.#connection.close("evicted by a newer connection");
	}

	closed(): void {
		if (this.#known.get(this.deviceId) === this) this.#known.delete(this.deviceId);
	}

	/** One connection a client id (MQTT-3.1.4-2); a stranger that only says it has that id ends no other. */
	#attested(): void {
		this.isAttested = true;
		this.#known.get(this.deviceId)?.evict();
		this.#known.set(this.deviceId, this);
	}

	#answer(rid: string, { status, body, retryAfterSeconds, step }: Answer): void {
		if (status < 300 && !this.isAttested && this.#connection.standing === "accepted") this.#attested();
		const retry = retryAfterSeconds === undefined ? "" : `&retry-after=${retryAfterSeconds}`;
		this.#connection.deliver(`$dps/registrations/res/${status}/?$rid=${rid}${retry}`, JSON.stringify(body));
		if (step !== undefined) this.#connection.drops(step);
	}
}
