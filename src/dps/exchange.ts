/**
 * A registration on the wire: connect to DPS, subscribe, run the Registration machine, disconnect.
 *
 * One attempt; it ends with `done` called exactly once. Whether to try again is `agent.ts`'s business.
 */
import { idle } from "../base/idle.ts";
import { Fault, printable } from "../fault.ts";
import { type Client, type ClientEvents, openClient } from "../mqtt/client.ts";
import { recordBytes } from "../mqtt/header.ts";
import { wayOf } from "../mqtt/transport.ts";
import type { Clock, Identity, Log, Wire } from "../port.ts";
import { RESPONSE_FILTER, resource, username } from "./dps-topics.ts";
import { type Action, type Answer, type Assignment, Registration, type Request } from "./registration.ts";
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
	/** Of a message that is held: the service's answer may be four times that. */
	readonly maxMessageBytes: number;
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
/** An answer with three certificates is under 4 KB; a trust bundle, dialect A only, may be as large as this. */
const MOST_PACKET_BYTES = 40 * 1024;
/** What a small device holds of it, whatever it holds of other messages. */
const LEAST_PACKET_BYTES = 4608;

/** Returns a function that abandons the exchange (then `done` gets Fault agent.closed). */
export function exchange(options: ExchangeOptions, done: (result: Assignment | Fault) => void): () => void {
	const running = new Exchange(options, done);
	return () => running.finish(new Fault("agent.closed", "registration abandoned"));
}

class Exchange implements ClientEvents {
	readonly #options: ExchangeOptions;
	readonly #done: (result: Assignment | Fault) => void;
	readonly #registration: Registration;
	readonly #client: Client;
	#result: Assignment | Fault | undefined;
	#cancelTimer: () => void = idle;
	readonly #cancelWhole: () => void;

	constructor(options: ExchangeOptions, done: (result: Assignment | Fault) => void) {
		const { wire, clock, host, port, anchors, onboarding, request } = options;
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
					maxRecordBytes: recordBytes(options.maxMessageBytes),
					...identity,
				},
				clientId: request.registrationId,
				username: username(options.idScope, request.registrationId, request.dialect),
				...("key" in onboarding ? { password: password(onboarding.key, options, clock.now()) } : {}),
				clean: true,
				keepAliveSeconds: KEEP_ALIVE_SECONDS,
				maxPacketBytes: Math.min(MOST_PACKET_BYTES, Math.max(LEAST_PACKET_BYTES, 4 * options.maxMessageBytes)),
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

	/**
	 * One answer is taken for each request, and no turn is queued for anything else: a service may send answers without end.
	 * In turns of their own, because each leaves behind what it was made of: the packet first and the text before its certificates.
	 */
	onMessage(topic: string, payload: Uint8Array): void {
		const response = this.#registration.take(topic);
		if (!response || this.#result !== undefined) return;
		// The last answer, and the most that an enrolment holds: no session with DPS will be resumed after it.
		if (!(response instanceof Fault) && response.status === 200) this.#options.wire.forget?.();
		void Promise.resolve(payload)
			.then((payload) => this.#registration.read(response, payload))
			.then((answer) => this.#receive(answer));
	}

	/** More than the device can hold: the registration cannot end well, and does not wait for its time to be over. */
	onLarge(topic: string, bytes: number): undefined {
		this.finish(new Fault("dps.response", `${bytes} bytes for ${printable(topic)}; see maxMessageBytes`));
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

	#receive(answer: Answer | Fault): void {
		if (this.#result === undefined) this.#act(this.#registration.answer(answer));
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

function password(key: SymmetricKey, options: ExchangeOptions, now: number): string {
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
