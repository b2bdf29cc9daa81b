/**
 * One MQTT 3.1.1 connection, the server's side, without a socket: bytes in, bytes out, time from a clock.
 *
 * Reads CONNECT, lets DPS or hub (told apart by the user name) accept or refuse, then carries their packets. Refuses
 * MQTT 3.1 (MQIsdp) with CONNACK 1, QoS 2, topics nobody documents, messages over 256 KB. A will is published unless the
 * client has said DISCONNECT, or the cloud itself ends.
 */
import type { IConnectPacket, IPublishPacket, Packet } from "mqtt-packet";
import { encode, MalformedPacket, Packets, willOf } from "./packets.ts";
import { Sent } from "./sent.ts";
import type { ConnectionOptions, Link, Peer, Publication, Refusal, Session } from "./session.ts";
import { matches } from "./topic.ts";
import { parseUser } from "./username.ts";

const MAX_PACKET_BYTES = 300 * 1024;
const MAX_STRANGER_BYTES = 80 * 1024; // of a packet of nobody known: a will, or what a device says at DPS, with 64 KB and its names
const MAX_MESSAGE_BYTES = 256 * 1024; // body and properties, as the service counts a message
const CONNECT_MS = 30_000;
const EVENTS = "/messages/events/";

export class Connection {
	readonly number: number;
	readonly #options: ConnectionOptions;
	readonly #link: Link;
	/** Until it has said who it is. */
	#peer: Peer | undefined;
	readonly #packets = new Packets(MAX_STRANGER_BYTES);
	readonly #sent = new Sent();
	#session: Session | undefined;
	#clientId = "";
	#cancelTimer: () => void;
	#keepAliveMs = 0;
	#heardAt = 0;
	#bytesSent = 0;
	#will: Publication | undefined;
	#closed = false;

	constructor(number: number, peer: Peer, link: Link, options: ConnectionOptions) {
		this.number = number;
		this.#options = options;
		this.#link = link;
		this.#peer = peer;
		this.#cancelTimer = options.clock.after(CONNECT_MS, () => this.close("no CONNECT"));
	}

