import Debug from "debug";
import { Agent, createPorts, readConfig } from "enrollee";
import { exit } from "simulator";
import Timer from "timer";

// The instrumented build prints a sample each second: one before, one for each state.
const SAMPLE_MS = 1100;

function rest(name, then) {
	Debug.gc();
	trace(`resting ${name}\n`);
	Timer.set(() => {
		trace(`rested ${name}\n`);
		then();
	}, SAMPLE_MS);
}

rest("started", () => {
	const agent = new Agent({ ...createPorts(), config: readConfig() });
	agent.telemetry({ hello: "hub" }, {}, (fault) => {
		if (fault) exit(3);
		else rest("connected", () => exit(0));
	});
});
