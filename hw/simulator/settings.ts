/** Settings of a device in the simulator (hw/moddable/settings-environment.ts reads them). */
import { readFileSync } from "node:fs";
import type { Cloud } from "../../cloud/cloud.ts";

export type Environment = Readonly<Record<string, string>>;

/** The cloud's own device with its flash in a folder. */
export const environmentOf = (cloud: Cloud, flash: string): Environment => ({
	ENROLLEE_STATE: flash,
	ENROLLEE_DPS: `${cloud.host}:${cloud.port}`,
	ENROLLEE_ID_SCOPE: cloud.idScope,
	ENROLLEE_REGISTRATION_ID: cloud.registrationId,
	ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey,
	ENROLLEE_CA: readFileSync(cloud.rootCa, "utf8"),
});
