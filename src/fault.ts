/**
 * Fault: everything that can go wrong and that the network, flash or configuration can cause.
 *
 * `code` comes from a closed list (FAULTS in remedies.ts, with the remedy an operator needs). `retryable` says whether trying
 * the same thing again can help without anybody changing anything; only `agent.ts` acts on it. Secrets (private
 * scalars, SAS keys and tokens) never enter a message.
 */
import { FAULTS } from "./remedies.ts";

export type FaultCode = keyof typeof FAULTS;

export function isFaultCode(code: unknown): code is FaultCode {
	return typeof code === "string" && Object.hasOwn(FAULTS, code);
}

export interface FaultOptions {
	/** Default: by code, see isTransient. */
	readonly retryable?: boolean;
	/** What the peer asked for, seconds. */
	readonly retryAfterSeconds?: number | undefined;
	readonly cause?: unknown;
}

export class Fault extends Error {
	readonly code: FaultCode;
	readonly retryable: boolean;
	readonly retryAfterSeconds: number | undefined;

	/** `message` names the field, what was expected and what came; never a secret. */
	constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
		super(`${code}: ${message}`, options.cause === undefined ? undefined : { cause: options.cause });
		this.code = code;
		this.retryable = options.retryable ?? isTransient(code);
		this.retryAfterSeconds = options.retryAfterSeconds;
	}

	override get name(): string {
		return "Fault";
	}

	/** The room it came from: the part of the code before the dot. */
	get room(): string {
		return this.code.slice(0, this.code.indexOf("."));
	}

	/** What an operator can do about it. */
	get remedy(): string {
		return FAULTS[this.code];
	}

	/** Anything thrown, as a Fault: a Fault stays itself, the rest becomes `code` with the thing as cause. */
	static of(thrown: unknown, code: FaultCode): Fault {
		if (thrown instanceof Fault) return thrown;
		return new Fault(code, thrown instanceof Error ? thrown.message : printable(thrown), { cause: thrown });
	}
}

/**
 * Transient, besides all of `wire`. Everything else needs somebody or something to change first. A list: XS 8.2.3 takes 3.4 KB
 * to compile a pattern of all these.
 */
const TRANSIENT: readonly string[] = /* @__PURE__ */ Object.freeze([
	"tls.record",
	"key.lost",
	"ota.missing",
	"mqtt.timeout",
	"mqtt.closed",
	"mqtt.busy",
	"mqtt.unavailable",
	"dps.throttled",
	"dps.unavailable",
	"dps.timeout",
	"dps.conflict",
	"hub.throttled",
	"hub.unavailable",
	"hub.closed",
	"hub.conflict",
	"hub.timeout",
]);

const isTransient = (code: FaultCode): boolean => code.startsWith("wire.") || TRANSIENT.includes(code);

/** Foreign text for a message: short, printable ASCII. */
export function printable(value: unknown): string {
	if (value === undefined || value === null) return "no message";
	return String(typeof value === "object" ? "an object" : value)
		.slice(0, 160)
		.replace(/[^\x20-\x7e]/g, "?");
}
