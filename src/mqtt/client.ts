/**
 * An MQTT client: joins Wire, Session and Clock. Holds the one timer; everything else is the session's.
 */
import type { Fault } from "../fault.ts";
import type { Clock, Wire, WireOptions } from "../port.ts";
import type { Done } from "./inflight.ts";
import type { QoS } from "./packet.ts";
import { Session, type SessionEvents, type SessionOptions } from "./session.ts";

export interface ClientOptions extends SessionOptions {
	readonly wire: Wire;
	readonly clock: Clock;
	readonly connect: WireOptions;
}

export type ClientEvents = SessionEvents;

/** From onOpen to onClose. No callback comes within the call that caused it. */
export interface Client {
	subscribe(filter: string, done: Done): void;
	publish(topic: string, payload: Uint8Array, qos: QoS, done: Done): void;
	/** Ends the session in an orderly way; onClose follows. */
	close(): void;
}

export function openClient(options: ClientOptions, events: ClientEvents): Client {
	const { wire, clock } = options;
	const session = new Session(options, events, {
		write: (bytes) => connection.write(bytes),
		close: () => connection.close(),
	});
	let timer: { readonly at: number; readonly cancel: () => void } | undefined;

	/** Runs one step of the session, then sees to its deadline. A timer that fires too early only looks again. */
	function step(run: (now: number) => void): void {
		run(clock.ticks());
		const { deadline } = session;
		if (timer !== undefined && deadline !== undefined && timer.at <= deadline) return;
		timer?.cancel();
		timer = undefined;
		if (deadline === undefined) return;
		const cancel = clock.after(Math.max(0, deadline - clock.ticks()), () => {
			timer = undefined;
			step((now) => session.tick(now));
		});
		timer = { at: deadline, cancel };
	}

	const connection = wire.connect(options.connect, {
		onOpen: () => step((now) => session.start(now)),
		onData: (bytes) => step((now) => session.receive(bytes, now)),
		onClose: (fault?: Fault) => step(() => session.finish(fault)),
	});

	return {
		subscribe: (filter, done) => step((now) => session.subscribe(filter, done, now)),
		publish: (topic, payload, qos, done) => step((now) => session.publish(topic, payload, qos, done, now)),
		close: () => step((now) => session.close(now)),
	};
}
