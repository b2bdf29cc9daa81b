import { Agent, createPorts, readConfig } from "enrollee";

/** An application that fills the machine when it is told to: XS aborts, which nobody can catch. */
new Agent({
	...createPorts(),
	config: readConfig(),
	twin: {
		onDesired({ poison }) {
			trace(`desired ${poison}\n`);
			for (const all = []; poison === 1; ) all.push(new Uint8Array(100));
		},
	},
	methods: { echo: (payload, respond) => respond(200, payload) },
});
