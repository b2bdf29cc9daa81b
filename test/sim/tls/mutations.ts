/** The server's flight cut at many lengths, and with bits changed, after which the server ends. SEED=n repeats a run. */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import type { App } from "../../../hw/simulator/harness.ts";
import { random } from "../../support/random.ts";
import { createIntermediate, createLeaf } from "./chains.ts";
import { Content, Crafted, record } from "./crafted.ts";
import { anchor, connectAll, type Result } from "./device.ts";
import type { Entity } from "./pki.ts";
import { HOST } from "./servers.ts";

const CUTS = 60;
const CHANGES = 240;

/** One result for each spoiled flight. The seed goes to the output when one of them is not `expected`. */
export async function meetSpoiledFlights(
	app: App,
	root: Entity,
	expected: (result: Result) => boolean,
): Promise<Result[]> {
	const source = random();
	const intermediate = await createIntermediate(root);
	const chain = [await createLeaf(intermediate), intermediate];
	let turn = 0;
	const spoil = (flight: Buffer): Buffer => {
		const step = turn++;
		if (step < CUTS) return flight.subarray(0, Math.floor((flight.length * step) / CUTS));
		for (let times = 1 + source.integer(3); times > 0; times--)
			flight[source.integer(flight.length)]! ^= 1 << source.integer(8);
		return flight;
	};
	const server = createServer((socket) => {
		const records = (messages: Buffer[]) => [
			spoil(Buffer.concat(messages.map((message) => record(Content.Handshake, message)))),
		];
		new Crafted(
			socket.on("error", () => {}),
			chain,
			{ records, endsAfterFlight: true },
		);
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	const scenarios = Array.from({ length: CUTS + CHANGES }, (_, index) => ({
		name: `flight ${index}`,
		port,
		host: HOST,
	}));
	const results: Result[] = [];
	for (let at = 0; at < scenarios.length; at += 100)
		results.push(...(await connectAll(app, scenarios.slice(at, at + 100), anchor(root))).values());
	server.close();
	if (!results.every(expected)) process.stdout.write(`# SEED=${source.seed}\n`);
	return results;
}
