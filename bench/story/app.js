/**
 * A device's story on XS, cut into phases: start to hub, a message, a renewal over the session with the connection that follows,
 * and a connection that broke. The counter cuts at each call of `environment`, which the configuration calls too, so that
 * comes before the first mark; valgrind does not know the system call of the simulator's files, so flash is a Map. Preloaded.
 */
import { allocated } from "allocated";
import { environment, exit } from "simulator";
import Timer from "timer";

class Flash {
	#blobs = new Map();
	get(name) {
		return this.#blobs.get(name);
	}
	put(name, bytes) {
		this.#blobs.set(name, bytes.slice());
	}
	delete(name) {
		this.#blobs.delete(name);
	}
}

/** What ends each phase, in the order in which it happens. */
const STORY = [
	["csr", "csr.ready"],
	["dpsTls", "dps.connected"],
	["chain", "credential.stored"],
	["hubTls", "hub.connected"],
	["settled"],
	["message"],
	["request", "renewal.request"],
	["answer", "credential.stored"],
	["newTls", "hub.connected"],
	["settledAgain"],
	["reconnect", "hub.connected"],
];

/** Nothing is on its way after that. */
const QUIET_MS = 1000;

export function run({ Agent, readConfig, createClock, createWire, fill }) {
	const ports = {
		config: readConfig(),
		wire: createWire(),
		clock: createClock(),
		entropy: { fill },
		store: new Flash(),
	};
	const bytes = [];
	let at = 0;
	const cut = () => {
		environment("MARK");
		bytes.push(allocated());
	};
	const end = () => {
		cut();
		at++;
	};
	const after = {
		hubTls: () => rest(() => agent.telemetry({ temperature: 21.5 }, {}, acknowledged)),
		newTls: () => rest(() => trace("story break\n")),
		reconnect: () => {
			trace(`story ${STORY.map(([name], i) => `${name}=${bytes[i + 1] - bytes[i]}`).join(",")}\n`);
			exit(0);
		},
	};
	const rest = (then) =>
		Timer.set(() => {
			end();
			then();
		}, QUIET_MS);
	const acknowledged = (fault) => {
		if (fault) return fail(fault);
		end();
		agent.renew();
	};
	const log = (step, detail) => {
		const [name, last] = STORY[at];
		if (step === "fault" && name !== "reconnect") return fail(detail);
		if (step !== last) return;
		end();
		after[name]?.();
	};
	cut();
	const agent = new Agent({ ...ports, log });
}

function fail({ code, message }) {
	trace(`${code} ${message}\n`);
	exit(3);
}
