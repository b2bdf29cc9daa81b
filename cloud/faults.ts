/**
 * Faults on demand: what the cloud does wrong when told to. `NAME[=VALUE][:TIMES]`; without TIMES it lasts until disarmed.
 *
 * The table is closed and is what `enrollee cloud --help` prints.
 */
import { FLAWS, type Flaw } from "./authority.ts";
import { checkFault, STEPS } from "./fault-values.ts";
import { SHAPES } from "./flood.ts";
import { Listeners } from "./listeners.ts";

export const FAULTS = {
	"expired-server-cert": "TLS: the server's certificate expired yesterday",
	"wrong-server-name": "TLS: the server's certificate is for another host",
	"untrusted-server": "TLS: the server's chain ends at another root",
	"drop-after": `close the connection after STEP, one of ${STEPS.join(" ")}: what the server received (it does not answer) or sent`,
	"mqtt-blocked":
		"close MQTT over TLS without an answer, or VALUE silent; MQTT over WebSocket goes through, as behind a firewall",
	"cut-after": "close the connection after N bytes of MQTT that the server sent",
	connack: "refuse MQTT connections with return code N, 1 to 5",
	"refuse-preview": "hub: refuse preview api-versions with CONNACK N (5)",
	throttle: "DPS: answer 429 with retry-after VALUE (1) seconds",
	unavailable: "DPS: answer VALUE (503)",
	disabled: "DPS: the enrolment is disabled",
	"not-found": "DPS: no such enrolment (404)",
	failed: "DPS: the assignment ends as failed",
	"slow-assign": "DPS: VALUE (5) more polls before the assignment",
	"csr-rejected": "DPS: refuse the CSR at once (400); with VALUE late, as a failed assignment",
	"profile-mqttV5": "DPS: the assigned hub wants connectionProfile mqttV5; with VALUE, that value",
	payload: "DPS: the custom allocation returns VALUE, any JSON",
	"foreign-key": "issue for another key",
	"wrong-cn": "issue for another common name",
	"expired-cert": "issue a certificate that has expired",
	"not-yet-valid": "issue a certificate that becomes valid in an hour",
	"no-chain": "assign a hub but give no certificate",
	"wrong-chain-order": "root, intermediate, leaf",
	"leaf-only": "the leaf without its chain",
	silent: "hub: no answer on $iothub topics",
	"no-puback": "no PUBACK, and what was published is not looked at",
	"renew-409-own": "renewal: 409 that names the request itself; it goes on",
	"renew-409-other": "renewal: 409, another request is active",
	"renew-412": "renewal: 412, nothing to replace, though there is",
	"renew-throttle": "renewal: 429 with retryAfter VALUE seconds if given",
	"renew-unavailable": "renewal: 503",
	"renew-error": "renewal: 500",
	"renew-csr-rejected": "renewal: 400040 at once; with VALUE late, after the 202",
	"renew-hold": "renewal: 202, and the certificate only when released",
	"renew-late": "renewal: 202, and the certificate VALUE (1) seconds later",
	"renew-expires": "renewal: operationExpires in VALUE seconds",
	"renew-version": "renewal: $version=1 before $rid in the answer's topic",
	"bare-array": "renewal: a bare array of certificates instead of an object",
	"update-ignore-range": "updates: serve the image from its beginning, whatever Range says",
	"update-wrong-length": "updates: the image is one byte longer than signed",
	"update-other-image": "updates: another image of the same length",
	"update-stall": "updates: fall silent after VALUE bytes of the image (half)",
	"update-reset": "updates: close the connection after VALUE bytes of the image (half)",
	"pem-chain": "PEM where base64 DER is usual, and the reverse",
	"record-size": "TLS: records of N bytes at most, in place of 16 KB, to a client that does not ask for less",
	"san-flood": "TLS: the server's certificate has N names more",
	"huge-twin": `hub: the desired properties have SHAPE:N more; SHAPE is one of ${SHAPES.join(" ")}`,
	"desired-flood": "hub: VALUE (1000) changes of desired properties at once, after the subscription, no name twice",
	"method-flood":
		"hub: VALUE (1000) calls of methods that there are not at once, after the subscription, no method's and no member's name twice",
	"c2d-size": "hub: a message of N bytes after the subscription, at each connection",
	"upgrade-fields": "WebSocket: VALUE (1000) fields more in the answer to the upgrade",
	"ping-flood": "WebSocket: VALUE (1000) pings at once behind an answer",
	"c2d-flood": "hub: VALUE (1000) messages at once after the subscription",
	"dps-size": "DPS: the result has a member of N bytes that nobody knows",
	"renew-size": "renewal: the certificates come with a member of N bytes that nobody knows",
} as const;

export type FaultName = keyof typeof FAULTS;

interface Armed {
	readonly name: FaultName;
	readonly value: string;
	left: number;
}

export class Faults {
	readonly #armed: Armed[] = [];
	/** Told when the list has changed. */
	readonly listeners = new Listeners<void>();

	/** Throws RangeError on a name that is not in the table, and on a value that it cannot have. */
	arm(text: string): void {
		this.#armed.push(parse(text));
		this.listeners.tell();
	}

	/** Without an argument: all of them. */
	disarm(name?: string): void {
		for (let i = this.#armed.length - 1; i >= 0; i--)
			if (name === undefined || this.#armed[i]!.name === name.split(/[=:]/)[0]) this.#armed.splice(i, 1);
		this.listeners.tell();
	}

	/** The armed value ("" when it has none) if the fault strikes now, and counts it; `value` must match when given. */
	strikes(name: FaultName, value?: string): string | undefined {
		if (this.#armed.length === 0) return undefined;
		const at = this.#armed.findIndex((armed) => armed.name === name && (value === undefined || armed.value === value));
		if (at < 0) return undefined;
		const armed = this.#armed[at]!;
		if (--armed.left <= 0) this.#armed.splice(at, 1);
		this.listeners.tell();
		return armed.value;
	}

	list(): string[] {
		return this.#armed.map(
			({ name, value, left }) =>
				name + (value === "" ? "" : `=${value}`) + (left === Number.POSITIVE_INFINITY ? "" : `:${left}`),
		);
	}
}

/** The way in which the next certificate shall be wrong. */
export function armedFlaw(faults: Faults): Flaw | undefined {
	return FLAWS.find((flaw) => faults.strikes(flaw) !== undefined);
}

/** The chain as the armed faults deliver it; `swapped`: PEM where base64 DER is usual, and the reverse. */
export function spoiled(faults: Faults, issued: readonly Uint8Array[]): { chain: Uint8Array[]; swapped: boolean } {
	let chain = [...issued];
	if (faults.strikes("leaf-only") !== undefined) chain = chain.slice(0, 1);
	if (faults.strikes("wrong-chain-order") !== undefined) chain.reverse();
	return { chain, swapped: faults.strikes("pem-chain") !== undefined };
}

/** A value that has a colon itself. */
const SHAPED = /^(huge-twin)=([^:]*:\d+)(?::([1-9]\d{0,8}))?$/;

function parse(text: string): Armed {
	const [, name, value = "", times] =
		SHAPED.exec(text) ?? /^([a-zA-Z0-9-]+)(?:=(.*?))?(?::([1-9]\d{0,8}))?$/.exec(text) ?? [];
	if (name === undefined) throw new RangeError(`${text.slice(0, 80)}: expected NAME[=VALUE][:TIMES]`);
	checkFault(name, value, Object.keys(FAULTS));
	return { name: name as FaultName, value, left: times === undefined ? Number.POSITIVE_INFINITY : Number(times) };
}
