/** What befalls a simulated device at any time, whatever it is doing: by chance, so many times a year. */
import { Fault } from "../../src/fault.ts";
import type { Random } from "../support/random.ts";
import { DEVICE } from "./enrolments.ts";
import { PAGE_ENTRIES, PAGES, plainName } from "./flash.ts";
import type { Invariants } from "./invariants.ts";
import { DAY_MS, HOUR_MS, type Mishaps } from "./mishaps.ts";
import type { Updates } from "./updates.ts";
import { type Boot, HUBS, OTHERS, type World } from "./world.ts";

/** Mean number a year. */
export const RATES = {
	powerCut: 6,
	outage: 3,
	lostSession: 6,
	serviceFault: 12,
	failingWrite: 1,
	spoiledBlob: 0.3,
	clockJump: 1,
	renewNow: 1,
	telemetry: 12,
	revoke: 0.1,
	move: 0.2,
	disable: 0.2,
	rollCa: 0.2,
	changeRule: 0.3,
	update: 1,
	crowd: 2,
} as const;

const RULES = ["p256", "p384", "both"] as const;

/** With the agent's records the partition is then as full as can be. */
const MOST_OTHERS = (PAGES - 1) * PAGE_ENTRIES;
/** Where what is still taken, and what not any more, is decided. */
const LAST_OTHERS = 150;

export interface Stage {
	readonly world: World;
	readonly mishaps: Mishaps;
	readonly invariants: Invariants;
	readonly source: Random;
	readonly updates: Updates;
	/** The device makes pairs of its flash. */
	readonly pairs: boolean;
	/** The device has its certificate alone. */
	readonly withdrawn: boolean;
	readonly boot: () => Boot | undefined;
	readonly trace: (what: string) => void;
	readonly correctClock: () => void;
}

export function happen(stage: Stage): Readonly<Record<keyof typeof RATES, () => void>> {
	const { world, mishaps, invariants, source, pairs, withdrawn, boot, trace, correctClock, updates } = stage;
	return {
		powerCut: () => boot()?.power.cut("any moment"),
		outage: () => {
			const until = mishaps.outage();
			trace(`outage until ${new Date(until).toISOString()}`);
			world.loseConnections(new Fault("mqtt.timeout", "no PINGRESP in time"), 300_000);
		},
		lostSession: () => {
			invariants.trouble();
			world.loseConnections(new Fault("wire.closed", "connection reset"), 0);
		},
		serviceFault: () => mishaps.serviceFault(),
		failingWrite: () => {
			mishaps.failingWrites = 1 + source.integer(3);
		},
		spoiledBlob: () => spoil(),
		clockJump: () => {
			world.clockError = (source.integer(2) === 0 ? 1 : -1) * mishaps.span(200 * DAY_MS);
			trace(`the clock jumps by ${Math.round(world.clockError / HOUR_MS)} h`);
			const until = mishaps.span(6 * HOUR_MS);
			invariants.trouble(world.clock.now() + until);
			world.clock.after(until, correctClock);
		},
		renewNow: () => boot()?.power.on && boot()?.agent.renew(),
		telemetry: () => boot()?.power.on && boot()?.agent.telemetry({ temperature: 21 }),
		revoke: () => {
			const device = world.devices.find(DEVICE);
			// A device with nothing else would be lost by right.
			if (device === undefined || withdrawn) return;
			trace("revoked");
			device.certificates = device.certificates.map((record) => ({ ...record, standing: "revoked" }));
			world.authority.revokeAll();
			invariants.trouble();
			world.service.hub.close(DEVICE, "revoked");
		},
		move: () => {
			const device = world.devices.find(DEVICE);
			if (device === undefined) return;
			device.hub = device.hub === HUBS[0] ? HUBS[1] : HUBS[0];
			trace(`moved to ${device.hub}`);
			invariants.trouble();
			world.service.hub.close(DEVICE, "moved");
		},
		disable: () => {
			const until = mishaps.span(12 * HOUR_MS);
			trace("disabled");
			world.enrolment.setDisabled(DEVICE, true);
			world.service.hub.close(DEVICE, "disabled");
			invariants.trouble(world.clock.now() + until);
			world.clock.after(until, () => world.enrolment.setDisabled(DEVICE, false));
		},
		rollCa: () => world.authority.roll(world.clock.now()),
		changeRule: () => {
			const rule = RULES[source.integer(RULES.length)]!;
			trace(`the service takes keys on: ${rule}`);
			world.authority.curves = rule;
			invariants.trouble();
		},
		// The device goes down for it, and comes back as after any cut.
		update: () => {
			trace(updates.story());
			boot()?.power.cut("an update");
		},
		// The application fills the partition, up to the brim, and restarts the device; later somebody makes room.
		crowd: () => {
			if (!pairs) return;
			world.others = MOST_OTHERS - source.integer(source.integer(2) === 0 ? MOST_OTHERS : LAST_OTHERS);
			trace(`the application has ${world.others} entries in flash`);
			const until = mishaps.span(20 * DAY_MS);
			invariants.trouble(world.clock.now() + until);
			boot()?.power.cut("the application's restart");
			world.clock.after(until, () => {
				world.others = OTHERS;
			});
		},
	};

	function spoil(): void {
		const names = [...world.flash.keys()];
		const name = names[source.integer(names.length)];
		const isCredential = name?.startsWith("cred.");
		// The device has started since the last loss.
		if (!isCredential) updates.look();
		const blob = name && world.flash.get(name)?.slice();
		if (!name || !blob || !(isCredential || updates.isWhole)) return;
		// What NVS finds damaged is gone; beyond that only records with a checksum can tell.
		const isChecked = name !== plainName(name) || name.startsWith("cred.");
		const kind = isChecked ? source.integer(3) : 2;
		if (kind === 0) blob[source.integer(blob.length)]! ^= 1 << source.integer(8);
		world.flash.spoil(name, kind === 0 ? blob : kind === 1 ? blob.slice(0, source.integer(blob.length)) : undefined);
		trace(`flash: ${name} is damaged`);
		invariants.spoiled(plainName(name));
		if (!isCredential) updates.look();
	}
}
