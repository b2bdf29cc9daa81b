/**
 * What the device takes from the hub at a time: a budget for each message, and the member names of a whole life where the
 * engine keeps them. All of it follows from one number, the configuration's `maxMessageBytes`.
 */
import { Budget } from "../base/json-value.ts";
import { mostMembers, Names } from "../base/names.ts";
import { printable } from "../fault.ts";
import { MOST_JSON_LEVELS } from "./limits.ts";

/** Of an offer of an update: its address, as long as update/uri.ts takes it or as the device takes messages, and the rest. */
const MOST_ADDRESS_BYTES = 2048;
const AROUND_ADDRESS_BYTES = 512;
/** Values, none of which has members. */
const OWN_MEMBERS = 8;

export class Intake {
	/** Of a message's body. */
	readonly bytes: number;
	readonly members: number;
	readonly #names: Names | undefined;

	/** `random`: uniform in [0, 1). */
	constructor(maxMessageBytes: number, random: () => number) {
		this.bytes = maxMessageBytes;
		this.members = mostMembers(maxMessageBytes);
		this.#names = Names.of(maxMessageBytes, random);
	}

	/** For the values of one message. */
	budget(): Budget {
		return new Budget(this.bytes, this.members, MOST_JSON_LEVELS, this.#names);
	}

	/** What the agent itself reads (own.ts). Apart from the application's, and each apart from the others. */
	ownBudget(): Budget {
		return new Budget(this.ownBytes, OWN_MEMBERS, 0);
	}

	get ownBytes(): number {
		return Math.min(MOST_ADDRESS_BYTES, this.bytes) + AROUND_ADDRESS_BYTES;
	}

	/** Whether an object may get a member of this name. */
	admits(name: string): boolean {
		return this.#names?.admitText(name) ?? true;
	}

	/** What did not fit, for a Fault. */
	explain(what: string, { cut, cutCount }: { readonly cut: readonly string[]; readonly cutCount: number }): string {
		const names = cut.map((name) => printable(name)).join(", ");
		const more = cutCount > cut.length ? ` and ${cutCount - cut.length} more` : "";
		return `${what}: ${names}${more} left out: at most ${this.bytes} bytes, ${this.members} members, ${MOST_JSON_LEVELS} levels and ${this.members} different names; see maxMessageBytes`;
	}
}
