/** What an agent is made with: the ports of its platform, its configuration, and the application's callbacks. */
import type { AppSlot } from "./application/app-slot.ts";
import type { Config } from "./config.ts";
import type { Fault } from "./fault.ts";
import type { FeatureOptions } from "./hub/features.ts";
import type { Clock, Entropy, Keystore, Log, ResetReason, Slot, Store, Wire } from "./port.ts";

export type AgentState = "starting" | "enrolling" | "connecting" | "connected" | "waiting" | "closed";

export interface AgentOptions {
	readonly wire: Wire;
	readonly store: Store;
	readonly clock: Clock;
	readonly entropy: Entropy;
	/** Where keys are made and stay; absent: in the store. */
	readonly keystore?: Keystore | undefined;
	readonly log?: Log;
	readonly config: Config;
	/** End with the first Fault, or as soon as no telemetry waits; without the agent's own operations. */
	readonly once?: boolean;
	/**
	 * Desired properties: all of them first, then as they change. `properties` names those that the application wants: of a
	 * twin that is too large for the device only they are looked at. Default: all that fit (`maxMessageBytes`).
	 */
	readonly twin?: {
		readonly onDesired: NonNullable<FeatureOptions["onDesired"]>;
		readonly properties?: readonly string[];
		/** The device has another twin than before (another hub, or made anew): report again what should stand in it. */
		readonly onNew?: () => void;
	};
	/** Direct methods by name. `enrollee.` is the agent's own. */
	readonly methods?: NonNullable<FeatureOptions["methods"]>;
	/** Cloud-to-device messages; each is acknowledged when this has returned. */
	readonly onMessage?: NonNullable<FeatureOptions["onMessage"]>;
	/** Where updates over the air go; absent: no updates. */
	readonly slot?: Slot | undefined;
	/** The same for the application that runs apart from the firmware (app.ts). */
	readonly appSlot?: AppSlot | undefined;
	/** What began this start; absent where the platform does not know. After too many that did not last see base/starts.ts. */
	readonly lastReset?: ResetReason | undefined;
	/** Restarts the device; absent where that is not the agent's business. */
	readonly restart?: () => void;
	/** `fault`: why the agent waits or has closed. */
	readonly onState?: (state: AgentState, fault?: Fault) => void;
}
