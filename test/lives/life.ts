/**
 * One life of one device: years of virtual time with chance at work. The same seed gives the same life.
 *
 * One in four is a device whose onboarding key is withdrawn once it works, so that its certificate is its only way back.
 */
import { PowerCut } from "../support/power.ts";
import { random } from "../support/random.ts";
import { DEVICE } from "./enrolments.ts";
import { happen, RATES } from "./happenings.ts";
import { Invariants } from "./invariants.ts";
import { LifePower } from "./life-power.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, Mishaps } from "./mishaps.ts";
import { Updates } from "./updates.ts";
import { BEGINNING, type Boot, World } from "./world.ts";

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
	readonly updates: number;
	/** Keys on another curve than the certificate before. */
	readonly curveChanges: number;
	readonly flashWrites: number;
	readonly flashErases: number;
	readonly most: Invariants["pace"]["most"];
	/** Moments of renewals and of re-enrolments, as shares of the life. */
	readonly renewedAt: readonly number[];
	readonly reenrolledAt: readonly number[];
	readonly violations: readonly string[];
}

const YEAR_MS = 365 * DAY_MS;
/** In a hundred: a cut within the next port calls, when the device begins something. */
const CUT_AT_WORK = 12;

export async function live(seed: number, years: number, tell?: (line: string) => void): Promise<LifeResult> {
	const source = random(seed);
	const mishaps: Mishaps = new Mishaps(
		source,
		() => world.clock.now(),
		(until) => invariants?.trouble(until),
	);
	const withdrawn = source.integer(4) === 0;
	// Every other device; the others have nothing but what the port promises.
	const pairs = seed % 2 === 0;
	const world: World = new World({
		source,
		validitySeconds: validityDays(source.integer(100)) * 24 * 3600,
		acceptIssued: withdrawn || source.integer(2) === 0,
		polls: source.integer(3),
		// Every eighth device tells its operator what it does; such a life costs half as much again.
		config: source.integer(8) === 0 ? {} : { operations: "status" },
		faults: mishaps.faults,
		link: (number, options) => mishaps.link(number, options),
		overtaken: (bytes) => mishaps.overtaken(bytes),
		refuseWrite: () => mishaps.refuseWrite(),
		pairs,
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
	world.onFull = () => invariants.violation("a write was begun for which there was no room");
	invariants.onSync = () => correctClock();
	mishaps.onHold = () => {
		const patience = mishaps.span(6 * HOUR_MS);
		invariants.trouble(world.clock.now() + patience);
		world.clock.after(patience, () => world.service.hub.release(DEVICE));
	};
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
		const off = mishaps.gap(5 * MINUTE_MS);
		trace(`power cut at ${where}, off for ${Math.round(off / 1000)} s`);
		invariants.poweredOff(world.clock.now() + off);
		world.clock.after(off, start);
	}

	/** SNTP answers after some seconds, where there is a network. */
	function correctClock(): void {
		if (world.clockError === 0) return;
		invariants.trouble();
		world.clock.after(mishaps.online ? mishaps.span(5000) : mishaps.span(10 * MINUTE_MS), () => {
			if (mishaps.online) world.clockError = 0;
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
				if (mishaps.chance(CUT_AT_WORK)) boot?.power.cutIn(source.integer(30));
				if (mishaps.chance(CUT_AT_WORK)) mishaps.serviceFault();
			}
		};
		invariants.onCloud = (happening) => {
			onCloud.call(invariants, happening);
			if (happening.event === "connected" && happening.service === "dps") reenrolling = happening.credential === "sas";
			if (happening.event === "renew") reenrolling = false;
		};
	}
	let reenrolling = false;

	const updates = new Updates(
		world,
		source,
		(text) => invariants.violation(text),
		(writes) => {
			mishaps.failingWrites = writes;
		},
	);
	const happenings = happen({
		updates,
		world,
		mishaps,
		invariants,
		source,
		pairs,
		withdrawn,
		boot: () => boot,
		trace,
		correctClock,
	});

	function again(name: keyof typeof RATES): void {
		world.clock.after(mishaps.span(YEAR_MS / RATES[name]), () => {
			happenings[name]();
			again(name);
		});
	}

	/** For what time alone can break. */
	function daily(): void {
		invariants.look();
		world.clock.after(DAY_MS, daily);
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
		daily();
		const end = world.clock.now() + years * YEAR_MS;
		await world.clock.until(
			() => world.clock.now() >= end || invariants.violations.length > 0,
			years * YEAR_MS + DAY_MS,
		);
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
		networkCuts: mishaps.networkCuts,
		serviceErrors: mishaps.serviceErrors,
		boots: world.boots,
		renewals: renewedAt.length,
		reenrolments: reenrolledAt.length,
		longestOfflineMs: invariants.longestOfflineMs,
		updates: updates.stories,
		curveChanges: invariants.curves.changes,
		flashWrites: world.flash.writes,
		flashErases: world.flash.erases,
		most: invariants.pace.most,
		renewedAt,
		reenrolledAt,
		violations: invariants.violations,
	};
}

/** The service's 7 to 90. Few of the shortest: each such life is as much work as ten of the longest. */
function validityDays(chance: number): number {
	if (chance < 65) return 90;
	if (chance < 85) return 45;
	return chance < 97 ? 30 : 7;
}
