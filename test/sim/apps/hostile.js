import { Agent, createPorts, readConfig } from "enrollee";

for (const name of Object.keys(globalThis.screen)) if (name !== "postMessage") delete globalThis.screen[name];

const log = (step, { code, message } = {}) => trace(`step ${step} ${code ?? ""} ${message ?? ""}\n`);
new Agent({
	...createPorts(),
	log,
	restart: undefined,
	config: readConfig(),
	twin: { onDesired: (properties, { version }) => trace(`desired ${version} ${Object.keys(properties).length}\n`) },
	methods: { echo: (payload, respond) => respond(200, { members: Object.keys(payload ?? {}).length }) },
	onMessage: ({ body }) => trace(`message ${body.length}\n`),
});
