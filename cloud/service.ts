/**
 * DPS and hub behind one address, without a socket: a transport opens connections and carries their bytes. The user name of
 * CONNECT tells them apart (username.ts); what is neither is refused with CONNACK 4.
 */
import type { IConnectPacket } from "mqtt-packet";
import { Connection } from "./connection.ts";
import { Dps, type DpsOptions } from "./dps.ts";
import { Hub, type HubOptions } from "./hub.ts";
import type { Trace } from "./log.ts";
import type { ConnectionOptions, Link, Peer, Refusal, Session } from "./session.ts";
import type { User } from "./username.ts";

export interface ServiceOptions extends DpsOptions, HubOptions {
	/** Told about every packet of every connection. */
	readonly trace?: Trace | undefined;
	/** Of every connection. */
	readonly silenceMs?: number | undefined;
}

/** Of a token, which DPS holds before it has looked at it, there are some 300. */
const MOST_PASSWORD_BYTES = 4096;

export class Service {
	readonly hub: Hub;
	readonly dps: Dps;
	readonly #options: ConnectionOptions;
	readonly #open = new Set<Connection>();
	#number = 0;

	constructor(options: ServiceOptions) {
		const { clock, faults, witness, trace, silenceMs } = options;
		this.#options = {
			clock,
			faults,
			witness,
			trace,
			silenceMs,
			accept: (connect, user, from, to) => this.#accept(connect, user, from, to),
			maxFilters: 5,
			ended: (connection) => this.#open.delete(connection),
		};
		this.dps = new Dps(options);
		this.hub = new Hub(options);
	}

	/** A client has connected, and presented the peer's certificates. */
	open(peer: Peer, link: Link): Connection {
		const connection = new Connection(++this.#number, peer, link, this.#options);
		this.#open.add(connection);
		return connection;
	}

	closeAll(reason: string): void {
		for (const connection of [...this.#open]) connection.part(reason);
	}

	#accept(packet: IConnectPacket, user: User | undefined, peer: Peer, connection: Connection): Session | Refusal {
		if (user === undefined) return { returnCode: 4, reason: "malformed user name", service: "none", deviceId: "" };
		const password = packet.password?.toString("utf8", 0, MOST_PASSWORD_BYTES);
		return user.service === "dps"
			? this.#acceptAtDps(user, packet, password, peer, connection)
			: this.#acceptAtHub(user, packet, password, peer, connection);
	}

	#acceptAtDps(
		{ idScope, registrationId, apiVersion }: User & { service: "dps" },
		packet: IConnectPacket,
		password: string | undefined,
		peer: Peer,
		connection: Connection,
	): Session | Refusal {
		const deviceId = registrationId.toLowerCase();
		if (packet.clientId.toLowerCase() !== deviceId)
			return { returnCode: 2, reason: "client id is not the registration id", service: "dps", deviceId };
		const session = this.dps.open({ idScope, registrationId, apiVersion, password, peer });
		const credential = peer.chain.length > 0 ? "x509" : password ? "sas" : "none";
		const connected = connectedAs(packet, peer, connection);
		this.#options.witness({ ...connected, service: "dps", deviceId, apiVersion, credential });
		return session;
	}

	#acceptAtHub(
		user: User & { service: "hub" },
		packet: IConnectPacket,
		password: string | undefined,
		peer: Peer,
		connection: Connection,
	): Session | Refusal {
		const { host, apiVersion } = user;
		const { clientId } = packet;
		const deviceId = user.moduleId === "" ? user.deviceId : `${user.deviceId}/${user.moduleId}`;
		const clean = packet.clean !== false;
		const opened = this.hub.open({ host, deviceId, apiVersion, clientId, clean, password, peer }, connection);
		if ("returnCode" in opened) return opened;
		const { credential, serial } = opened;
		this.#options.witness({
			...connectedAs(packet, peer, connection),
			service: "hub",
			deviceId,
			apiVersion,
			credential,
			...(serial === undefined ? {} : { serial }),
		});
		return opened.session;
	}
}

function connectedAs({ username = "", clientId, keepalive = 0, clean }: IConnectPacket, peer: Peer, to: Connection) {
	return {
		event: "connected",
		connection: to.number,
		transport: peer.transport ?? "mqtt",
		resumed: peer.resumed ?? false,
		username,
		clientId,
		clean: clean !== false,
		keepAliveSeconds: keepalive,
	} as const;
}
