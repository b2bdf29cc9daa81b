/** DPS and hub without a socket: a virtual clock, a stand-in authority, bytes by hand. */
import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import type { Authority, Examined, Issued, IssueRequest } from "../../cloud/authority.ts";
import type { Connection } from "../../cloud/connection.ts";
import { Devices } from "../../cloud/devices.ts";
import { Enrolments } from "../../cloud/enrolments.ts";
import type { Happening } from "../../cloud/event.ts";
import { Faults } from "../../cloud/faults.ts";
import { deriveKey } from "../../cloud/sas.ts";
import { Service } from "../../cloud/service.ts";
import { Throttle } from "../../cloud/throttle.ts";
import { FakeClock } from "../support/clock.ts";
import { sas } from "./cloud-probe.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
export const DAY_MS = 24 * 3600_000;

export function world() {
	const clock = new FakeClock();
	const authority = new StandIn();
	const happenings: Happening[] = [];
	const devices = new Devices([], { changed() {}, removed() {} });
	devices.at("dev-001", "hub.example");
	const options = {
		clock,
		idScope: "0ne00ABCDEF",
		authority,
		enrolments: new Enrolments({ individual: { "dev-001": KEY }, groupKey: KEY, disabled: [] }),
		devices,
		faults: new Faults(),
		throttle: new Throttle({}, clock),
		witness: (happening: Happening) => void happenings.push(happening),
		hosts: ["hub.example"],
		port: () => 8883,
		retryAfterSeconds: 3,
		polls: 0,
		validitySeconds: (30 * DAY_MS) / 1000,
		acceptIssued: false,
	};
	return { service: new Service(options), clock, happenings, authority };
}

/** What the stand-in has issued. */
export const ISSUED = [Uint8Array.of(1), Uint8Array.of(2)];

/** Issues certificates of one byte, and knows them again. */
class StandIn implements Authority {
	readonly roots = [];
	#notAfter = 0;

	issue({ now, validitySeconds }: IssueRequest, done: (issued: Issued) => void): void {
		this.#notAfter = now + validitySeconds * 1000;
		done({ chain: ISSUED, serial: "01", notBefore: now, notAfter: this.#notAfter });
	}

	examine(chain: readonly Uint8Array[], _deviceId: string, now: number): Examined {
		return chain[0]?.[0] === 1 && now <= this.#notAfter
			? { serial: "01", notAfter: this.#notAfter }
			: { refusal: "unknown" };
	}
}

export interface Client {
	readonly connection: Connection;
	readonly received: Packet[];
	send(packet: Packet): void;
	raw(bytes: Uint8Array): void;
	closed(): boolean;
	publishes(): { topic: string; payload: string | Buffer }[];
}

export function dial(service: Service, chain: Uint8Array[] = []): Client {
	const received: Packet[] = [];
	const reader = parser({ protocolVersion: 4 });
	reader.on("packet", (packet) => received.push(packet));
	let closed = false;
	const connection = service.open(
		{ chain },
		{
			write: (bytes) => void reader.parse(Buffer.from(bytes)),
			close: () => {
				closed = true;
			},
		},
	);
	return {
		connection,
		received,
		send: (packet) => connection.data(generate(packet)),
		raw: (bytes) => connection.data(bytes),
		closed: () => closed,
		publishes: () => received.filter((packet) => packet.cmd === "publish"),
	};
}

/** By a key of its own for `dev-001`, by the group's for others. */
export function connectDps(clock: FakeClock, registrationId = "dev-001"): IConnectPacket {
	const group = Buffer.from(KEY, "base64");
	const key = registrationId === "dev-001" ? KEY : Buffer.from(deriveKey(group, registrationId)).toString("base64");
	const resource = `0ne00ABCDEF/registrations/${registrationId}`;
	const se = Math.floor(clock.now() / 1000) + 60 * 24 * 3600;
	return {
		cmd: "connect",
		protocolId: "MQTT",
		protocolVersion: 4,
		clientId: registrationId,
		clean: true,
		keepalive: 60,
		username: `${resource}/api-version=2025-07-01-preview`,
		password: Buffer.from(sas(resource, key, { se })),
	};
}

export function connectHub(clock: FakeClock, validitySeconds = 60 * 24 * 3600): IConnectPacket {
	const se = Math.floor(clock.now() / 1000) + validitySeconds;
	return {
		...connectDps(clock),
		username: "hub.example/dev-001/?api-version=2025-08-01-preview",
		password: Buffer.from(sas("hub.example/devices/dev-001", KEY, { se })),
	};
}

export function publish(topic: string, payload: string): Packet {
	return { cmd: "publish", topic, payload, qos: 1, messageId: 7, dup: false, retain: false };
}
