/**
 * A gateway: what its devices write to stdin, one JSON object a line, goes to the hub; what the cloud sends goes to stdout.
 *
 *     some-fieldbus-reader | ENROLLEE_ID_SCOPE=0ne... ENROLLEE_REGISTRATION_ID=gw-7 ENROLLEE_SYMMETRIC_KEY=... node main.js
 *
 * Desired `devices` (by name: true or false) says whose lines are sent; a line is {"device":"pump-1", ...}.
 */
import { createInterface } from "node:readline";
import { Agent, CORRELATION_ID, createPorts, MESSAGE_ID, readConfig } from "enrollee";

const counts = { sent: 0, ignored: 0, lost: 0 };
const enabled = new Map();
const print = (record) => process.stdout.write(`${JSON.stringify(record)}\n`);

const agent = new Agent({
	...createPorts(process.env.ENROLLEE_STATE ?? ".gateway"),
	log: (step, detail) => process.stderr.write(`${step} ${JSON.stringify(detail ?? {})}\n`),
	config: readConfig(),
	twin: {
		onDesired({ devices }, { complete }) {
			if (complete) enabled.clear();
			for (const [device, on] of Object.entries(devices ?? {}))
				if (on === null) enabled.delete(device);
				else enabled.set(device, on === true);
			agent.report({ devices: { ...devices } });
		},
	},
	methods: {
		counts: (_, respond) => respond(200, { ...counts, dropped: agent.dropped }),
	},
	onMessage: ({ body, messageId, correlationId, properties }) =>
		print({ command: Buffer.from(body).toString(), messageId, correlationId, properties }),
	restart: () => process.exit(75),
});

createInterface({ input: process.stdin }).on("line", (line) => {
	const { device, id, answers, ...body } = parse(line);
	if (typeof device !== "string" || enabled.get(device) === false) {
		counts.ignored++;
		return;
	}
	const ids = { ...(id && { [MESSAGE_ID]: String(id) }), ...(answers && { [CORRELATION_ID]: String(answers) }) };
	agent.telemetry(body, { device, ...ids }, (fault) => counts[fault ? "lost" : "sent"]++);
});
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => agent.close());
await agent.finished;
process.exit();

function parse(line) {
	try {
		return Object(JSON.parse(line));
	} catch {
		return {};
	}
}
