/**
 * The device twin over MQTT: the desired properties as they change, reported properties as they are acknowledged.
 *
 * Changes are not kept for a device that is offline, so the twin is read after every connect. Desired versions
 * count up by one: what is older or known is dropped, after a gap the twin is read again. Silence, 429 and 5xx are
 * waited out; what the hub refuses for a reason is reported and dropped.
 *
 * Twins and changes of any size are read as they come (twin-reader.ts): the device's own sections are always found, of the
 * application's properties those that it wants and that fit. What is left out is a Fault in the log.
 */
import { splitAnswer } from "../base/topic.ts";
import { Fault } from "../fault.ts";
import type { Sink } from "../mqtt/events.ts";
import type { Log } from "../port.ts";
import { parseProperties } from "./hub-topics.ts";
import type { Intake } from "./intake.ts";
import type { Json, JsonObject } from "./json.ts";
import { TWIN_ANSWER_SECONDS } from "./limits.ts";
import { bytesOf, checkPatch, type Patch, queued, type ReportDone } from "./reported.ts";
import { type Pace, Turn } from "./turn.ts";
import { checkVersion, RefusalReader, refusal, TwinReader } from "./twin-reader.ts";

export interface Desired {
	readonly version: number;
	/** All of them; otherwise a patch (RFC 7396): null removes. */
	readonly complete: boolean;
}

export interface TwinOptions extends Pace {
	readonly log: Log;
	/** It is another twin than before, of another hub or made anew: nothing that was reported stands in it. */
	readonly onNew?: (() => void) | undefined;
	readonly intake: Intake;
	/** Properties that the application wants; absent: all. The agent's own come besides. */
	readonly properties?: readonly string[] | undefined;
	/** Without it the twin is never read. */
	readonly onDesired?: ((properties: JsonObject, desired: Desired) => void) | undefined;
}

export type Send = (topic: string, payload: Uint8Array) => void;

/** Of topics. */
const ANSWERS = "$iothub/twin/res/";
const CHANGES = "$iothub/twin/PATCH/properties/desired/?";
const NOTHING = new Uint8Array(0);

export class Twin {
	readonly #options: TwinOptions;
	readonly #reading: Turn;
	readonly #reporting: Turn;
	#properties: readonly string[] | undefined;
	#send: Send | undefined;
	#requests = 0;
	/** Hub and device that all below is true of. */
	#owner: string | undefined;
	/** Of the desired properties that the application has. */
	#version: number | undefined;
	/** Of the reported properties, as far as the hub has said. */
	#reportedVersion = 0;
	/** A change that came while the twin was being read, and may not be in the answer. */
	#overtaken = false;
	/** The first is in flight while `#reporting` is asked. */
	#waiting: readonly Patch[] = [];

	constructor(options: TwinOptions) {
		this.#options = options;
		this.#properties = options.properties;
		this.#reading = new Turn(options);
		this.#reporting = new Turn(options);
	}

	/** Patches that the hub has not acknowledged. */
	get waiting(): number {
		return this.#waiting.length;
	}

	/** The session that begins is one of this hub and device. */
	belongsTo(owner: string): void {
		const isOther = this.#owner !== undefined && this.#owner !== owner;
		this.#owner = owner;
		if (isOther) this.#forget();
	}

	/** The filters are subscribed: TWIN_FILTER, and DESIRED_FILTER when the twin is read. */
	attach(send: Send): void {
		this.detach();
		this.#send = send;
		this.#read();
		this.#report();
	}

	/** These are wanted from here on; they are delivered once more, whole. */
	want(properties: readonly string[] | undefined): void {
		this.#properties = properties;
		this.#version = undefined;
		this.#read();
	}

	/** The connection has ended: what was asked will be asked again. */
	detach(): void {
		this.#send = undefined;
		this.#reading.end();
		this.#reporting.end();
	}

	/** Whether the message was the twin's. */
	message(topic: string, payload: Uint8Array): boolean {
		const sink = this.open(topic);
		sink?.push(payload);
		sink?.end();
		return sink !== undefined;
	}

