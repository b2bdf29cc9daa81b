/** Direct methods on one connection: calls out, answers matched by `$rid`, a deadline each. */
import type { Clock } from "../src/port.ts";
import { parseJson } from "./json.ts";

export interface MethodAnswer {
	readonly status: number;
	/** Parsed JSON; undefined when the device answered with nothing. */
	readonly payload: unknown;
}

export type MethodOutcome = MethodAnswer | { readonly error: "offline" | "timeout" | "malformed" };

export class Methods {
	readonly #clock: Clock;
	readonly #deliver: (topic: string, payload: string) => boolean;
	readonly #waiting = new Map<string, (outcome: MethodOutcome) => void>();
	#number = 0;

	constructor(clock: Clock, deliver: (topic: string, payload: string) => boolean) {
		this.#clock = clock;
		this.#deliver = deliver;
	}

	call(name: string, payload: unknown, timeoutSeconds: number, done: (outcome: MethodOutcome) => void): void {
		const rid = (++this.#number).toString(16);
		const cancel = this.#clock.after(timeoutSeconds * 1000, () => this.#finish(rid, { error: "timeout" }));
		this.#waiting.set(rid, (outcome) => {
			cancel();
			done(outcome);
		});
		const topic = `$iothub/methods/POST/${encodeURIComponent(name)}/?$rid=${rid}`;
		const text = payload === undefined ? "{}" : JSON.stringify(payload);
		if (!this.#deliver(topic, text)) this.#finish(rid, { error: "offline" });
	}

	/** The device answered on `$iothub/methods/res/{status}/?$rid={rid}`. */
	answer(status: number, rid: string, payload: Uint8Array): void {
		const text = Buffer.from(payload).toString("utf8");
		try {
			this.#finish(rid, { status, payload: text === "" ? undefined : parseJson(text) });
		} catch {
			this.#finish(rid, { error: "malformed" });
		}
	}

	closed(): void {
		for (const rid of [...this.#waiting.keys()]) this.#finish(rid, { error: "offline" });
	}

	#finish(rid: string, outcome: MethodOutcome): void {
		const waiting = this.#waiting.get(rid);
		this.#waiting.delete(rid);
		waiting?.(outcome);
	}
}
