/**
 * A sensor: measures, sends, and lets the cloud set how often.
 *
 * Desired `intervalSeconds` is applied and reported back; the method `measure` measures now; a message is shown.
 */
import { Agent, createPorts, type JsonObject, readConfig } from "enrollee";

const ports = createPorts();
let intervalSeconds = 60;
let cancel = (): void => {};

const agent = new Agent({
	...ports,
	config: readConfig(),
	twin: { onDesired: apply },
	methods: { measure: (_, respond) => respond(200, measure()) },
	onMessage: ({ body }) => trace(`display  ${String.fromCharCode(...body)}\n`),
	onState: (state, fault) => trace(`${state}  ${fault?.remedy ?? ""}\n`),
});
send();

/** Whatever does not fit is not applied, and the report shows what holds. */
function apply(desired: JsonObject): void {
	const wanted = desired.intervalSeconds;
	if (wanted === undefined) return;
	if (typeof wanted === "number" && wanted >= 1 && wanted <= 86_400) intervalSeconds = wanted;
	agent.report({ intervalSeconds }, (fault) => trace(`reported  ${fault?.code ?? intervalSeconds}\n`));
	cancel();
	send();
}

function send(): void {
	agent.telemetry(measure(), { kind: "climate" }, (fault) => fault && trace(`lost  ${fault.code}\n`));
	cancel = ports.clock.after(intervalSeconds * 1000, send);
}

/** Stands for a real sensor: a day's wave between 15 and 25 degrees. */
function measure(): JsonObject {
	const day = (ports.clock.now() % 86_400_000) / 86_400_000;
	return { temperature: Math.round((20 - 5 * Math.cos(2 * Math.PI * day)) * 10) / 10 };
}