	/** Where the payload of such a message goes; undefined when the message is not the twin's. Its calls throw Faults. */
	open(topic: string): Sink | undefined {
		const answer = splitAnswer(ANSWERS, topic);
		if (answer) return this.#answer(answer.status, parseProperties(answer.query));
		if (!topic.startsWith(CHANGES)) return undefined;
		const said = parseProperties(topic.slice(CHANGES.length)).get("$version");
		return new TwinReader("change", this.#options, this.#properties, (patch) => this.#changed(said, patch));
	}

	/** `done` may come within this call, with Fault hub.invalid or hub.too-large; else when the hub has answered. */
	report(patch: object, done: ReportDone): void {
		try {
			const held = this.#reporting.asked ? 1 : 0;
			this.#waiting = queued(this.#waiting, held, checkPatch(patch), done);
		} catch (thrown) {
			done(Fault.of(thrown, "hub.invalid"));
			return;
		}
		this.#report();
	}

	/** The same, where `make` can give the patch anew each time that it leaves. */
	tell(make: () => object, done: ReportDone): void {
		this.#waiting = [...this.#waiting, { make, dones: [done] }];
		this.#report();
	}

	#read(): void {
		if (!this.#send || !this.#options.onDesired) return;
		const rid = String(++this.#requests);
		this.#overtaken = false;
		this.#reading.ask(rid, TWIN_ANSWER_SECONDS, () => this.#readLater("no answer"));
		this.#send(`$iothub/twin/GET/?$rid=${rid}`, NOTHING);
	}

	#readLater(reason: string): void {
		this.#options.log("twin.unread", { reason });
		this.#reading.later(() => this.#read());
	}

	#report(): void {
		const next = this.#waiting[0];
		if (!this.#send || !next || !this.#reporting.free) return;
		const rid = String(++this.#requests);
		this.#reporting.ask(rid, TWIN_ANSWER_SECONDS, () => this.#reportLater("no answer"));
		this.#send(`$iothub/twin/PATCH/properties/reported/?$rid=${rid}`, bytesOf(next));
	}

	#reportLater(reason: string): void {
		this.#options.log("twin.unreported", { reason });
		this.#reporting.later(() => this.#report());
	}

	#answer(status: number, parameters: ReadonlyMap<string, string>): Sink {
		const rid = parameters.get("$rid") ?? "";
		if (status < 200 || status >= 300)
			return new RefusalReader((message) => {
				const refused = refusal(status, message);
				if (this.#reading.answeredBy(rid)) this.#notRead(refused);
				else if (this.#reporting.answeredBy(rid)) this.#wasReported(refused, parameters);
			});
		if (this.#reading.awaits(rid))
			return new TwinReader("twin", this.#options, this.#properties, (desired, reported) => {
				if (this.#reading.answeredBy(rid)) this.#wasRead(desired, reported);
			});
		return {
			push() {},
			end: () => {
				if (this.#reporting.answeredBy(rid)) this.#wasReported(undefined, parameters);
			},
		};
	}

	#notRead(refused: Fault): void {
		if (refused.retryable) this.#readLater(refused.message);
		else this.#options.log("fault", { code: refused.code, message: refused.message });
	}

	#wasRead(desired: JsonObject | undefined, reported: Json | undefined): void {
		this.#reading.succeeded();
		if (!desired) throw new Fault("hub.response", "a twin without desired properties");
		const version = checkVersion(desired.$version);
		const overtaken = this.#overtaken;
		if (version < (this.#version ?? 0)) this.#forget();
		this.#noteReported(reported);
		if (version !== this.#version) this.#deliver(desired, { version, complete: true });
		if (overtaken) this.#read();
	}

	#changed(said: string | undefined, patch: JsonObject | undefined): void {
		if (!patch) throw new Fault("hub.response", "desired properties that are no object");
		const version = checkVersion(said === undefined ? patch.$version : Number(said));
		if (!this.#reading.free) this.#overtaken = true;
		else if (this.#version === undefined || version > this.#version + 1) this.#read();
		else if (version === this.#version + 1) this.#deliver(patch, { version, complete: false });
	}

	/** Versions only grow in one twin. */
	#noteReported(version: Json | undefined): void {
		if (typeof version !== "number" || !Number.isSafeInteger(version)) return;
		if (version < this.#reportedVersion) this.#forget();
		this.#reportedVersion = version;
	}

	#forget(): void {
		this.#version = undefined;
		this.#reportedVersion = 0;
		this.#options.log("twin.new");
		this.#options.onNew?.();
	}

	/** `properties` is the receiver's; not copied: a twin may be all that fits. */
	#deliver(properties: { $version?: Json; [name: string]: Json | undefined }, desired: Desired): void {
		this.#version = desired.version;
		delete properties.$version;
		this.#options.onDesired?.(properties as JsonObject, desired);
	}

	#wasReported(refused: Fault | undefined, parameters: ReadonlyMap<string, string>): void {
		if (refused?.retryable) {
			this.#reportLater(refused.message);
			return;
		}
		this.#reporting.succeeded();
		const [first, ...rest] = this.#waiting;
		this.#waiting = rest;
		this.#report();
		const version = Number(parameters.get("$version"));
		if (!refused) this.#noteReported(version);
		const said = refused || !Number.isSafeInteger(version) ? undefined : version;
		for (const done of first?.dones ?? []) done(refused, said);
	}
}
