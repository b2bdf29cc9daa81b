// The default of maxMessageBytes in this machine.
import { readConfig } from "enrollee";
import { exit } from "simulator";

trace(`${readConfig().maxMessageBytes}\n`);
exit(0);
