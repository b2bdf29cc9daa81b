import { Agent, applicationLog, createPorts, FAULTS, readConfig } from "enrollee";

const ports = createPorts();
const log = applicationLog(ports.log);

/** Everything at its size: what comes is measured, what goes is made to measure. */
const agent = new Agent({
	...ports,
	config: readConfig(),
	twin: {
		onDesired: (properties, { version, complete }) =>
			trace(`desired ${complete ? "all" : "patch"} ${version} ${JSON.stringify(properties).length}\n`),
	},
	onMessage: ({ body }) => trace(`message ${body.length}\n`),
	methods: {
		echo: (payload, respond) => respond(200, payload),
		telemetry: (bytes, respond) =>
			agent.telemetry(new Uint8Array(bytes), {}, (fault) => respond(200, fault?.code ?? "ok")),
		json: (numbers, respond) =>
			agent.telemetry(
				{ at: new Date(86_400_001), preloaded: FAULTS, numbers, text: TEXT, none: undefined },
				{},
				(fault) => respond(200, fault?.message ?? "ok"),
			),
		log: (_, respond) => {
			log("measured", { at: new Date(86_400_001), celsius: 21.5, text: "a\nb", preloaded: FAULTS });
			respond(200, "ok");
		},
		nan: (_, respond) => agent.telemetry({ a: [Number.NaN] }, {}, (fault) => respond(200, fault?.message ?? "ok")),
		report: (bytes, respond) => agent.report(filled(bytes), (fault) => respond(200, fault?.code ?? "ok")),
	},
});

const TEXT = 'é\u{10348}\u2028\u0001\t"\\/\u007f';

/** So many bytes as the hub counts them, names and values; nine texts, since one has at most 4 KB. */
function filled(bytes) {
	const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
	const size = (i) => Math.max(0, Math.min(4000, bytes - names.length - 4000 * i));
	return Object.fromEntries(names.map((name, i) => [name, "x".repeat(size(i))]));
}
