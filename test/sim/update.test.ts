/** An update on XS in the simulator: bundle and image over HTTPS from Node, slots as files, a broken connection, a trial. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { certificatePem, saveEntity } from "../../cloud/pki.ts";
import { type App, buildForXs, type Run, skip } from "../../hw/simulator/harness.ts";
import { equal, hex } from "../../src/base/bytes.ts";
import { bundle, manifestOf, RELEASE_KEY, standInImage } from "../support/release.ts";
import { good, root } from "../support/tls-server.ts";

const IMAGE = standInImage(2);

describe("an update on XS", { skip }, () => {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-update-"));
	let app: App;
	let server: Server;
	let base: string;
	/** Connections still to be broken in the middle. */
	let breaks = 1;
	before(async () => {
		app = await buildForXs({
			name: "update",
			build: "release",
			manifest: {
				include: ["$(ENROLLEE)/hw/moddable/manifest.json", "$(ENROLLEE)/hw/moddable/manifest_slot.json"],
				modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/update" },
			},
		});
		server = createServer({ key: (await saveEntity(good)).key, cert: certificatePem(good) }, (request, response) => {
			const from = Number(/^bytes=([0-9]+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
			const body = request.url === "/agent.suit" ? bundle(manifestOf(IMAGE, { uri: `${base}/agent.bin` })) : IMAGE;
			response.writeHead(from > 0 ? 206 : 200, {
				"Content-Length": body.length - from,
				...(from > 0 && { "Content-Range": `bytes ${from}-${body.length - 1}/${body.length}` }),
			});
			if (request.url === "/agent.bin" && breaks-- > 0)
				response.write(body.subarray(from, 200_000), () => response.destroy());
			else response.end(body.subarray(from));
		});
		server.listen(0, "127.0.0.1");
		await once(server, "listening");
		base = `https://localhost:${(server.address() as AddressInfo).port}`;
	});
	after(() => {
		server?.close();
		rmSync(folder, { recursive: true, force: true });
	});

	const boot = (): Promise<Run> =>
		app.run({
			environment: {
				ENROLLEE_STATE: folder,
				ENROLLEE_DPS: "localhost",
				ENROLLEE_ID_SCOPE: "0ne00000000",
				ENROLLEE_REGISTRATION_ID: "dev-001",
				ENROLLEE_SYMMETRIC_KEY: Buffer.alloc(32).toString("base64"),
				ENROLLEE_CA: certificatePem(root),
				RELEASE_KEY: hex(RELEASE_KEY.publicKey),
				OFFER: JSON.stringify({ url: `${base}/agent.suit`, sequence: 2 }),
			},
		});

	test("is fetched, broken off, resumed, tried, confirmed, and refused the second time", async () => {
		const broken = await boot();
		assert.match(broken.output, /^run ota_0/m, broken.output);
		assert.match(broken.output, /wire\.closed/);
		const resumed = await boot();
		assert.match(resumed.output, /^fetch ota_0 .*"fetching"/m, resumed.output);
		assert.match(resumed.output, /^staged ota_0/m, resumed.output);
		assert.ok(equal(readFileSync(join(folder, "ota_1.bin")).subarray(0, IMAGE.length), IMAGE));
		const trial = await boot();
		assert.match(trial.output, /^trial ota_1/m, trial.output);
		assert.match(trial.output, /^done ota_1 \{"state":"idle","installed":2,"sequence":2\}/m);
		const again = await boot();
		assert.match(again.output, /^run ota_1/m, again.output);
		assert.match(again.output, /ota\.sequence/);
	});
});
