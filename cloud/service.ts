/**
 * DPS and hub behind one address, without a socket: a transport opens connections and carries their bytes.
 *
 * The user name of CONNECT tells them apart: `{idScope}/registrations/{id}/api-version=...` is DPS,
 * `{host}/{deviceId}/?api-version=...` the hub. Anything else is refused with CONNACK 4.
 */
import type { IConnectPacket } from "mqtt-packet";
import { Connection } from "./connection.ts";
import { Dps, type DpsOptions } from "./dps.ts";
import { Hub, type HubOptions } from "./hub.ts";
import type { Trace } from "./log.ts";
import type { Link, Peer, Refusal, Session } from "./session.ts";
import { properties } from "./topic.ts";

export interface ServiceOptions extends DpsOptions, HubOptions {
	/** Told about every packet of every connection. */
	readonly trace?: Trace | undefined;
}

export class Service {
	readonly hub: Hub;
	readonly #dps: Dps;
	readonly #options: ServiceOptions;
	readonly #open = new Set<Connection>();
	#number = 0;

	constructor(options: ServiceOptions) {
		this.#options = options;
		this.#dps = new Dps(options);
		this.hub = new Hub(options);
	}

	/** A client has connected, and presented the peer's certificates. */
	open(peer: Peer, link: Link): Connection {
		const { clock, faults, witness, trace } = this.#options;
		const connection: Connection = new Connection({
			number: ++this.#number,
			peer,
			link,
			clock,
			faults,
			trace,
			witness: (happening) => {
				if (happening.event === "disconnected") this.#open.delete(connection);
				witness(happening);
			},
			accept: (connect, from, to) => this.#accept(connect, from, to),
			serviceOf: (username) => (DPS_USER.test(username) ? "dps" : HUB_USER.test(username) ? "hub" : "none"),
			maxFilters: 5,
		});
		this.#open.add(connection);
		return connection;
	}

	closeAll(reason: string): void {
		for (const connection of [...this.#open]) connection.close(reason);
	}

	#accept(packet: IConnectPacket, peer: Peer, connection: Connection): Session | Refusal {
		const { username = "", clientId, keepalive = 0 } = packet;
		const clean = packet.clean !== false;
		const password = packet.password === undefined ? undefined : packet.password.toString("utf8");
		const credential = peer.chain.length > 0 ? "x509" : password ? "sas" : "none";
		const connected = { connection: connection.number, username, clientId, clean, keepAliveSeconds: keepalive };
		const dps = DPS_USER.exec(username);
		if (dps !== null) {
			const [, idScope = "", registrationId = "", tail = ""] = dps;
			const apiVersion = properties(tail).get("api-version") ?? "";
			const deviceId = registrationId.toLowerCase();
			if (clientId.toLowerCase() !== deviceId)
				return { returnCode: 2, reason: "client id is not the registration id", service: "dps", deviceId };
			const session = this.#dps.open({ idScope, registrationId, apiVersion, password, peer });
			this.#options.witness({ event: "connected", service: "dps", deviceId, apiVersion, credential, ...connected });
			return session;
		}
		const [, host = "", deviceId = "", tail = ""] = HUB_USER.exec(username) ?? [];
		if (host === "") return { returnCode: 4, reason: "malformed user name", service: "none", deviceId: "" };
		const apiVersion = properties(tail).get("api-version") ?? "";
		const clientType = properties(tail).get("DeviceClientType") ?? "";
		const connect = { host, deviceId, apiVersion, clientType, clientId, clean, password, peer };
		const opened = this.hub.open(connect, connection);
		if ("returnCode" in opened) return opened;
		this.#options.witness({
			event: "connected",
			service: "hub",
			deviceId,
			apiVersion,
			...connected,
			credential: opened.credential,
			...(opened.serial === undefined ? {} : { serial: opened.serial }),
		});
		return opened.session;
	}
}

const DPS_USER = /^([^/]+)\/registrations\/([^/]+)\/(api-version=.*)$/;
const HUB_USER = /^([^/]+)\/([^/]+)\/\??(api-version=.*)$/;
