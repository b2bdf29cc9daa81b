/**
 * Two lives of a battery device on XS in one machine: the first enrols, the second wakes with what is stored; each sends one
 * message and ends. The counter cuts at each call of `environment`, which the configuration calls too, so that comes before
 * the first mark; valgrind does not know the system call of the simulator's files, so flash is a Map. Preloaded.
 */
import { environment, exit } from "simulator";

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

export async function run({ Agent, readConfig, createClock, createWire, fill }) {
	const config = readConfig();
	const store = new Flash();
	try {
		for (const life of ["enrolment", "wake"]) {
			environment("MARK");
			const ports = { wire: createWire(), clock: createClock(), entropy: { fill }, store };
			const agent = new Agent({ ...ports, config, once: true });
			agent.telemetry({ temperature: 21.5 });
			await agent.finished;
			trace(`${life} done\n`);
		}
		environment("MARK");
		exit(0);
	} catch (error) {
		trace(`${error.code} ${error.message}\n`);
		exit(3);
	}
}
