// The real SNTP client on XS: asks the servers of the configuration, traces what it would set the clock to.
import { askTime } from "enrollee/sntp";
import { exit } from "simulator";

askTime((seconds) => {
	trace(`SET ${seconds}\n`);
	exit(0);
});
