/**
 * What must hold at every moment of a life, looked at after every event. Judged by the flash itself (inventory.ts), by
 * what the cloud issued, accepted and refused, and by what passed on the wire.
 */
import type { Happening } from "../../cloud/event.ts";
import type { Fault } from "../../src/fault.ts";
import type { LogValue } from "../../src/port.ts";
import type { IssuedLeaf } from "./authority.ts";
import { Curves } from "./curves.ts";
import { DEVICE } from "./enrolments.ts";
import { ENDURANCE_ERASES, plainName } from "./flash.ts";
import { Inventory } from "./inventory.ts";
import { Pace } from "./pace.ts";
import { Packets } from "./packets.ts";
import { Secrets } from "./secrets.ts";
import { Warning } from "./warning.ts";
import type { Observer, World } from "./world.ts";

const HOUR_MS = 3600_000;
/** The longest wait between attempts is a day; then an attempt takes its time. */
const PATIENCE_MS = 26 * HOUR_MS;
/** Of the validity: a renewal that has this much time without trouble must succeed. */
const RENEWAL_SHARE = 0.15;

export class Invariants implements Observer {
	readonly violations: string[] = [];
	readonly pace: Pace;
	readonly curves = new Curves((text) => this.violation(text));
	events = 0;
	longestOfflineMs = 0;
	/** Told of the first violation. */
	onViolation: (text: string) => void = () => {};
	onSync: () => void = () => {};
	readonly #world: World;
	readonly #secrets = new Secrets();
	readonly #inventory: Inventory;
	/** Keys with a request at the service whose certificate has not been written down yet. */
	readonly #owed = new Set<string>();
	/** Requests whose outcome has reached the device. */
	readonly #told = new Set<string>();
	#troubleUntil: number;
	#offlineSince: number | undefined;
	#judged: IssuedLeaf | undefined;
	#flashFailed = false;
	/** Not by the device: what it uses may be in its RAM only, until it writes another. */
	#recordLost = false;
	readonly #warning = new Warning((text) => this.violation(text));
	/** When the last request came. */
	#askedAt = 0;
	/** What is on its way to the device. */
	readonly #packets = new Packets();

	constructor(world: World) {
		this.#world = world;
		this.#inventory = new Inventory(world.flash, world.authority, (scalar) => this.#secrets.add(scalar));
		this.#troubleUntil = this.#now();
		this.#offlineSince = this.#now();
		this.pace = new Pace(
			() => this.#now(),
			(text) => this.violation(text),
		);
		this.#secrets.add(Buffer.from(world.enrolment.delivered, "base64"));
		world.flash.onChange = (name, _before, after) => this.#flashChanged(name, after);
		world.authority.onRequest = (spki) => this.#requested(spki);
	}

	violation(text: string): void {
		if (this.violations.length < 20) this.violations.push(`${new Date(this.#now()).toISOString()} ${text}`);
		if (this.violations.length === 1) this.onViolation(text);
	}

	/** Something has gone wrong in the world that excuses a device for a while; until a given time, or now. */
	trouble(until = this.#now()): void {
		this.#troubleUntil = Math.max(this.#troubleUntil, until);
	}

	booted(): void {
		this.#warning.booted();
		this.pace.booted();
	}

	poweredOff(until: number): void {
		this.trouble(until);
		this.#offline(true);
	}

	onLost(name: string, pairs: boolean): void {
		if (pairs) this.violation(`${name} was replaced in place, and a cut or a refusal has cost it`);
		this.spoiled(plainName(name));
	}

