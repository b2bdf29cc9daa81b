/**
 * One life of one device: years of virtual time with chance at work. The same seed gives the same life.
 *
 * One in four is a device whose onboarding key is withdrawn once it works, so that its certificate is its only way back.
 */
import { Fault } from "../../src/fault.ts";
import { Power, PowerCut } from "../fake/power.ts";
import { random } from "../fake/random.ts";
import { Invariants } from "./invariants.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, Weather } from "./weather.ts";
import { BEGINNING, type Boot, DEVICE, HUBS, World } from "./world.ts";

export interface LifeResult {
	readonly seed: number;
	readonly events: number;
	readonly powerCuts: number;
	readonly networkCuts: number;
	readonly serviceErrors: number;
	readonly boots: number;
	readonly renewals: number;
	/** Credentials got with the onboarding credential after the first. */
	readonly reenrolments: number;
	readonly longestOfflineMs: number;
	readonly flashWrites: number;
	readonly flashErases: number;
	readonly most: Invariants["pace"]["most"];
	/** Moments of renewals and of re-enrolments, as shares of the life. */
	readonly renewedAt: readonly number[];
	readonly reenrolledAt: readonly number[];
	readonly violations: readonly string[];
}

const YEAR_MS = 365 * DAY_MS;
/** Mean number a year. */
const RATES = {
	powerCut: 12,
	outage: 5,
	lostSession: 12,
	serviceFault: 24,
	failingWrite: 1,
	spoiledBlob: 0.3,
	clockJump: 1.5,
	renewNow: 1,
	telemetry: 26,
	revoke: 0.1,
	move: 0.2,
	disable: 0.2,
	rollCa: 0.2,
} as const;
/** In a hundred: a cut within the next port calls, when the device begins something. */
const CUT_AT_WORK = 12;
const VALIDITIES = [30, 30, 30, 30, 30, 90, 90, 90, 90, 7];

