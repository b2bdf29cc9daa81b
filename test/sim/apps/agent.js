import { Agent, createPorts, readConfig } from "enrollee";
import { exit } from "simulator";

const agent = new Agent({ ...createPorts(), config: readConfig(), once: true });
agent.telemetry({ hello: "hub" }, {}, (fault) => trace(`telemetry ${fault ? fault.code : "acknowledged"}\n`));
agent.finished.then(
	() => exit(0),
	(fault) => {
		trace(`${fault.message}\n${fault.stack}\n`);
		exit(3);
	},
);