	/** The chip has lost or spoiled a blob: what was in it is nobody's fault. */
	spoiled(name: string): void {
		this.trouble();
		this.#flashFailed = true;
		this.#recordLost ||= name === "cred.a" || name === "cred.b";
		this.#inventory.changed(name, this.#world.flash.read(name));
		for (const spki of this.#owed) if (!this.#inventory.has(spki)) this.#owed.delete(spki);
	}

	onLog(step: string, detail: Readonly<Record<string, LogValue>>): void {
		if (this.#secrets.isIn(JSON.stringify(detail))) this.violation(`a private key in the log: ${step}`);
		if (step === "key.generated")
			this.curves.generated(detail.curve, [this.#inventory.get("cred.a"), this.#inventory.get("cred.b")]);
		if (detail.code === "agent.failed") this.violation(`an unexpected error: ${detail.message}`);
		this.#warning.onLog(detail);
		this.look();
	}

	onCloud(happening: Happening): void {
		this.pace.onCloud(happening);
		if (happening.event === "connected" || happening.event === "refused") this.#packets.restart();
		if (happening.event === "renew" || happening.event === "register") this.#askedAt = this.#now();
		// With the outcome told, the device may forget the request; a copy still on its way begins it at the hub once more.
		if (
			happening.event === "renewal" &&
			happening.status === 202 &&
			!this.#told.has(happening.requestId) &&
			this.#inventory.get("cred.pending")?.requestId !== happening.requestId
		)
			this.violation("a request is under way at the hub, and its id is not in flash");
		this.look();
	}

	onBytes(to: "server" | "device", bytes: Uint8Array): void {
		const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1");
		if (to === "server") this.pace.onRequest(text);
		for (const whole of to === "server" ? [text] : this.#packets.push(text)) {
			if (this.#secrets.isIn(whole)) this.violation(`a private key on the wire to the ${to}`);
			if (to === "device") this.#answered(whole);
		}
		this.look();
	}

	onState(state: string, _fault: Fault | undefined): void {
		// First: with the end of being offline its length is forgotten.
		this.look();
		this.#offline(state !== "connected");
	}

	onEnd(reason: unknown): void {
		this.violation(`the agent ended: ${reason instanceof Error ? reason.stack : reason}`);
	}

	/** What time alone can break. */
	look(): void {
		this.events++;
		const now = this.#now();
		if (this.#offlineSince !== undefined) {
			this.longestOfflineMs = Math.max(this.longestOfflineMs, now - this.#offlineSince);
			if (now - Math.max(this.#offlineSince, this.#troubleUntil) > PATIENCE_MS) {
				this.violation("offline for more than a day without a cause");
				this.trouble(now);
			}
		}
		if (this.#world.flash.erases > ENDURANCE_ERASES) this.violation("the flash is worn out");
		const last = this.#inventory.lasting;
		if (last === undefined || now <= last.notAfter) {
			if (last === undefined && this.#world.enrolment.withdrawn) this.#stranded(this.#flashFailed);
			return;
		}
		if (last === this.#judged) return;
		this.#judged = last;
		const hindered = now - this.#troubleUntil < RENEWAL_SHARE * (last.notAfter - last.notBefore);
		const excused = this.#recordLost || hindered;
		if (!excused) this.violation("a certificate expired, and nothing had stood in the way of its renewal");
		if (this.#world.enrolment.withdrawn) this.#stranded(excused);
	}

	/** One whole packet has reached the device. */
	#answered(packet: string): void {
		this.pace.onAnswer(packet);
		const [, status = "", requestId] =
			/credentials\/res\/(\d{3})\/\?(?:\$version=1&)?\$rid=([0-9a-f]{32})/.exec(packet) ?? [];
		if (requestId && /200|4(?!09|12|29)\d\d/.test(status)) this.#told.add(requestId);
		// The device is told that this key will not do. Another takes its place, whatever was once issued for it and never
		// arrived; of a request for it that the hub still has, the next one takes the place.
		const pending = this.curves.answered(packet) && this.#inventory.get("cred.pending");
		if (!pending) return;
		if (pending.spki && this.curves.refused.add(pending.spki)) this.#owed.delete(pending.spki);
		if (pending.requestId) this.#told.add(pending.requestId);
	}

	/** No credential and no way to one: the operator has to help. */
	#stranded(excused: boolean): void {
		if (!excused) this.violation("neither a usable credential nor a legal way to one");
		this.#world.enrolment.withdrawn = false;
		this.#flashFailed = false;
	}

	#offline(offline: boolean): void {
		if (!offline) this.#offlineSince = undefined;
		else this.#offlineSince ??= this.#now();
	}

	/** The service works on a request for a certificate; late, when it has taken its time, is of no interest. */
	#requested(spki: string): void {
		if (this.#askedAt !== this.#now()) return;
		if (!this.#inventory.has(spki)) this.violation("a CSR is on its way, and its key is not in flash");
		const pointer = this.#inventory.get("cred.current")?.sequence;
		for (const name of ["cred.a", "cred.b"]) {
			const held = this.#inventory.get(name);
			if (held?.spki === spki && held.sequence === pointer) this.violation("a CSR for the key that is in use already");
		}
		if (!this.curves.refused.has(spki)) this.#owed.add(spki);
	}

	/** The device has written or deleted a blob. */
	#flashChanged(name: string, after: Uint8Array | undefined): void {
		const inventory = this.#inventory;
		const { all: before, accepted: provenBefore } = inventory;
		const held = inventory.changed(name, after);
		if (name === "cred.a" || name === "cred.b") {
			if (held && (held.spki === undefined || held.leaf?.spki !== held.spki))
				this.violation("a certificate was stored without its key");
			if (held?.spki) this.#owed.delete(held.spki);
		}
		// Asked for once more, and not needed any more: the first certificate has worked in the meantime.
		if (name === "cred.current") for (const { spki } of inventory.all.values()) if (spki) this.#owed.delete(spki);
		// The hub has refused this key's certificate: the key goes with it, whatever DPS has answered meanwhile.
		const rejected = before.get(name);
		if (held === undefined && rejected?.spki && rejected.leaf?.refused) this.#owed.delete(rejected.spki);
		for (const spki of this.#owed)
			if (!inventory.has(spki) && [...before.values()].some((one) => one.spki === spki)) {
				this.violation("the key of a request that is under way was lost");
				this.#owed.delete(spki);
			}
		const active = this.#world.devices.find(DEVICE)?.request;
		const lost = name === "cred.pending" ? before.get(name)?.requestId : undefined;
		if (lost && held?.requestId !== lost && active?.requestId === lost && active.operationExpires > this.#now())
			if (!this.#told.has(lost) && !inventory.recorded(before.get(name)!.spki))
				this.violation("the id of a request that is under way was lost");
		if (name === "cred.current" && held) {
			const named = [...inventory.all.entries()].find(
				([n, one]) => /^cred\.[ab]$/.test(n) && one.sequence === held.sequence,
			);
			if (named?.[1].leaf?.accepted === false) this.violation("a credential was promoted before it had worked");
		}
		if (name === "cred.current") this.#recordLost = false;
		if (inventory.accepted.length === 0 && provenBefore.some((leaf) => !leaf.refused && !leaf.revoked))
			this.violation("the last proven credential was given away");
		if (name !== "cred.pending" && !inventory.wouldLoad())
			this.violation("the next boot would not find the proven credential");
		this.look();
	}

	#now(): number {
		return this.#world.clock.now();
	}
}
