/**
 * One MQTT 3.1.1 session over one connection, as a state machine: bytes and time in, bytes and a deadline out.
 *
 * Kept of the protocol: CONNECT, SUBSCRIBE, PUBLISH with QoS 0 and 1, PINGREQ, DISCONNECT. Nothing is sent again within a
 * connection (4.4 asks for that only after a reconnect), so an operation that the broker leaves unanswered ends the
 * session: MQTT knows no other remedy. Acknowledgements nobody asked for are refused. All times are Clock.ticks.
 */
import { Fault } from "../fault.ts";
import type { Outlet, SessionEvents, Sink } from "./events.ts";
import { type Acknowledgement, type Done, InFlight } from "./inflight.ts";
import { KeepAlive } from "./keepalive.ts";
import type { ClientPacket, Connect, Publish, QoS, ServerPacket } from "./packet.ts";
import { encode, PacketReader } from "./packet.ts";
import { closed, late, refused, unexpected } from "./session-faults.ts";

export interface SessionOptions extends Omit<Connect, "type"> {
	/** Of a packet that the broker sends: what is larger is not held, see onLarge. */
	readonly maxPacketBytes: number;
	/** How long the broker may take for an answer. */
	readonly timeoutSeconds: number;
}

const nobody = (): void => {};

type State =
	/** Until the connection is up. */
	| { readonly name: "idle" }
	| { readonly name: "connecting"; readonly deadline: number }
	| { readonly name: "open" }
	/** The outlet is closed, its end not yet reported. `fault` is absent when we wanted it so. */
	| { readonly name: "ending"; readonly fault: Fault | undefined }
	| { readonly name: "ended" };

export class Session {
	/** Until it is sent. */
	#connect: Connect | undefined;
	readonly #events: SessionEvents;
	readonly #outlet: Outlet;
	/** Until the end: what has begun to come is not held for as long as somebody holds the session. */
	#reader: PacketReader | undefined;
	readonly #timeout: number;
	readonly #keepAlive: KeepAlive;
	readonly #inFlight = new InFlight();
	/** Settled during a call of ours; reported by the next `tick`, never within the call. */
	#settled: (() => void)[] = [];
	#state: State = { name: "idle" };
	#delivering = false;
	/** The message that comes in parts. */
	#large: { readonly sink: Sink | undefined; readonly qos: QoS; readonly id: number } | undefined;

	constructor(options: SessionOptions, events: SessionEvents, outlet: Outlet) {
		const { clientId, username, password, clean, keepAliveSeconds } = options;
		this.#connect = { type: "connect", clientId, username, password, clean, keepAliveSeconds };
		this.#events = events;
		this.#outlet = outlet;
		this.#reader = new PacketReader(options.maxPacketBytes);
		this.#timeout = options.timeoutSeconds * 1000;
		this.#keepAlive = new KeepAlive(keepAliveSeconds * 1000, this.#timeout);
	}

