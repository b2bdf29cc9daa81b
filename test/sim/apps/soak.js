/**
 * A device that is held under load: echoes calls, takes changes and messages, and says what is live in its machine when the method
 * `live` is called. Waits between connections are cut short: what they cost in memory is what a long one does.
 */
import Debug from "debug";
import { Agent, createPorts, readConfig } from "enrollee";
import Instrumentation from "instrumentation";

const CHUNKS = Instrumentation.map("XS Chunk Heap Used");
const SLOTS = Instrumentation.map("XS Slot Heap Used");
const SHORT_MS = 5;

// A chip has no screen: its 21 functions in RAM are the simulator's.
for (const name of Object.keys(globalThis.screen)) if (name !== "postMessage") delete globalThis.screen[name];

const counts = { calls: 0, changes: 0, messages: 0, connections: 0 };
const ports = createPorts();
const clock = {
	now: () => ports.clock.now(),
	ticks: () => ports.clock.ticks(),
	after: (ms, callback) => ports.clock.after(isWaiting ? SHORT_MS : ms, callback),
};
let isWaiting = false;

new Agent({
	...ports,
	clock,
	config: readConfig(),
	restart: undefined,
	log(step, { code, message } = {}) {
		if (step === "hub.connected") counts.connections++;
		if (code !== undefined && code !== "hub.too-large") trace(`FAULT ${code} ${message}\n`);
	},
	twin: { onDesired: () => counts.changes++ },
	onState(state) {
		isWaiting = state === "waiting";
	},
	onMessage: () => counts.messages++,
	methods: {
		echo(_payload, respond) {
			counts.calls++;
			respond(200);
		},
		live(_payload, respond) {
			Debug.gc();
			const { calls, changes, messages, connections } = counts;
			const live = `${Instrumentation.get(CHUNKS)} ${Instrumentation.get(SLOTS)}`;
			trace(`LIVE ${live} ${calls} ${changes} ${messages} ${connections}\n`);
			respond(200);
		},
	},
});