	/** Its CONNECT was accepted, and it has not ended; and then, its credential has been looked at. */
	get standing(): "unknown" | "accepted" | "attested" {
		if (this.#session === undefined || this.#closed) return "unknown";
		return this.#session.isAttested ? "attested" : "accepted";
	}

	/** Bytes from the client, worked through at once. */
	data(bytes: Uint8Array): void {
		this.add(bytes);
		while (this.work());
	}

	/** Bytes from the client; all that came before has been worked through. */
	add(bytes: Uint8Array): void {
		this.#packets.add(bytes);
	}

	/** Works through one packet. False: none is whole, or the connection has ended. */
	work(): boolean {
		if (this.#closed) return false;
		try {
			if (this.#session?.isAttested) this.#packets.most = MAX_PACKET_BYTES;
			const packet = this.#packets.next();
			if (packet === undefined) return false;
			this.#receive(packet);
			return true;
		} catch (thrown) {
			if (!(thrown instanceof MalformedPacket)) throw thrown;
			this.close(thrown.message);
			return false;
		}
	}

	/** The transport lost the client, or the client left without DISCONNECT. */
	lost(reason = "closed by the client"): void {
		this.#end(reason);
	}

	/** An end that the client did not ask for. */
	close(reason: string): void {
		if (this.#closed) return;
		this.#end(reason);
		this.#link.close();
	}

	/** An end that leaves no will: the client's DISCONNECT, the end of the cloud, an error on what the client sent. */
	part(reason: string): void {
		this.#will = undefined;
		this.close(reason);
	}

	/** False when the client has no subscription for it. `acknowledged` is called at once for QoS 0. */
	deliver(topic: string, payload: Uint8Array | string, acknowledged?: () => void): boolean {
		const qos = this.#grantedFor(topic);
		if (this.#closed || qos === undefined) return false;
		const messageId = qos === 0 ? undefined : this.#sent.next(acknowledged);
		this.#send({
			cmd: "publish",
			topic,
			payload: typeof payload === "string" ? payload : Buffer.from(payload),
			qos: qos === 0 ? 0 : 1,
			dup: false,
			retain: false,
			...(messageId === undefined ? {} : { messageId }),
		});
		if (messageId === undefined) acknowledged?.();
		return true;
	}

	/** Closes if `drop-after` is armed for this step; the caller then stops. */
	drops(step: string): boolean {
		if (this.#closed) return true;
		if (this.#options.faults.strikes("drop-after", step) === undefined) return false;
		this.close(`fault: drop-after=${step}`);
		return true;
	}

	#receive(packet: Packet) {
		this.#heardAt = this.#options.clock.ticks();
		if (packet.cmd === "connect") this.#clientId = packet.clientId;
		this.#options.trace?.(this.number, this.#clientId, "in", packet);
		if (packet.cmd === "connect") return this.#connect(packet);
		const session = this.#session;
		if (session === undefined) return this.close(`${packet.cmd} before CONNECT`);
		const prefix = session.service === "hub" ? "HUB-" : "";
		switch (packet.cmd) {
			case "publish":
				return this.#publish(packet, session, prefix);
			case "puback":
				return this.#sent.acknowledged(packet.messageId!);
			case "subscribe": {
				if (packet.subscriptions.length === 0) return this.close("SUBSCRIBE without a filter");
				if (this.drops(`${prefix}SUBSCRIBE`)) return;
				const granted = packet.subscriptions.map(({ topic, qos }) => this.#subscribe(session, topic, qos));
				this.#send({ cmd: "suback", messageId: packet.messageId!, granted });
				if (this.drops(`${prefix}SUBACK`)) return;
				for (const [i, { topic }] of packet.subscriptions.entries()) if (granted[i] !== 0x80) session.subscribed(topic);
				return;
			}
			case "unsubscribe":
				for (const filter of packet.unsubscriptions) session.subscriptions.delete(filter);
				return this.#send({ cmd: "unsuback", messageId: packet.messageId!, granted: [] });
			case "pingreq":
				return this.#send({ cmd: "pingresp" });
			case "disconnect":
				return this.part("disconnected by the client");
			default:
				return this.close(`unexpected ${packet.cmd}`);
		}
	}

	#connect(packet: IConnectPacket) {
		const { accept, faults } = this.#options;
		const peer = this.#peer;
		if (peer === undefined) return this.close("second CONNECT");
		this.#peer = undefined;
		if (packet.protocolId !== "MQTT" || packet.protocolVersion !== 4)
			return this.#refuse({ returnCode: 1, reason: "not MQTT 3.1.1", service: "none", deviceId: "" });
		const user = parseUser(packet.username ?? "");
		const service = user?.service ?? "none";
		const prefix = service === "hub" ? "HUB-" : "";
		if (this.drops(`${prefix}CONNECT`)) return;
		const forced = Number(faults.strikes("connack"));
		if (forced > 0)
			return this.#refuse({ returnCode: forced, reason: "fault: connack", service, deviceId: packet.clientId });
		const accepted = accept(packet, user, peer, this);
		if ("returnCode" in accepted) return this.#refuse(accepted);
		this.#session = accepted;
		if (accepted.will !== undefined) this.#will = willOf(packet);
		this.#keepAliveMs = this.#options.silenceMs ?? Math.min((packet.keepalive ?? 0) * 1500, 1767_000);
		this.#watchKeepAlive();
		accepted.accepted(this);
		this.#send({ cmd: "connack", returnCode: 0, sessionPresent: accepted.sessionPresent });
		if (this.drops(`${prefix}CONNACK`)) return;
		for (const filter of accepted.subscriptions.keys()) accepted.subscribed(filter);
	}

	#refuse(refusal: Refusal) {
		this.#options.witness({ event: "refused", connection: this.number, ...refusal });
		this.#send({ cmd: "connack", returnCode: refusal.returnCode, sessionPresent: false });
		this.close(refusal.reason);
	}

	#publish(packet: IPublishPacket, session: Session, prefix: string) {
		const { topic, qos, retain } = packet;
		const payload = Buffer.from(packet.payload as Uint8Array);
		if (qos === 2) return this.close("QoS 2 is not supported");
		const step = session.step(topic);
		if (step === undefined) return this.close(`publish to a topic that does not exist: ${topic}`);
		const events = topic.indexOf(EVENTS);
		const properties = events < 0 ? 0 : topic.length - events - EVENTS.length;
		if (properties + payload.length > MAX_MESSAGE_BYTES) return this.close("a message exceeds 256 KB");
		if (this.drops(step)) return;
		if (this.#options.faults.strikes("no-puback") !== undefined) return;
		if (packet.qos === 1) {
			this.#send({ cmd: "puback", messageId: packet.messageId! });
			if (this.drops(`${prefix}PUBACK`)) return;
		}
		session.publish({ topic, payload, qos, retain }, step);
	}

	#subscribe(session: Session, filter: string, qos: number): number {
		const full = session.subscriptions.size >= this.#options.maxFilters && !session.subscriptions.has(filter);
		const granted = full || !session.allows(filter) ? 0x80 : Math.min(qos, 1);
		if (granted !== 0x80) session.subscriptions.set(filter, granted);
		this.#options.witness({ event: "subscribed", deviceId: session.deviceId, filter, granted });
		return granted;
	}

	#grantedFor(topic: string): number | undefined {
		for (const [filter, qos] of this.#session?.subscriptions ?? []) if (matches(filter, topic)) return qos;
		return undefined;
	}

	#watchKeepAlive() {
		this.#cancelTimer();
		if (this.#keepAliveMs === 0) return;
		const left = this.#heardAt + this.#keepAliveMs - this.#options.clock.ticks();
		if (left <= 0) this.close("keepalive timed out");
		else this.#cancelTimer = this.#options.clock.after(left, () => this.#watchKeepAlive());
	}

	#send(packet: Packet) {
		if (this.#closed) return;
		this.#options.trace?.(this.number, this.#clientId, "out", packet);
		const bytes = encode(packet);
		const limit = this.#options.faults.strikes("cut-after");
		const left = limit === undefined ? Number.POSITIVE_INFINITY : Number(limit) - this.#bytesSent;
		this.#link.write(left < bytes.length ? bytes.subarray(0, Math.max(0, left)) : bytes);
		this.#bytesSent += bytes.length;
		if (left <= bytes.length) this.close(`fault: cut-after=${limit}`);
	}

	#end(reason: string) {
		if (this.#closed) return;
		this.#closed = true;
		this.#cancelTimer();
		const { service = "none", deviceId = "" } = this.#session ?? {};
		this.#options.ended(this);
		if (this.#will !== undefined) this.#session?.will?.(this.#will);
		this.#session?.closed();
		this.#options.witness({ event: "disconnected", connection: this.number, service, deviceId, reason });
	}
}
