/** `enrollee/restart` in the simulator: whoever started it sees exit code 1. */
import { exit } from "simulator";

export const restart = (): void => exit(1);
