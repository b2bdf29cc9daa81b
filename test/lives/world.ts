/**
 * A world with one device in it: flash, clock, a wire in memory, and behind it the local cloud's logic without sockets.
 * The device boots as often as one likes, each time with a power supply of its own; flash and cloud go on.
 */
import { Devices } from "../../cloud/devices.ts";
import type { Happening } from "../../cloud/event.ts";
import { Faults } from "../../cloud/faults.ts";
import { Service } from "../../cloud/service.ts";
import { Throttle } from "../../cloud/throttle.ts";
import { Agent, type AgentOptions } from "../../src/agent.ts";
import { type ConfigInput, parseConfig } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import type { Clock, Log, LogValue, Store, WireOptions } from "../../src/port.ts";
import { RELEASED } from "../../src/release.ts";
import { PairStore } from "../../src/store/pair-store.ts";
import { StoreRoom } from "../../src/store/store-room.ts";
import { FakeClock } from "../support/clock.ts";
import { FakeEntropy } from "../support/entropy.ts";
import { Power } from "../support/power.ts";
import type { Random } from "../support/random.ts";
import { FakeStore, type FakeStoreOptions } from "../support/store.ts";
import { FakeWire, type Link, type Socket } from "../support/wire.ts";
import { type IssuedLeaf, LifeAuthority } from "./authority.ts";
import { DEVICE, LifeEnrolments } from "./enrolments.ts";
import { Flash, PAGES } from "./flash.ts";
import { LosableWire } from "./losable-wire.ts";

export const HUBS = ["hub-a.example", "hub-b.example"] as const;
const ID_SCOPE = "0ne00ABCDEF";

/** What ESP-IDF, the configuration and a modest application have in the partition, entries of NVS. */
export const OTHERS = 300;

/** A day after the release of the agent. */
export const BEGINNING = RELEASED + 24 * 3600_000;

/** The device's pings come once a week (stand-in/keepalive.ts): one and a half of their intervals. */
const QUIET_MS = 1.5 * 7 * 24 * 3600_000;

export interface WorldOptions {
	readonly source: Random;
	readonly validitySeconds?: number;
	/** DPS takes a certificate that it issued. */
	readonly acceptIssued?: boolean;
	readonly polls?: number;
	readonly config?: ConfigInput;
	readonly faults?: Faults;
	readonly link?: (number: number, options: WireOptions) => Link;
	/** The server's next packet overtakes this one. */
	readonly overtaken?: (bytes: Uint8Array) => boolean;
	readonly refuseWrite?: NonNullable<FakeStoreOptions["refuse"]>;
	/** The device makes pairs of its flash (src/store), as boards do. */
	readonly pairs?: boolean;
}

/** What the device lets the world see. */
export interface Observer {
	onLog(step: string, detail: Readonly<Record<string, LogValue>>): void;
	onCloud(happening: Happening): void;
	/** Bytes on the wire as they arrive. */
	onBytes(to: "server" | "device", bytes: Uint8Array): void;
	onState(state: string, fault: Fault | undefined): void;
	/** A cut or a refusal has cost a blob that was being replaced; `pairs`: which never happens there. */
	onLost(name: string, pairs: boolean): void;
	/** The device asks for the time. */
	onSync(): void;
	/** The agent has ended although nobody closed it. */
	onEnd(reason: unknown): void;
}

export interface Boot {
	readonly agent: Agent;
	readonly power: Power;
}

export class World {
	readonly clock = new FakeClock(BEGINNING);
	readonly flash = new Flash();
	readonly faults: Faults;
	readonly authority: LifeAuthority;
	readonly devices = new Devices([], { changed() {}, removed() {} });
	readonly enrolment: LifeEnrolments;
	readonly service: Service;
	observer: Partial<Observer> = {};
	/** Flash has refused a write for want of room that a device with pairs should not have begun. */
	onFull = (): void => {};
	/** Entries of NVS that others than the agent have in its partition of 16 pages. */
	others: number = OTHERS;
	/** Of the device's wall clock, milliseconds. */
	clockError = 0;
	boots = 0;
	connections = 0;
	readonly #options: WorldOptions;
	readonly #entropy: FakeEntropy;
	/** Leaves by the number of the connection that showed them. */
	readonly #shown = new Map<number, IssuedLeaf>();
	/** Of the present boot. */
	#wire: LosableWire | undefined;

