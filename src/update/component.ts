/**
 * Updates of one component, the firmware or the application, in the life of the agent: offers from the hub (a desired
 * property, a direct method), the confirmation of a new image, and how it all stands as a reported property.
 *
 * What may be installed decides `updater.ts`, when it is brought `delivery.ts`.
 */
import { Fault } from "../fault.ts";
import type { FeatureOptions } from "../hub/features.ts";
import { isObject, type Json, type JsonObject } from "../hub/json.ts";
import type { MethodHandler, MethodHandlers } from "../hub/methods.ts";
import type { Operation } from "../hub/operation-names.ts";
import type { Outlet } from "../hub/operations.ts";
import type { Clock, Entropy, Log, Slot, Store, Wire } from "../port.ts";
import { Delivery } from "./delivery.ts";
import { isSequence, type Offer, readOffer } from "./offer.ts";
import { Report } from "./report.ts";
import type { UpdateConfig } from "./settings.ts";
import { Updater } from "./updater.ts";

export interface ComponentOptions {
	readonly wire: Wire;
	readonly store: Store;
	readonly clock: Clock;
	readonly entropy: Entropy;
	readonly log: Log;
	readonly config: { readonly operations: readonly Operation[]; readonly updates: UpdateConfig };
	readonly slot: Slot;
	/** UUID of the devices that a bundle of this component is for. */
	readonly class: Uint8Array;
	readonly beforeArming?: (() => void) | undefined;
	/** The restart into a new image is next. */
	readonly onRestart?: (() => void) | undefined;
	/** An image that was on trial stays. */
	readonly onConfirmed?: (() => void) | undefined;
	/** Neither offers nor reports: a new image is confirmed, no more. */
	readonly once?: boolean | undefined;
	/** Calls back once no telemetry waits. */
	readonly whenQuiet: (then: () => void) => void;
}

/** Twin property and direct method of each. */
const NAMES = /* @__PURE__ */ Object.freeze({
	fw: /* @__PURE__ */ Object.freeze({ property: "ota", method: "enrollee.update" }),
	xs: /* @__PURE__ */ Object.freeze({ property: "app", method: "enrollee.app" }),
});

export class Component {
	readonly #options: ComponentOptions;
	readonly #names: { readonly property: string; readonly method: string };
	readonly #updater: Updater;
	readonly #delivery: Delivery;
	readonly #report: Report;
	#onTrial: boolean;
	/** Of the session that is open. */
	#outlet: Pick<Outlet, "report"> | undefined;
	#notBefore = 0;
	/** The desired property as it stands, patches merged. */
	#desired: Json | undefined;
	/** Why the last offer was not taken, or not yet. */
	#refusal: { readonly sequence: number | null; readonly code: string } | undefined;

