import { createPorts, readConfig } from "enrollee";
import { environment, exit } from "simulator";

const { clock, store, log } = createPorts();
trace("started\n");
exit(0);
