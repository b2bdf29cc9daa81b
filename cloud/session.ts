/** What a connection, the transport below it and the service above it are to each other. */
import type { IConnectPacket } from "mqtt-packet";
import type { Connection } from "./connection.ts";
import type { Service } from "./event.ts";

/** Where a connection's bytes go. */
export interface Link {
	write(bytes: Uint8Array): void;
	/** Ends the connection after what was written; no more bytes come in. */
	close(): void;
}

/** What the transport knows of the other side: certificates in DER, leaf first; empty without client certificate. */
export interface Peer {
	readonly chain: readonly Uint8Array[];
}

/** One client's business with DPS or hub, once accepted. */
export interface Session {
	readonly service: Service;
	readonly deviceId: string;
	/** Filter to granted QoS; survives the connection where the service keeps sessions. */
	readonly subscriptions: Map<string, number>;
	readonly sessionPresent: boolean;
	accepted(connection: Connection): void;
	allows(filter: string): boolean;
	/** The name of the step that a publish is, or undefined for a topic that the service does not document. */
	step(topic: string): string | undefined;
	publish(topic: string, payload: Uint8Array, qos: number): void;
	subscribed(filter: string): void;
	closed(): void;
}

export interface Refusal {
	readonly returnCode: number;
	readonly reason: string;
	readonly service: Service | "none";
	readonly deviceId: string;
}

/** Decides on a CONNECT. */
export type Accept = (connect: IConnectPacket, peer: Peer, connection: Connection) => Session | Refusal;
