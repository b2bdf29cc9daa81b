/** What a connection, the transport below it and the service above it are to each other. */
import type { IConnectPacket } from "mqtt-packet";
import type { Clock } from "../src/port.ts";
import type { Connection } from "./connection.ts";
import type { Service, Transport, Witness } from "./event.ts";
import type { Faults } from "./faults.ts";
import type { Trace } from "./log.ts";
import type { User } from "./username.ts";

/** Where a connection's bytes go. */
export interface Link {
	write(bytes: Uint8Array): void;
	/** Ends the connection after what was written; no more bytes come in. */
	close(): void;
}

/** What the transport knows of the other side. */
export interface Peer {
	/** Certificates in DER, leaf first; empty without client certificate. */
	readonly chain: readonly Uint8Array[];
	/** Default: MQTT over TLS. */
	readonly transport?: Transport;
	/** TLS went on from an earlier session. */
	readonly resumed?: boolean;
}

/** What a client publishes. */
export interface Publication {
	readonly topic: string;
	readonly payload: Uint8Array;
	readonly qos: number;
	readonly retain: boolean;
}

/** One client's business with DPS or hub, once accepted. */
export interface Session {
	readonly service: Service;
	readonly deviceId: string;
	/** Filter to granted QoS; survives the connection where the service keeps sessions. */
	readonly subscriptions: Map<string, number>;
	readonly sessionPresent: boolean;
	/** The credential has been looked at, and is right. */
	readonly isAttested: boolean;
	accepted(connection: Connection): void;
	allows(filter: string): boolean;
	/** The name of the step that a publish is, or undefined for a topic that the service does not document. */
	step(topic: string): string | undefined;
	/** `step`: of its topic. */
	publish(publication: Publication, step: string): void;
	/** The last will of a client that went without DISCONNECT; a topic that takes none is no matter. Absent: none is kept. */
	will?(publication: Publication): void;
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
export type Accept = (
	connect: IConnectPacket,
	/** As its user name says; undefined: neither service's. */
	user: User | undefined,
	peer: Peer,
	connection: Connection,
) => Session | Refusal;

/** What all connections have in common. */
export interface ConnectionOptions {
	readonly clock: Clock;
	readonly faults: Faults;
	readonly witness: Witness;
	/** Told about every packet. */
	readonly trace?: Trace | undefined;
	readonly accept: Accept;
	/** As the service does: 5. */
	readonly maxFilters: number;
	readonly silenceMs?: number | undefined; // instead of one and a half keep-alive intervals (MQTT 3.1.1, 3.1.2.10)
	readonly ended: (connection: Connection) => void;
}
