/** Settings of a device in the simulator that takes updates. */
import type { Cloud } from "../../cloud/cloud.ts";
import { type Environment, environmentOf } from "../../hw/simulator/settings.ts";
import { UPDATES } from "../support/updated.ts";

/** The cloud's own device; it takes what test/support/updated.ts and test/support/release.ts publish. */
export const updatesEnvironmentOf = (cloud: Cloud, flash: string): Environment => ({
	...environmentOf(cloud, flash),
	ENROLLEE_RELEASE_KEY: UPDATES.releaseKey!,
	ENROLLEE_UPDATE_CLASS: UPDATES.updateClass!,
	ENROLLEE_TRIAL_SECONDS: "10",
});
