/**
 * The desired properties out of a twin, or out of a change of them, as its bytes come (base/json-reader.ts): never more than a
 * budget is held, of a twin of any size and shape. Reported properties and metadata are passed over.
 */
import { type Choice, JsonReader, type Kind } from "../base/json-reader.ts";
import { Budget } from "../base/json-value.ts";
import { Fault, type FaultCode, printable } from "../fault.ts";
import type { Sink } from "../mqtt/events.ts";
import type { Log } from "../port.ts";
import type { Intake } from "./intake.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { chooseOffer, OWN_SECTIONS } from "./own.ts";

/** Of a twin. */
const SECTIONS = /* @__PURE__ */ Object.freeze(["desired", "reported"]);

export interface TwinReaderOptions {
	readonly log: Log;
	readonly intake: Intake;
}

/** The desired properties with their `$version`, undefined when there are none; of the reported ones `$version` only. */
export type TwinDone = (desired: JsonObject | undefined, reported: Json | undefined) => void;

export class TwinReader implements Sink {
	readonly #kind: "twin" | "change";
	readonly #options: TwinReaderOptions;
	readonly #done: TwinDone;
	readonly #wanted: readonly string[] | undefined;
	/** Apart from the application's, and each apart from the others. */
	readonly #own = new Map<string, Budget>();
	readonly #application: Budget;
	readonly #reader: JsonReader;

	/** `wanted`: of the application's properties; undefined: all. */
	constructor(
		kind: "twin" | "change",
		options: TwinReaderOptions,
		wanted: readonly string[] | undefined,
		done: TwinDone,
	) {
		this.#kind = kind;
		this.#options = options;
		this.#done = done;
		this.#wanted = wanted;
		this.#application = options.intake.budget();
		this.#reader = new JsonReader((path, kind) => this.#choose(path, kind));
	}

	push(bytes: Uint8Array): void {
		readable(() => this.#reader.push(bytes));
	}

	end(): void {
		const value = readable(() => this.#reader.end());
		const { intake, log } = this.#options;
		if (this.#reader.cutCount > 0) {
			const { cut, cutCount } = this.#reader;
			const own = cut.filter((name) => OWN_SECTIONS.includes(name.split(".").at(-1)!));
			const what = own.length > 0 ? `${own.join(", ")} left out: at most ${intake.ownBytes} bytes each` : "";
			const rest = cutCount > own.length ? intake.explain("desired properties", this.#reader) : "";
			const { code, message } = new Fault("hub.too-large", [what, rest].filter(Boolean).join("; "));
			log("fault", { code, message });
		}
		const { desired, reported } = (this.#kind === "twin" ? (value ?? {}) : { desired: value }) as Partial<JsonObject>;
		this.#done(isObject(desired) ? desired : undefined, isObject(reported) ? reported.$version : undefined);
	}

	#choose(path: readonly string[], kind: Kind): Choice {
		const isTwin = this.#kind === "twin";
		if (path.length === 0) return kind === "object" ? "enter" : "skip";
		if (isTwin && path.length === 1) return SECTIONS.includes(path[0]!) && kind === "object" ? "enter" : "skip";
		const depth = isTwin ? 2 : 1;
		const name = path[depth - 1]!;
		if (name === "$version") return kind === "other" ? this.#budgetOf(isTwin ? path[0]! : name) : "skip";
		if (isTwin && path[0] !== "desired") return "skip";
		if (OWN_SECTIONS.includes(name)) return chooseOffer(path.slice(depth), kind, this.#budgetOf(name));
		return name.startsWith("$") || this.#wanted?.includes(name) === false ? "skip" : this.#application;
	}

	#budgetOf(name: string): Budget {
		const budget = this.#own.get(name) ?? this.#options.intake.ownBudget();
		this.#own.set(name, budget);
		return budget;
	}
}

/** The `message` of an error's body, which may be anything. */
export class RefusalReader implements Sink {
	readonly #done: (message: string) => void;
	readonly #reader = new JsonReader((path) =>
		path.length === 0 ? "enter" : path[0] === "message" ? new Budget(512, 1, 0) : "skip",
	);
	#isJson = true;

	constructor(done: (message: string) => void) {
		this.#done = done;
	}

	push(bytes: Uint8Array): void {
		this.#try(() => this.#reader.push(bytes));
	}

	end(): void {
		const body = this.#try(() => this.#reader.end());
		this.#done(printable(isObject(body) ? body.message : undefined));
	}

	#try<T>(read: () => T): T | undefined {
		try {
			return this.#isJson ? read() : undefined;
		} catch {
			this.#isJson = false;
			return undefined;
		}
	}
}

function readable<T>(read: () => T): T {
	try {
		return read();
	} catch (thrown) {
		throw new Fault("hub.response", "a twin that is no JSON", { cause: thrown });
	}
}

/** Positive, and exact in a double. */
export function checkVersion(value: Json | undefined): number {
	if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
	throw new Fault("hub.response", "desired properties without a $version");
}

export function refusal(status: number, message: string): Fault {
	const code: FaultCode = status === 429 ? "hub.throttled" : status >= 500 ? "hub.unavailable" : "hub.bad-request";
	return new Fault(code, `twin: status ${status}: ${message}`);
}
