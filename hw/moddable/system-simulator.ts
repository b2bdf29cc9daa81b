/** `enrollee/system` in the simulator: whoever started it sees exit code 1; the time is the host's own. */
import { exit } from "simulator";

export const restart = (): void => exit(1);

export const sync = undefined;

export const lastReset = (): undefined => undefined;
