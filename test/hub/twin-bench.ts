/** A twin by itself with the hub played by the test: what it sent, what the application learned. */
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import { Intake } from "../../src/hub/intake.ts";
import { encodeJson } from "../../src/hub/json.ts";
import { Twin } from "../../src/hub/twin.ts";
import { FakeClock } from "../support/clock.ts";

export function createTwin({
	reads = true,
	bytes = 32_768,
	properties,
}: {
	reads?: boolean;
	bytes?: number;
	properties?: readonly string[];
} = {}) {
	const clock = new FakeClock();
	const sent: string[] = [];
	const desired: unknown[] = [];
	const said: string[] = [];
	const steps: string[] = [];
	const news: string[] = [];
	const twin = new Twin({
		clock,
		random: () => 0,
		onNew: () => news.push(`after ${sent.length}`),
		intake: new Intake(bytes, () => 0),
		properties,
		log: (step, detail) => steps.push(step === "fault" ? `${detail?.code} ${detail?.message}` : step),
		onDesired: reads ? (properties, { version, complete }) => desired.push([version, complete, properties]) : undefined,
	});
	const receive = (topic: string, body: unknown = "") =>
		twin.message(topic, typeof body === "string" ? utf8(body) : encodeJson(body, 1 << 20));
	return {
		clock,
		twin,
		sent,
		desired,
		said,
		steps,
		news,
		attach: () => twin.attach((topic, payload) => sent.push(`${topic} ${utf8Text(payload)}`.trim())),
		report: (patch: object) =>
			twin.report(patch, (fault?: Fault, version?: number) => said.push(fault?.code ?? `version ${version}`)),
		tell: (make: () => object) =>
			twin.tell(make, (fault?: Fault, version?: number) => said.push(fault?.code ?? `version ${version}`)),
		receive,
		read: (rid: number, version: number, properties = {}, reported = 1) =>
			receive(`$iothub/twin/res/200/?$rid=${rid}`, {
				desired: { ...properties, $version: version },
				reported: { $version: reported },
			}),
		change: (version: number, properties = {}) =>
			receive(`$iothub/twin/PATCH/properties/desired/?$version=${version}`, { ...properties, $version: version }),
		acknowledge: (rid: number, version = 2) => receive(`$iothub/twin/res/204/?$rid=${rid}&$version=${version}`),
	};
}
