/** What may stand behind the `=` of a fault, checked where the fault is given: on the command line, by the API, on the page. */
import { suggestion } from "../hw/node/suggest.ts";
import { SHAPES } from "./flood.ts";

/** Steps of a connection after which `drop-after` closes it. */
export const STEPS: readonly string[] = (
	"tcp tls CONNECT CONNACK SUBSCRIBE SUBACK REGISTER PUBACK ASSIGNING POLL ASSIGNED " +
	"HUB-CONNECT HUB-CONNACK HUB-SUBSCRIBE HUB-SUBACK PUBLISH HUB-PUBACK TWIN-GET TWIN-PATCH RENEW RENEW-202 RENEW-200"
).split(" ");

interface Rule {
	/** Without a value: the default stands. Absent: a value is needed. */
	readonly optional?: true;
	readonly expected: string;
	fits(value: string): boolean;
}

const number = (least: number, most: number): Pick<Rule, "expected" | "fits"> => ({
	expected: `a whole number from ${least} to ${most}`,
	fits: (value) => /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most,
});

const word = (text: string): Pick<Rule, "expected" | "fits"> => ({ expected: text, fits: (value) => value === text });

const SECONDS = { optional: true, ...number(0, 86_400) } as const;
/** How many, and how large. */
const FLOOD = { optional: true, ...number(1, 100_000) } as const;
const SIZE = number(1, 1024 * 1024);
const BYTES = { optional: true, ...number(0, 16 * 1024 * 1024) } as const;

const RULES: Readonly<Record<string, Rule>> = {
	"drop-after": { expected: `one of ${STEPS.join(" ")}`, fits: (value) => STEPS.includes(value) },
	"mqtt-blocked": { optional: true, ...word("silent") },
	"cut-after": number(0, 16 * 1024 * 1024),
	connack: number(1, 5),
	"refuse-preview": { optional: true, ...number(1, 5) },
	throttle: SECONDS,
	unavailable: { optional: true, ...number(500, 599) },
	"slow-assign": { optional: true, ...number(0, 1000) },
	"csr-rejected": { optional: true, ...word("late") },
	"profile-mqttV5": { optional: true, expected: "a profile's name", fits: () => true },
	payload: { expected: "JSON", fits: isJson },
	"renew-throttle": SECONDS,
	"renew-csr-rejected": { optional: true, ...word("late") },
	"renew-late": SECONDS,
	"renew-expires": number(0, 86_400),
	"update-stall": BYTES,
	"update-reset": BYTES,
	"record-size": number(512, 16_384),
	"san-flood": number(1, 10_000),
	"huge-twin": {
		expected: `SHAPE:N, SHAPE one of ${SHAPES.join(" ")}, N from 1 to 100000`,
		fits(value) {
			const [, shape = "", count] = /^([a-z]+):(\d{1,6})$/.exec(value) ?? [];
			return (SHAPES as readonly string[]).includes(shape) && Number(count) >= 1 && Number(count) <= 100_000;
		},
	},
	"desired-flood": FLOOD,
	"method-flood": FLOOD,
	"c2d-size": SIZE,
	"upgrade-fields": FLOOD,
	"ping-flood": FLOOD,
	"c2d-flood": FLOOD,
	"dps-size": SIZE,
	"renew-size": SIZE,
};

/** Throws RangeError that says what was expected, and what may have been meant. `value`: "" where there is none. */
export function checkFault(name: string, value: string, known: readonly string[]): void {
	if (!known.includes(name)) throw new RangeError(`no such fault: ${name}${suggestion(name, known)}`);
	const rule = RULES[name];
	if (rule === undefined) {
		if (value !== "") throw new RangeError(`${name} takes no value`);
	} else if (value === "") {
		if (!rule.optional) throw new RangeError(`${name}: expected ${rule.expected}`);
	} else if (!rule.fits(value)) {
		const near = name === "drop-after" ? suggestion(value, STEPS) : "";
		throw new RangeError(`${name}=${value}: expected ${rule.expected}${near}`);
	}
}

function isJson(value: string): boolean {
	try {
		JSON.parse(value);
		return true;
	} catch {
		return false;
	}
}
