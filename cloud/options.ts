/** What a cloud may be started with, checked before anything is: each option that cannot be is a Fault with its name. */
import { isIPv4 } from "node:net";
import { suggestion } from "../hw/node/suggest.ts";
import { Fault } from "../src/fault.ts";
import type { CloudOptions } from "./contract.ts";
import { idProblem } from "./enrolments.ts";
import { Faults } from "./faults.ts";
import { LIMITS } from "./throttle.ts";

/** Whole numbers, least and most; the command line has the same. */
export const RANGES = {
	port: [0, 65_535],
	apiPort: [0, 65_535],
	retryAfterSeconds: [0, 3600],
	polls: [0, 1000],
	/** Ten years. */
	validitySeconds: [1, 10 * 366 * 86_400],
} as const satisfies Partial<Record<keyof CloudOptions, readonly [least: number, most: number]>>;

/** Operations per second. */
export const MOST_PER_SECOND = 999_999;

/** Undefined where the value may stand, else what was expected. */
type Rule = (value: unknown) => string | undefined;

const whole =
	([least, most]: readonly [number, number]): Rule =>
	(value) =>
		Number.isInteger(value) && (value as number) >= least && (value as number) <= most
			? undefined
			: `expected a whole number from ${least} to ${most}`;
const oneOf =
	(...known: readonly string[]): Rule =>
	(value) =>
		known.includes(value as string) ? undefined : `expected ${known.join(" or ")}`;
const typed =
	(type: "boolean" | "function"): Rule =>
	(value) =>
		typeof value === type ? undefined : `expected a ${type}`;
const text: Rule = (value) =>
	typeof value === "string" && value !== "" ? undefined : "expected a text that is not empty";
const listOf =
	(rule: Rule): Rule =>
	(value) =>
		Array.isArray(value) ? Array.from(value, rule).find((problem) => problem !== undefined) : "expected an array";

const RULES: { readonly [Name in keyof Required<CloudOptions>]: Rule } = {
	port: whole(RANGES.port),
	address: text,
	stateFolder: text,
	hosts: listOf((value) => (isHost(value) ? undefined : "expected host names or IPv4 addresses, without port")),
	registrationId: (value) => text(value) ?? idProblem(value as string),
	// As IoT Hub's "Understand the identity registry" has it; no slash, which is a module's.
	deviceId: (value) =>
		typeof value === "string" && /^[A-Za-z0-9\-.%_*?!(),:=@$']{1,128}$/.test(value)
			? undefined
			: "expected 1 to 128 of letters, digits and - . % _ * ? ! ( ) , : = @ $ '",
	retryAfterSeconds: whole(RANGES.retryAfterSeconds),
	polls: whole(RANGES.polls),
	validitySeconds: whole(RANGES.validitySeconds),
	faults: listOf(faultProblem),
	tlsKey: oneOf("ec", "rsa"),
	issuing: oneOf("P-384", "P-256"),
	csrCurves: oneOf("p384", "p256", "both"),
	acceptIssued: typed("boolean"),
	resumption: typed("boolean"),
	limits: limitsProblem,
	apiPort: whole(RANGES.apiPort),
	updatesFolder: text,
	clock: (value) =>
		["now", "ticks", "after"].every((name) => typeof (value as Record<string, unknown> | null)?.[name] === "function")
			? undefined
			: "expected a Clock",
	onEvent: typed("function"),
};

/** Throws Fault config.invalid. An option that is undefined counts as absent. */
export function checkOptions(options: CloudOptions): void {
	const known = Object.keys(RULES);
	if (typeof options !== "object" || options === null || Array.isArray(options))
		throw new Fault("config.invalid", "options: expected an object");
	for (const [name, value] of Object.entries(options)) {
		if (!known.includes(name)) throw new Fault("config.invalid", `${name}: no such option${suggestion(name, known)}`);
		const problem = value === undefined ? undefined : RULES[name as keyof CloudOptions](value);
		if (problem !== undefined) throw new Fault("config.invalid", `${name}: ${problem}`);
	}
}

function faultProblem(value: unknown): string | undefined {
	try {
		new Faults().arm(String(value));
		return undefined;
	} catch (thrown) {
		return (thrown as Error).message;
	}
}

function limitsProblem(value: unknown): string | undefined {
	const isRate = ([kind, rate]: readonly [string, unknown]) =>
		(LIMITS as readonly string[]).includes(kind) &&
		(rate === undefined || (typeof rate === "number" && rate > 0 && rate <= MOST_PER_SECOND));
	const isRight =
		typeof value === "object" && value !== null && !Array.isArray(value) && Object.entries(value).every(isRate);
	return isRight ? undefined : `expected ${LIMITS.join(", ")}, each above 0 and at most ${MOST_PER_SECOND} a second`;
}

/** RFC 1123 section 2.1; what ends in a number is an IPv4 address or nothing. */
function isHost(value: unknown): boolean {
	if (typeof value !== "string" || value.length > 253) return false;
	const labels = value.split(".");
	if (/^\d+$/.test(labels.at(-1)!)) return isIPv4(value);
	return labels.every((label) => /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label));
}
