/** Settings of a device in the simulator (hw/moddable/settings.ts reads them), and its release key for updates. */
import { readFileSync } from "node:fs";
import type { Cloud } from "../cloud/cloud.ts";
import { UPDATES } from "../updated.ts";

type Environment = Readonly<Record<string, string>>;

/** The cloud's own device with its flash in a folder. */
export const environmentOf = (cloud: Cloud, flash: string): Environment => ({
	ENROLLEE_STATE: flash,
	ENROLLEE_DPS: `${cloud.host}:${cloud.port}`,
	ENROLLEE_ID_SCOPE: cloud.idScope,
	ENROLLEE_REGISTRATION_ID: cloud.registrationId,
	ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey,
	ENROLLEE_CA: readFileSync(cloud.rootCa, "utf8"),
});

/** As above, and it takes what test/updated.ts and test/fake/release.ts publish. */
export const updatesEnvironmentOf = (cloud: Cloud, flash: string): Environment => ({
	...environmentOf(cloud, flash),
	ENROLLEE_RELEASE_KEY: UPDATES.releaseKey!,
	ENROLLEE_UPDATE_CLASS: UPDATES.updateClass!,
	ENROLLEE_TRIAL_SECONDS: "10",
});