	constructor(options: WorldOptions) {
		const { source } = options;
		this.#options = options;
		this.#entropy = new FakeEntropy(source);
		this.faults = options.faults ?? new Faults();
		this.authority = new LifeAuthority(this.#entropy, this.clock.now());
		this.enrolment = new LifeEnrolments(Buffer.from(source.bytes(32)).toString("base64"));
		this.service = new Service({
			clock: this.clock,
			silenceMs: QUIET_MS,
			idScope: ID_SCOPE,
			authority: this.authority,
			enrolments: this.enrolment,
			devices: this.devices,
			faults: this.faults,
			throttle: new Throttle({}, this.clock),
			witness: (happening) => {
				const leaf = "connection" in happening ? this.#shown.get(happening.connection) : undefined;
				if (leaf && "service" in happening && happening.service === "hub" && happening.event !== "disconnected") {
					leaf.refused = happening.event === "refused";
					leaf.accepted ||= !leaf.refused;
				}
				if (happening.event === "disconnected") this.#shown.delete(happening.connection);
				this.observer.onCloud?.(happening);
			},
			hosts: HUBS,
			port: () => 8883,
			retryAfterSeconds: 2,
			polls: options.polls ?? 1,
			validitySeconds: options.validitySeconds ?? 30 * 24 * 3600,
			acceptIssued: options.acceptIssued ?? true,
		});
	}

	/** Power on. */
	boot(power = new Power(), options: Partial<AgentOptions> = {}): Boot {
		this.boots++;
		const clock = this.#deviceClock(power);
		const onLog: Log = (step, detail = {}) => power.on && this.observer.onLog?.(step, detail);
		const agent = new Agent({
			clock,
			wire: this.#deviceWire(power),
			store: this.openStore({ power }),
			entropy: new FakeEntropy(this.#options.source, power),
			lastReset: "power-on",
			log: onLog,
			onState: (state, fault) => power.on && this.observer.onState?.(state, fault),
			config: parseConfig({
				dps: "dps.example",
				idScope: ID_SCOPE,
				registrationId: DEVICE,
				symmetricKey: this.enrolment.delivered,
				...this.#options.config,
			}),
			...options,
		});
		const ended = (reason: unknown): void =>
			power.on && agent.state !== "closed" ? this.observer.onEnd?.(reason) : undefined;
		agent.finished.then(() => ended("closed"), ended);
		return { agent, power };
	}

	/** The device's records, for one boot. */
	openStore(options: FakeStoreOptions): Store {
		const { pairs = false, refuseWrite: refuse } = this.#options;
		const lose = (name: string): void => {
			this.flash.spoil(name, undefined);
			this.observer.onLost?.(name, pairs);
		};
		const partition = { pages: PAGES, others: () => this.others };
		const flash = new FakeStore({ ...(refuse && { refuse }), ...options, partition, blobs: this.flash, lose });
		flash.onRefusal = () => pairs && this.onFull();
		return pairs ? new PairStore(new StoreRoom(flash, () => flash.entries())) : flash;
	}

	/** Every open connection dies; the device learns it after so many milliseconds, as from its pings. */
	loseConnections(fault: Fault, after: number): void {
		this.#wire?.lose(fault, after);
	}

	#deviceClock(power: Power): Clock {
		const powered = this.clock.powered(power);
		const start = this.clock.ticks();
		return {
			now: () => this.clock.now() + this.clockError,
			ticks: () => powered.ticks() - start,
			after: powered.after,
			sync: () => this.observer.onSync?.(),
		};
	}

	#deviceWire(power: Power): LosableWire {
		const inner = new FakeWire({
			clock: this.clock,
			power,
			serve: (socket) => this.#serve(socket),
			link: (_number, options) => this.#options.link?.(this.connections++, options) ?? {},
		});
		const wire = new LosableWire(inner, this.clock, power, (bytes) => this.observer.onBytes?.("device", bytes));
		this.#wire = wire;
		return wire;
	}

	#serve(socket: Socket): void {
		const { identity } = socket.options;
		const chain = identity?.chain ?? [];
		// A handshake proves that the client has the key.
		if (identity && !("signer" in identity && this.authority.fits(chain, identity.signer.publicKey)))
			throw new Fault("tls.rejected", "the client does not have the certificate's key");
		let held: Uint8Array | undefined;
		const release = (): void => {
			if (held) socket.write(held);
			held = undefined;
		};
		const connection = this.service.open(
			{ chain },
			{
				write: (bytes) => {
					if (held === undefined && this.#options.overtaken?.(bytes)) {
						held = new Uint8Array(bytes);
						this.clock.after(50, release);
						return;
					}
					socket.write(bytes);
					release();
				},
				close: () => {
					release();
					socket.close();
				},
			},
		);
		const leaf = chain[0] && this.authority.find(chain[0]);
		if (leaf) this.#shown.set(connection.number, leaf);
		socket.onData = (bytes) => {
			this.observer.onBytes?.("server", bytes);
			connection.data(bytes);
		};
		socket.onClose = () => connection.lost();
	}
}