	/** The boot's decision is made here. On a device an image that is unfit does not return. */
	constructor(options: ComponentOptions) {
		const { config, log, slot } = options;
		this.#options = options;
		this.#names = NAMES[slot.component];
		this.#updater = new Updater({ ...config.updates, ...options });
		const refuse = ({ sequence }: Offer, { code }: Fault): void => {
			this.#refusal = { sequence, code };
		};
		this.#delivery = new Delivery({
			...options,
			anchors: config.updates.anchors,
			hosts: config.updates.hosts,
			updater: this.#updater,
			onChange: (then) => this.#tell(then),
			onMissing: refuse,
			onRefused: refuse,
		});
		this.#report = new Report({
			name: this.#names.property,
			make: () => this.#section(),
			onAnswer: (fault) => {
				if (fault) this.#complain(fault);
				else if (slot.component === "fw") this.confirm();
			},
		});
		const decision = this.#updater.boot();
		this.#onTrial = decision === "trial";
		const { state, installed, sequence, code } = this.#updater.status;
		if (state !== "idle" || sequence !== undefined)
			log("ota.boot", { decision, running: slot.running, installed, sequence, code, component: slot.component });
	}

	get methods(): MethodHandlers {
		return this.#listens ? { [this.#names.method]: this.#called } : {};
	}

	/** The agent's callback for desired properties: the application's, after a look for an offer. */
	watch(next: FeatureOptions["onDesired"]): FeatureOptions["onDesired"] {
		if (!this.#listens) return next;
		return (properties, desired) => {
			this.#read(properties[this.#names.property], desired.complete);
			next?.(properties, desired);
		};
	}

	/** A session is open, under a certificate of that day. */
	connected(outlet: Pick<Outlet, "report">, notBefore: number): void {
		this.#outlet = outlet;
		this.#notBefore = notBefore;
		this.#tell();
		this.resume();
	}

	/** The twin is another one: an offer stands only if it stands there, too. */
	reportAgain(): void {
		this.#report.forget();
		this.#tell();
	}

	/** It has ended. */
	disconnected(): void {
		this.#outlet = undefined;
		this.#delivery.rest();
	}

	/** What is under way ends, until `resume` or the next session. */
	makeRoom(): void {
		this.#delivery.makeRoom();
	}

	/** The image is good: the hub has acknowledged something, or the application has said so. */
	confirm(): void {
		if (!this.#onTrial) return;
		try {
			this.#updater.confirm();
		} catch (thrown) {
			this.#complain(thrown);
			return;
		}
		this.#onTrial = false;
		const { log, slot, onConfirmed } = this.#options;
		log("ota.confirmed", { sequence: this.#updater.status.sequence, component: slot.component });
		onConfirmed?.();
		this.#tell();
		this.resume();
	}

	/** The image that is on trial is unfit: back to the one before. */
	reject(fault: Fault): void {
		this.#updater.reject(fault);
	}

	/** The agent has closed. */
	close(): void {
		this.disconnected();
		this.#delivery.stop();
		this.#updater.close();
	}

	get #listens(): boolean {
		const { once, config } = this.#options;
		return !once && config.operations.includes("update");
	}

	readonly #called: MethodHandler = (payload, respond) => {
		try {
			// Some callers cannot send nothing.
			const isEmpty = isObject(payload) && Object.keys(payload).length === 0;
			const offer = isEmpty ? undefined : readOffer(payload);
			if (offer) this.#take(offer);
			respond(offer ? 202 : 200, this.#section());
		} catch (thrown) {
			const { code, message, remedy } = this.#complain(thrown);
			respond(409, { code, message, remedy });
		}
	};

	#read(value: Json | undefined, complete: boolean): void {
		// A twin that is complete and says nothing wants nothing: what an earlier one wanted is withdrawn.
		if (value === undefined && (!complete || this.#desired === undefined)) return;
		const merge = !complete && isObject(value) && isObject(this.#desired);
		this.#desired = merge ? { ...(this.#desired as JsonObject), ...(value as JsonObject) } : value;
		try {
			const offer = readOffer(this.#desired);
			if (offer) this.#take(offer);
			else this.#withdraw();
		} catch (thrown) {
			const { code } = this.#complain(thrown);
			const { sequence } = (this.#desired ?? {}) as { sequence?: unknown };
			// Why it failed before says more than that it did.
			if (code !== "ota.failed-before" || this.#updater.status.sequence !== sequence)
				this.#refusal = { sequence: isSequence(sequence) ? sequence : null, code };
		}
		this.#tell();
	}

	/** Throws the Fault with which it is refused. */
	#take(offer: Offer): void {
		const { installed, sequence } = this.#updater.status;
		this.#refusal = undefined;
		if (offer.sequence === installed || (this.#onTrial && offer.sequence === sequence)) return;
		// On trial it waits for the outcome.
		if (!this.#onTrial) this.#updater.admit(offer.sequence);
		this.#delivery.take(offer);
	}

	#withdraw(): void {
		this.#refusal = undefined;
		this.#delivery.withdraw();
	}

	/** What can go on does. */
	resume(): void {
		if (this.#outlet && this.#listens && !this.#onTrial) this.#delivery.resume(this.#notBefore);
	}

	/** `then`: once the hub has it, or at once when there is nothing to say or no hub. */
	#tell(then?: () => void): void {
		if (this.#outlet && !this.#options.once) this.#report.tell(this.#outlet, then);
		else then?.();
	}

	#section(): JsonObject {
		const { status } = this.#updater;
		// It was taken after all.
		if (status.state !== "idle" && status.sequence === this.#refusal?.sequence) this.#refusal = undefined;
		const shown = { ...status, ...(status.state === "idle" ? this.#refusal : undefined) };
		const {
			state,
			installed,
			sequence = null,
			progress = null,
			code = this.#options.slot.resting?.code ?? null,
		} = shown;
		const { version: secureVersion } = this.#options.slot.antiRollback ?? {};
		return { state, installed, sequence, progress, code, ...(secureVersion !== undefined && { secureVersion }) };
	}

	#complain(thrown: unknown): Fault {
		const fault = Fault.of(thrown, "agent.failed");
		this.#options.log("fault", { code: fault.code, message: fault.message });
		return fault;
	}
}
