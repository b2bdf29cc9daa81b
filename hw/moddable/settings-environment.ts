/** `enrollee/settings` in the simulator: registrationId is ENROLLEE_REGISTRATION_ID; certificates and keys are PEM texts. */
import { environment } from "simulator";

export const setting = (name: string): string | undefined =>
	environment(`ENROLLEE_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`);
