/** Eclipse Mosquitto, where there is one: a broker on a free port, gone with the test that started it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import { temporaryFolder } from "./openssl.ts";

/** Debian puts the broker where a user's PATH does not look. */
const PATH = `${process.env.PATH}:/usr/sbin:/usr/local/sbin`;

/** For node:test's `skip` option. */
export const noMosquitto = spawnSync("mosquitto", ["-h"], { env: { ...process.env, PATH } }).error
	? "SKIPPED: no mosquitto"
	: false;

export interface Broker {
	readonly port: number;
	readonly pid: number;
	/** Resolves when it is gone. */
	end(): Promise<void>;
}

/** Resolves with the port once the broker is ready; it goes with the test. `configuration`: see startBroker. */
export async function startMosquitto(t: TestContext, configuration: readonly string[]): Promise<number> {
	const { port, end } = await startBroker(configuration);
	t.after(end);
	return port;
}

/** Resolves once the broker is ready. `configuration`: lines of mosquitto.conf(5) after the listener. */
export async function startBroker(configuration: readonly string[]): Promise<Broker> {
	for (let attempt = 1; ; attempt++) {
		const port = await freePort();
		const lines = [`user ${userInfo().username}`, `listener ${port} 127.0.0.1`, ...configuration, ""];
		const folder = temporaryFolder({ "mosquitto.conf": lines.join("\n") });
		const broker = spawn("mosquitto", ["-c", join(folder, "mosquitto.conf")], {
			env: { ...process.env, PATH },
			stdio: ["ignore", "ignore", "pipe"],
		});
		const failure = await ready(broker);
		if (failure === undefined) {
			const end = async () => {
				broker.kill();
				if (broker.exitCode === null && broker.signalCode === null) await once(broker, "exit");
			};
			return { port, pid: broker.pid!, end };
		}
		// Somebody else may have taken the port in the meantime.
		if (attempt === 3 || !failure.includes("Address already in use")) throw new Error(`mosquitto: ${failure}`);
	}
}

/** Undefined when the broker runs, else what it said. */
async function ready(broker: ChildProcess): Promise<string | undefined> {
	const said: string[] = [];
	for await (const line of createInterface({ input: broker.stderr! })) {
		said.push(line);
		if (!/ mosquitto version \S+ running/.test(line)) continue;
		broker.stderr!.resume();
		return undefined;
	}
	return said.join("\n");
}

async function freePort(): Promise<number> {
	const probe = createServer().listen(0, "127.0.0.1");
	await once(probe, "listening");
	const { port } = probe.address() as AddressInfo;
	probe.close();
	await once(probe, "close");
	return port;
}
