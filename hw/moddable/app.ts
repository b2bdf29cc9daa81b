/**
 * `enrollee/app`: the main program of a device whose application is updated apart from its firmware. The application runs in
 * a Compartment of its own and reaches nothing but its Device (src/app.ts).
 *
 *     import { runApp } from "enrollee/app";
 *     import factory from "./app";
 *     runApp(factory);
 *
 * `factory` is the application in the firmware, which runs until one has come over the air, and where that has failed.
 */
import { type Agent, type AgentState, createPorts, Fault, type Log, readConfig, type Slot } from "enrollee";
import { createAppEngine } from "enrollee/app-engine";
import { openAppFlash } from "enrollee/app-flash";
import { forgetRestarts, keepAlive } from "enrollee/restarts";
import { openSlot } from "enrollee/slot";
import { type Start, startApp } from "../../src/app.ts";
import { AppSlot } from "../../src/application/app-slot.ts";
import { APP_MAIN } from "../../src/application/archive.ts";

export type { Application, Device, Start } from "../../src/app.ts";

export function runApp(factory?: Start): void {
	keepAlive(() => run(factory));
}

function run(factory: Start | undefined): Agent | undefined {
	const ports = createPorts();
	const { log, store } = ports;
	const slot = attempt(log, openSlot);
	const appSlot = attempt(log, () => openAppSlot(ports, slot));
	const booted = appSlot && attempt(log, () => appSlot.boot(slot?.state === "trial"));
	// In the simulator a restart takes a moment.
	if (booted === "restarting") return undefined;
	const { resting, running = "none", state } = appSlot ?? {};
	const start = booted === "run" ? attempt(log, load) : factory;
	log("app", { running: booted === "run" ? running : "factory", state });
	const onState = (agentState: AgentState): void => {
		if (agentState === "connected") forgetRestarts(store);
		log("state", { state: agentState });
	};
	const agent = startApp(start, { ...ports, onState, config: readConfig(), slot, appSlot });
	if (resting) log("fault", { code: resting.code, message: resting.message });
	if (booted === "run" && !start) agent.judgeApp(new Fault("app.failed", "it cannot be loaded"));
	return agent;
}

function openAppSlot(ports: ReturnType<typeof createPorts>, slot: Slot | undefined): AppSlot {
	const { store, restart } = ports;
	const flash = openAppFlash();
	const guard = (seconds: number): void => slot?.guard(seconds);
	return new AppSlot({ flash, store, engine: createAppEngine({ flash, guard, restart }) });
}

/** Its built-ins are the engine's own, which are frozen; it has no others, and no modules but its own. */
function load(): Start | undefined {
	const compartment = new Compartment({ modules: { [APP_MAIN]: { source: APP_MAIN } } });
	const start: unknown = compartment.importNow(APP_MAIN).default;
	return typeof start === "function" ? (start as Start) : undefined;
}

/** What is broken or missing costs updates, not the device. */
function attempt<T>(log: Log, action: () => T): T | undefined {
	try {
		return action();
	} catch (thrown) {
		const { code, message } = Fault.of(thrown, "app.failed");
		log("fault", { code, message });
		return undefined;
	}
}