	/** When `tick` wants to be called, at the latest. */
	get deadline(): number | undefined {
		if (this.#settled.length > 0) return 0;
		const state = this.#state;
		if (state.name === "connecting") return state.deadline;
		if (state.name !== "open") return undefined;
		const due = Math.min(this.#inFlight.deadline, this.#keepAlive.deadline);
		return due === Number.POSITIVE_INFINITY ? undefined : due;
	}

	/** Bytes to the end of a message that comes in parts; 0: there is none. */
	get wanted(): number {
		return this.#reader?.wanted ?? 0;
	}

	/** The connection is up. */
	start(now: number): void {
		if (this.#state.name !== "idle") return;
		this.#state = { name: "connecting", deadline: now + this.#timeout };
		try {
			this.#send(this.#connect!, now);
			this.#connect = undefined;
		} catch (thrown) {
			this.#end(Fault.of(thrown, "mqtt.protocol"));
		}
	}

	receive(bytes: Uint8Array, now: number): void {
		if (this.#state.name !== "connecting" && this.#state.name !== "open") return;
		this.#keepAlive.received(now);
		const reader = this.#reader!;
		reader.push(bytes);
		do {
			let packet: ServerPacket | undefined;
			try {
				packet = reader.next();
			} catch (thrown) {
				this.#end(Fault.of(thrown, "mqtt.protocol"));
				return;
			}
			if (packet === undefined) return;
			const fault = this.#take(packet, now);
			if (fault !== undefined) this.#end(fault);
		} while (this.#state.name === "open");
	}

	/** `done` comes with the SUBACK. */
	subscribe(filter: string, done: Done, now: number): void {
		this.#operate("suback", (id) => ({ type: "subscribe", id, filter, qos: 1 }), done, now);
	}

	/** `done` comes with the PUBACK; with QoS 0 as soon as the bytes are on their way, and nobody need wait for that. */
	publish(topic: string, payload: Uint8Array, qos: QoS, done: Done | undefined, now: number): void {
		const type = qos === 0 ? undefined : "puback";
		this.#operate(type, (id) => ({ type: "publish", topic, payload, qos, id }), done, now);
	}

	/** DISCONNECT (3.14), then the end. Within onMessage: after that message was acknowledged. */
	close(now: number): void {
		const { name } = this.#state;
		if (name === "ending" || name === "ended") return;
		if (name === "open" && !this.#delivering) this.#send({ type: "disconnect" }, now);
		this.#state = { name: "ending", fault: undefined };
		if (!this.#delivering) this.#outlet.close();
	}

	/** Time has come to `deadline`, or passed it. */
	tick(now: number): void {
		this.#reportSettled();
		const state = this.#state;
		if (state.name === "connecting" && now >= state.deadline) this.#end(late("CONNACK"));
		if (state.name !== "open") return;
		const operation = this.#inFlight.takeLate(now);
		if (operation !== undefined) {
			const fault = late(operation.type.toUpperCase());
			this.#end(fault);
			operation.done(fault);
		} else if (now >= this.#keepAlive.deadline) {
			if (this.#keepAlive.waits) this.#end(late("PINGRESP"));
			else this.#send({ type: "pingreq" }, now);
		}
	}

	/** The connection has ended; `fault` is what the wire says about it. */
	finish(fault?: Fault): void {
		const state = this.#state;
		if (state.name === "ended") return;
		this.#state = { name: "ended" };
		this.#reader = this.#large = undefined;
		const reason = state.name === "ending" ? state.fault : (fault ?? closed("the broker closed the connection"));
		this.#reportSettled();
		for (const { done } of this.#inFlight.takeAll()) done(closed("the connection ended before the answer", reason));
		this.#events.onClose(reason);
	}

	#operate(
		type: Acknowledgement["type"] | undefined,
		packet: (id: number) => ClientPacket,
		done: Done | undefined,
		now: number,
	) {
		try {
			if (this.#state.name !== "open") throw closed("the session is not open");
			const id = type === undefined ? 0 : this.#inFlight.freeId();
			this.#send(packet(id), now);
			if (type !== undefined) this.#inFlight.add(id, { type, deadline: now + this.#timeout, done: done ?? nobody });
			else if (done !== undefined) this.#settled.push(done);
		} catch (thrown) {
			const fault = Fault.of(thrown, "mqtt.protocol");
			if (done !== undefined) this.#settled.push(() => done(fault));
		}
	}

	#send(packet: ClientPacket, now: number): void {
		this.#outlet.write(encode(packet));
		this.#keepAlive.sent(packet.type, now);
	}

	/** A Fault here ends the session. */
	#take(packet: ServerPacket, now: number): Fault | undefined {
		if (this.#state.name === "connecting") {
			if (packet.type !== "connack") return unexpected(packet, "before CONNACK");
			if (packet.returnCode !== 0) return refused(packet.returnCode);
			this.#state = { name: "open" };
			this.#events.onOpen(packet.sessionPresent);
			return undefined;
		}
		if (packet.type === "publish")
			return this.#deliver(() => this.#events.onMessage(packet.topic, packet.payload), packet, now);
		if (packet.type === "large") {
			const { topic, bytes, qos, id } = packet;
			this.#large = { sink: this.#events.onLarge?.(topic, bytes), qos, id };
			return undefined;
		}
		if (packet.type === "part") {
			this.#large?.sink?.push(packet.payload);
			return undefined;
		}
		if (packet.type === "end") {
			const large = this.#large!;
			this.#large = undefined;
			return this.#deliver(() => large.sink?.end(), large, now);
		}
		if (packet.type === "puback" || packet.type === "suback") return this.#settle(packet);
		if (packet.type === "connack") return unexpected(packet, "in an open session");
		if (!this.#keepAlive.waits) return unexpected(packet, "without a PINGREQ");
		this.#keepAlive.answered();
		return undefined;
	}

	#deliver(deliver: () => void, { qos, id }: Pick<Publish, "qos" | "id">, now: number): undefined {
		this.#delivering = true;
		try {
			deliver();
		} finally {
			this.#delivering = false;
		}
		if (qos === 1 && this.#state.name !== "ended") this.#send({ type: "puback", id }, now);
		if (this.#state.name !== "ending") return;
		this.#send({ type: "disconnect" }, now);
		this.#outlet.close();
	}

	#settle(packet: Acknowledgement): Fault | undefined {
		if (packet.type === "suback" && packet.granted.length !== 1)
			return unexpected(packet, `with ${packet.granted.length} return codes`);
		const operation = this.#inFlight.take(packet);
		if (operation === undefined) return unexpected(packet, `for packet id ${packet.id}`);
		const isRefused = packet.type === "suback" && packet.granted[0] === 0x80;
		operation.done(isRefused ? new Fault("mqtt.subscribe", "SUBACK with 0x80") : undefined);
		return undefined;
	}

	#reportSettled(): void {
		const settled = this.#settled;
		this.#settled = [];
		for (const report of settled) report();
	}

	#end(fault: Fault): void {
		this.#state = { name: "ending", fault };
		this.#outlet.close();
	}
}
