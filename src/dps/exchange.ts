/**
 * A registration on the wire: connect to DPS, subscribe, run the Registration machine, disconnect.
 *
 * One attempt; it ends with `done` called exactly once. Whether to try again is `agent.ts`'s business.
 */
import { idle } from "../base/idle.ts";
import { Fault } from "../fault.ts";
import { type Client, type ClientEvents, openClient } from "../mqtt/client.ts";
import type { Sink } from "../mqtt/events.ts";
import { recordBytes } from "../mqtt/header.ts";
import { wayOf } from "../mqtt/transport.ts";
import type { Clock, Identity, Log, Wire } from "../port.ts";
import type { BodyReader } from "./body.ts";
import { RESPONSE_FILTER, resource, username } from "./dps-topics.ts";
import { type Action, type Assignment, Registration, type Request } from "./registration.ts";
import type { SymmetricKey } from "./sas.ts";

/** How a device proves itself before it has an operational certificate. */
export type Onboarding = { readonly key: SymmetricKey } | { readonly identity: Identity };

export interface ExchangeOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly log: Log;
	readonly host: string;
	readonly port: number;
	readonly anchors: readonly Uint8Array[];
	readonly idScope: string;
	readonly onboarding: Onboarding;
	readonly request: Request;
	/** The CSR leaves: from here on the service may issue a certificate that never arrives. */
	readonly onRequest: () => void;
}

/** A token need not outlive the exchange; the margin is for clocks that run ahead or behind. */
const TOKEN_SECONDS = 3600;
const KEEP_ALIVE_SECONDS = 240;
/** The longest silence after a request, seconds: what the SDKs' samples wait. */
const ANSWER_SECONDS = 60;
/** All polling together, seconds. A service that assigns for longer is stuck. */
const WHOLE_SECONDS = 900;
/** Larger answers are read as they come; of this size are those that say to wait. */
const MOST_PACKET_BYTES = 1024;

/** Returns a function that abandons the exchange (then `done` gets Fault agent.closed). */
export function exchange(options: ExchangeOptions, done: (result: Assignment | Fault) => void): () => void {
	const running = new Exchange(options, done);
	return () => running.finish(new Fault("agent.closed", "registration abandoned"));
}

class Exchange implements ClientEvents {
	readonly #options: Omit<ExchangeOptions, "onboarding">;
	readonly #done: (result: Assignment | Fault) => void;
	readonly #registration: Registration;
	readonly #client: Client;
	#result: Assignment | Fault | undefined;
	#cancelTimer: () => void = idle;
	readonly #cancelWhole: () => void;

	/** What is shown is not held: a chain may have some KB, and so has the answer. */
	constructor({ onboarding, ...options }: ExchangeOptions, done: (result: Assignment | Fault) => void) {
		const { wire, clock, host, port, anchors, request } = options;
		this.#options = options;
		this.#done = done;
		this.#registration = new Registration(request);
		this.#cancelWhole = clock.after(WHOLE_SECONDS * 1000, () =>
			this.finish(new Fault("dps.timeout", `no assignment within ${WHOLE_SECONDS} s`)),
		);
		const identity = "identity" in onboarding ? { identity: onboarding.identity } : {};
		this.#client = openClient(
			{
				wire,
				clock,
				connect: {
					host,
					port,
					anchors,
					timeoutSeconds: ANSWER_SECONDS,
					notBefore: clock.now(),
					maxRecordBytes: recordBytes(request.maxMessageBytes),
					...identity,
				},
				clientId: request.registrationId,
				username: username(options.idScope, request.registrationId, request.dialect),
				...("key" in onboarding ? { password: password(onboarding.key, options, clock.now()) } : {}),
				clean: true,
				keepAliveSeconds: KEEP_ALIVE_SECONDS,
				maxPacketBytes: MOST_PACKET_BYTES,
				timeoutSeconds: ANSWER_SECONDS,
			},
			this,
		);
	}

	onOpen(): void {
		const { log, host, wire, port: wanted } = this.#options;
		const { port, transport } = wayOf(wire, wanted);
		log("dps.connected", { host, port, transport });
		this.#client.subscribe(RESPONSE_FILTER, (fault) => {
			if (fault) return this.#failed(fault);
			this.#options.onRequest();
			this.#act(this.#registration.register());
		});
	}

	onMessage(topic: string, payload: Uint8Array): void {
		const sink = this.onLarge(topic);
		sink?.push(payload);
		sink?.end();
	}

	/**
	 * One answer is taken for each request, and no turn is queued for anything else: a service may send answers without end.
	 * It is judged in a turn of its own, which leaves behind what it was made of.
	 */
	onLarge(topic: string): Sink | undefined {
		const response = this.#result === undefined ? this.#registration.take(topic) : undefined;
		if (response === undefined) return undefined;
		// The last answer, and the most that an enrolment holds: no session with DPS will be resumed after it.
		if (!(response instanceof Fault) && response.status === 200) this.#options.wire.forget?.();
		const reader = this.#registration.open(response);
		return {
			push: (bytes) => reader.push(bytes),
			end: () => void Promise.resolve(reader).then((whole) => this.#receive(whole)),
		};
	}

	onClose(fault?: Fault): void {
		this.#result ??= refused(fault);
		this.#cancelTimer();
		this.#cancelWhole();
		this.#done(this.#result);
	}

	/** The outcome is known; the connection still has to end. */
	finish(outcome: Assignment | Fault): void {
		if (this.#result !== undefined) return;
		this.#result = outcome;
		this.#cancelTimer();
		this.#cancelWhole();
		this.#client.close();
	}

	/** Of an operation. One that ends with the connection says nothing of its own: why that has ended comes with onClose. */
	#failed(fault: Fault): void {
		if (fault.code !== "mqtt.closed") this.finish(fault);
	}

	#receive(reader: BodyReader): void {
		if (this.#result === undefined) this.#act(this.#registration.answer(reader));
	}

	#act(action: Action): void {
		const { log, clock } = this.#options;
		this.#cancelTimer();
		switch (action.type) {
			case "publish":
				log("dps.request", { bytes: action.payload.length });
				this.#client.publish(action.topic, action.payload, 1, (fault) => fault && this.#failed(fault));
				this.#cancelTimer = clock.after(ANSWER_SECONDS * 1000, () =>
					this.finish(new Fault("dps.timeout", `no answer within ${ANSWER_SECONDS} s`)),
				);
				return;
			case "wait":
				log("dps.assigning", { pollInSeconds: action.seconds });
				this.#cancelTimer = clock.after(action.seconds * 1000, () => this.#act(this.#registration.poll()));
				return;
			case "assigned":
				this.finish(action.assignment);
				return;
			case "failed":
				this.finish(action.fault);
				return;
		}
	}
}

function password(key: SymmetricKey, options: Pick<ExchangeOptions, "idScope" | "request">, now: number): string {
	const expires = Math.floor(now / 1000) + TOKEN_SECONDS;
	return key.token(resource(options.idScope, options.request.registrationId), expires, "registration");
}

/** A connection that DPS ended before the answer: a refused credential has a Fault of its own. */
function refused(fault: Fault | undefined): Fault {
	if (!fault) return new Fault("wire.closed", "DPS closed the connection before its answer");
	if (fault.code === "mqtt.credentials" || fault.code === "mqtt.unauthorized" || fault.code === "tls.rejected")
		return new Fault("dps.unauthorized", "DPS refused the onboarding credential", { cause: fault });
	return fault;
}
