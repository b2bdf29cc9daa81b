/**
 * Why hw/moddable/tls exists: the same servers, met by the TLS of SDK 8.2.3 itself. Should one of these fail after an
 * update of the SDK, the README of hw/moddable/tls has a line less to explain.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type App, buildForXs, skip } from "../../hw/simulator/harness.ts";
import { createIntermediate, createLeaf, createRoot } from "./tls/chains.ts";
import { Content, record, type Script, serveAs } from "./tls/crafted.ts";
import { anchor, connectAll } from "./tls/device.ts";
import { type Entity, issue, resigned, signWithFullNumbers, signWithShortR } from "./tls/pki.ts";
import { closeAll, HOST, type Row, serve } from "./tls/servers.ts";

describe("the SDK's own TLS on XS", { skip }, () => {
	let app: App;
	let root: Entity;
	before(async () => {
		root = await createRoot();
		app = await buildForXs({
			name: "tls-stock",
			build: "release",
			manifest: {
				include: [
					"$(MODDABLE)/examples/manifest_base.json",
					"$(MODDABLE)/examples/manifest_net.json",
					"$(MODDABLE)/examples/io/tcp/tlssocket/manifest.json",
					"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				],
				creation: { stack: 768 },
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/tls/stock" },
			},
		});
	});
	after(closeAll);

	const resultOf = async ({ scenario }: Row) =>
		(await connectAll(app, [scenario], anchor(root))).get(scenario.name)?.result;

	for (const [what, sign, result] of [
		["trusts a leaf that nobody signed, before a genuine intermediate", signWithFullNumbers, "connected"],
		["refuses a genuine intermediate whose signature has a short r", signWithShortR, "thrown"],
	] as const)
		test(what, async () => {
			const leaf = await issue({ name: "leaf", hosts: [HOST] });
			const intermediate = await resigned(await createIntermediate(root), (tbs) => sign(root.key, tbs));
			assert.equal(await resultOf(await serve(what, "", [leaf, intermediate])), result);
		});

	const hello = (version: number): Script => ({
		flight: ([first, ...rest]) => [{ ...first!, body: Buffer.from(first!.body.with(1, version)) }, ...rest],
	});
	for (const [what, script] of Object.entries({
		"a ServerHello of TLS 1.1": hello(2),
		"a close_notify in place of ServerHello": { records: () => [record(Content.Alert, Buffer.of(1, 0))] },
	} satisfies Record<string, Script>))
		test(`after ${what} it takes the connection for open and sends in clear`, async () => {
			const clear: string[] = [];
			const server = serveAs([await createLeaf(root)]);
			await resultOf(await server(what, "", { ...script, onClearData: (data) => void clear.push(String(data)) }));
			assert.deepEqual(clear, ["ping"]);
		});
});
