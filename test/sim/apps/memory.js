import Debug from "debug";
import { Agent, createPorts, Fault, readConfig } from "enrollee";
import Instrumentation from "instrumentation";
import { environment, exit } from "simulator";

const CHUNKS = Instrumentation.map("XS Chunk Heap Used");
const SLOTS = Instrumentation.map("XS Slot Heap Used");
const STACK = Instrumentation.map("XS Stack Used");

// A chip has no screen: its 21 functions in RAM are the simulator's.
for (const name of Object.keys(globalThis.screen)) if (name !== "postMessage") delete globalThis.screen[name];

/** What is live; the stack is the deepest since the simulator's own sample, which it takes each second. */
function phase(name) {
	const stack = Instrumentation.get(STACK);
	Debug.gc();
	trace(`phase ${name} ${Instrumentation.get(CHUNKS)} ${Instrumentation.get(SLOTS)} ${stack}\n`);
}

phase("started");
function log(step, { code, message } = {}) {
	if (code !== undefined) trace(`${code} ${message}\n`);
	phase(step);
	if (step === "credential.proven" && renewing) exit(0);
}

let renewing = false;
const agent = new Agent({ ...createPorts(), log, restart: undefined, config: readConfig() });
agent.telemetry({ hello: "hub" }, {}, (fault) => {
	if (fault) exit(3);
	phase("telemetry.acknowledged");
	if (environment("RENEW") !== "1") exit(0);
	renewing = true;
	// As if they had come to pass: for the report.
	for (const code of environment("FAULTS")?.split(",") ?? []) agent.judgeApp(new Fault(code, ""));
	agent.renew();
});
