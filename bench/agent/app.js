/**
 * The agent on XS from boot to its first renewal: a sample of the machine's memory after each phase. Where it has come to
 * rest it pauses, with nothing on its way, so that whoever counts bytes on the wire can tell the phases apart. Preloaded;
 * `enrollee` cannot be in the simulator, so main.js brings it.
 */
import Debug from "debug";
import { sample } from "sample";
import { exit } from "simulator";
import Timer from "timer";

const QUIET_MS = 500;

/** Steps of the agent's log that end a phase of its first enrolment. */
const ENDS = {
	"csr.ready": "csr",
	"dps.connected": "dps",
	"credential.stored": "enrolled",
	"hub.connected": "hub",
};

export function run({ Agent, createPorts, readConfig }) {
	phase("boot");
	let renewing = false;
	const agent = new Agent({
		...createPorts(),
		config: readConfig(),
		log: (step, detail) => {
			if (step === "fault") return fail(detail);
			if (!renewing && ENDS[step]) phase(ENDS[step]);
			if (step === "hub.connected") (renewing ? renewed : connected)();
		},
	});
	const connected = () =>
		quiet("connected", () =>
			agent.telemetry({ temperature: 21.5 }, {}, (fault) => (fault ? fail(fault) : quiet("telemetry", renew))),
		);
	const renew = () => {
		renewing = true;
		agent.renew();
	};
	const renewed = () => quiet("renewed", () => exit(0));
}

function quiet(name, then) {
	Timer.set(() => {
		phase(name);
		trace(`quiet ${name}\n`);
		Timer.set(then, QUIET_MS);
	}, QUIET_MS);
}

/** What the machine has taken up to now, then what is left. */
function phase(name) {
	sample(`${name}.taken`);
	Debug.gc();
	sample(name);
}

function fail({ code, message }) {
	trace(`${code} ${message}\n`);
	exit(3);
}