export async function live(seed: number, years: number, tell?: (line: string) => void): Promise<LifeResult> {
	const source = random(seed);
	const weather: Weather = new Weather(
		source,
		() => world.clock.now(),
		(until) => invariants?.trouble(until),
	);
	const withdrawn = source.integer(4) === 0;
	const world: World = new World({
		source,
		validitySeconds: VALIDITIES[source.integer(VALIDITIES.length)]! * 24 * 3600,
		acceptIssued: withdrawn || source.integer(2) === 0,
		polls: source.integer(3),
		// Every fourth device tells its operator what it does; it costs a fifth of the time.
		config: source.integer(4) === 0 ? {} : { operations: "status" },
		faults: weather.faults,
		link: (number, options) => weather.link(number, options),
		overtaken: (bytes) => weather.overtaken(bytes),
		refuseWrite: () => weather.refuseWrite(),
	});
	const invariants: Invariants = new Invariants(world);
	/** A clock without a battery begins at 1970. */
	const battery = source.integer(2) === 0;
	let boot: Boot | undefined;
	let powerCuts = 0;
	const renewedAt: number[] = [];
	const reenrolledAt: number[] = [];
	let onboarded = false;

	/** Until the first violation. */
	const trace = (what: string, detail?: object): void => {
		if (tell && invariants.violations.length < 2)
			tell(`${new Date(world.clock.now()).toISOString()} ${what}${detail ? ` ${JSON.stringify(detail)}` : ""}`);
	};

	world.observer = invariants;
	invariants.onViolation = (text) => trace(`VIOLATION: ${text}`);
	invariants.onSync = () => correctClock();
	watch();

	function start(): void {
		const power = new LifePower((where) => {
			powerCuts++;
			down(where);
		});
		if (!battery) world.clockError = -world.clock.now();
		trace("power on");
		invariants.booted();
		boot = world.boot(power);
		correctClock();
	}

	function down(where: string): void {
		const off = weather.gap(5 * MINUTE_MS);
		trace(`power cut at ${where}, off for ${Math.round(off / 1000)} s`);
		invariants.poweredOff(world.clock.now() + off);
		world.clock.after(off, start);
	}

	/** SNTP answers after some seconds, where there is a network. */
	function correctClock(): void {
		if (world.clockError === 0) return;
		invariants.trouble();
		world.clock.after(weather.online ? weather.span(5000) : weather.span(10 * MINUTE_MS), () => {
			if (weather.online) world.clockError = 0;
			else correctClock();
			invariants.trouble();
		});
	}

	/** The log goes to the trace, and gives the moments where a cut hurts most. */
	function watch(): void {
		const { onLog, onCloud } = invariants;
		invariants.onLog = (step, detail) => {
			trace(step, detail);
			onLog.call(invariants, step, detail);
			if (step === "credential.proven") {
				(onboarded && reenrolling ? reenrolledAt : renewedAt).push(share());
				onboarded = true;
				reenrolling = false;
				if (withdrawn) world.enrolment.withdrawn = true;
			}
			if (/^(key.generated|credential.stored|renewal.request|dps.assigned)$/.test(step)) {
				if (weather.chance(CUT_AT_WORK)) boot?.power.cutIn(source.integer(30));
				if (weather.chance(CUT_AT_WORK)) weather.serviceFault();
			}
		};
		invariants.onCloud = (happening) => {
			onCloud.call(invariants, happening);
			if (happening.event === "connected" && happening.service === "dps") reenrolling = happening.credential === "sas";
			if (happening.event === "renew") reenrolling = false;
		};
	}
	let reenrolling = false;

	const happenings: Readonly<Record<keyof typeof RATES, () => void>> = {
		powerCut: () => boot?.power.cut("any moment"),
		outage: () => {
			const until = weather.outage();
			trace(`outage until ${new Date(until).toISOString()}`);
			world.loseConnections(new Fault("mqtt.timeout", "no PINGRESP in time"), 300_000);
		},
		lostSession: () => {
			invariants.trouble();
			world.loseConnections(new Fault("wire.closed", "connection reset"), 0);
		},
		serviceFault: () => weather.serviceFault(),
		failingWrite: () => {
			weather.failingWrites = 1 + source.integer(3);
		},
		spoiledBlob: () => spoil(),
		clockJump: () => {
			world.clockError = (source.integer(2) === 0 ? 1 : -1) * weather.span(200 * DAY_MS);
			trace(`the clock jumps by ${Math.round(world.clockError / HOUR_MS)} h`);
			const until = weather.span(6 * HOUR_MS);
			invariants.trouble(world.clock.now() + until);
			world.clock.after(until, correctClock);
		},
		renewNow: () => boot?.power.on && boot.agent.renew(),
		telemetry: () => boot?.power.on && boot.agent.telemetry({ temperature: 21 }),
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
			const until = weather.span(12 * HOUR_MS);
			trace("disabled");
			world.enrolment.setDisabled(DEVICE, true);
			world.service.hub.close(DEVICE, "disabled");
			invariants.trouble(world.clock.now() + until);
			world.clock.after(until, () => world.enrolment.setDisabled(DEVICE, false));
		},
		rollCa: () => world.authority.roll(world.clock.now()),
	};

	function spoil(): void {
		const names = [...world.flash.keys()];
		const name = names[source.integer(names.length)];
		const blob = name && world.flash.get(name)?.slice();
		if (!name || !blob) return;
		const kind = source.integer(3);
		if (kind === 0) blob[source.integer(blob.length)]! ^= 1 << source.integer(8);
		world.flash.spoil(name, kind === 0 ? blob : kind === 1 ? blob.slice(0, source.integer(blob.length)) : undefined);
		trace(`flash: ${name} is damaged`);
		invariants.spoiled(name);
	}

	function again(name: keyof typeof RATES): void {
		world.clock.after(weather.span(YEAR_MS / RATES[name]), () => {
			happenings[name]();
			again(name);
		});
	}

	const share = (): number => (world.clock.now() - BEGINNING) / (years * YEAR_MS);

	const unexpected = (reason: unknown): void => {
		if (!(reason instanceof PowerCut))
			invariants.violation(`unhandled: ${reason instanceof Error ? reason.stack : reason}`);
	};
	Error.stackTraceLimit = tell ? 10 : 0;
	process.on("unhandledRejection", unexpected);
	try {
		for (const name of Object.keys(RATES) as (keyof typeof RATES)[]) again(name);
		start();
		// In pieces, for what time alone can break.
		for (let done = 0; done < years * YEAR_MS && invariants.violations.length === 0; done += DAY_MS / 2) {
			await world.clock.advance(DAY_MS / 2);
			invariants.look();
			// The operator lets go what `renew-hold` holds.
			world.service.hub.release(DEVICE);
		}
	} catch (thrown) {
		unexpected(thrown);
	} finally {
		process.off("unhandledRejection", unexpected);
		boot?.power.cut("the end");
	}
	return {
		seed,
		events: invariants.events,
		powerCuts,
		networkCuts: weather.networkCuts,
		serviceErrors: weather.serviceErrors,
		boots: world.boots,
		renewals: renewedAt.length,
		reenrolments: reenrolledAt.length,
		longestOfflineMs: invariants.longestOfflineMs,
		flashWrites: world.flash.writes,
		flashErases: world.flash.erases,
		most: invariants.pace.most,
		renewedAt,
		reenrolledAt,
		violations: invariants.violations,
	};
}

/** Tells when it goes. */
class LifePower extends Power {
	readonly #onCut: (where: string) => void;

	constructor(onCut: (where: string) => void) {
		super();
		this.#onCut = onCut;
	}

	override cut(where = "outside"): void {
		const wasOn = this.on;
		super.cut(where);
		if (wasOn) this.#onCut(where);
	}
}
