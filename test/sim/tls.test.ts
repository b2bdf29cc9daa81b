/**
 * hw/moddable/tls on XS, against real servers with certificates of every shape and against one that says what no real
 * server would. Each connection succeeds, or fails by the name it should have; none hangs, calls back twice, or takes
 * the machine down.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type App, skip } from "../../hw/simulator/harness.ts";
import { chains, createLeaf, createRoot, names } from "./tls/chains.ts";
import { serveAs } from "./tls/crafted.ts";
import { anchor, buildDevice, connectAll, type Result } from "./tls/device.ts";
import { exchange } from "./tls/exchanges.ts";
import { certificates, hello, order } from "./tls/handshakes.ts";
import { meetSpoiledFlights } from "./tls/mutations.ts";
import { clients, resets, versions } from "./tls/peers.ts";
import { records } from "./tls/records.ts";
import { closeAll, type Row } from "./tls/servers.ts";
import { otherKeys, signatures } from "./tls/signatures.ts";

const root = await createRoot();
/** $TLS_TABLES: some of these only, separated by commas. */
const chosen = process.env.TLS_TABLES?.split(",");
const all = {
	chains,
	names,
	signatures,
	"other keys": otherKeys,
	versions,
	clients,
	resets,
	order,
	hello,
	certificates,
	exchange,
	records,
};
const tables: Record<string, readonly Row[]> = {};
if (!skip)
	for (const [title, make] of Object.entries(all))
		if (chosen?.includes(title) ?? true) tables[title] = await make(root);

describe("TLS on XS", { skip }, () => {
	let app: App;
	before(async () => {
		app = await buildDevice();
	});
	after(closeAll);

	for (const [title, rows] of Object.entries(tables))
		describe(title, () => {
			let results: Map<string, Result>;
			before(async () => {
				const scenarios = rows.map(({ scenario }) => scenario);
				results = await connectAll(app, scenarios, anchor(root));
			});
			for (const { scenario, result, message, alert } of rows)
				test(`${scenario.name}: ${result}${alert ? `, alert ${alert.wanted}` : ""}`, () => {
					const got = results.get(scenario.name);
					assert.equal(got?.result, result, got?.message);
					if (message !== undefined) assert.match(got?.message ?? "", message);
					if (alert !== undefined) assert.deepEqual(alert.heard, [alert.wanted]);
				});
		});

	test("no spoiled flight connects, hangs, or ends without a name", { skip: chosen !== undefined }, async () => {
		const named = ({ result }: Result) =>
			/^(tls\.(protocol|untrusted|algorithm|name|expired)|wire\.closed)$/.test(result);
		const results = await meetSpoiledFlights(app, root, named);
		assert.deepEqual(
			results.filter((result) => !named(result)),
			[],
		);
	});

	test("client randoms and ECDHE keys differ on the wire, within a run and between runs", {
		skip: chosen !== undefined,
	}, async () => {
		const seen: string[] = [];
		const { scenario } = await serveAs([await createLeaf(root)])("randoms", "connected", {
			onHello: (hello) => void seen.push(hello.toString("hex", 6, 38)),
			onKey: (point) => void seen.push(point.toString("hex")),
		});
		const twice = [scenario, { ...scenario, name: "randoms again" }];
		for (const run of [1, 2]) assert.equal((await connectAll(app, twice, anchor(root))).size, 2, `run ${run}`);
		assert.equal(new Set(seen).size, 8);
	});
});
