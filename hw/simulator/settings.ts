/** Settings of a device in the simulator (hw/moddable/settings-environment.ts reads them). */
import type { Cloud } from "../../cloud/cloud.ts";

export type Environment = Readonly<Record<string, string>>;

/** The cloud's own device with its flash in a folder. */
export const environmentOf = ({ settings }: Cloud, flash: string): Environment => ({
	ENROLLEE_STATE: flash,
	ENROLLEE_DPS: settings.dps,
	ENROLLEE_ID_SCOPE: settings.idScope,
	ENROLLEE_REGISTRATION_ID: settings.registrationId,
	ENROLLEE_SYMMETRIC_KEY: settings.symmetricKey,
	ENROLLEE_CA: settings.ca,
});
