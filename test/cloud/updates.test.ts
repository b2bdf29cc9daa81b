/** Bundles and images as the local cloud serves and offers them, seen by Node's own HTTPS client. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import { get, type RequestOptions } from "node:https";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { app, appBundle } from "../support/app-release.ts";
import { bundle, manifestOf, standInImage } from "../support/release.ts";
import { enrol } from "./cloud-probe.ts";

const IMAGE = standInImage(2);
let cloud: Cloud;
let url: string;
before(async () => {
	cloud = await startCloud({ polls: 0, apiPort: 0 });
	url = cloud.downloads.publish("agent.bin", IMAGE);
	cloud.downloads.publish("agent.suit", bundle(manifestOf(IMAGE, { uri: url, sequence: 7 })));
});
after(() => cloud.close());

interface Answer {
	readonly status: number | undefined;
	readonly headers: IncomingMessage["headers"];
	readonly body: Buffer;
	/** Undefined: the body came whole. */
	readonly broken: string | undefined;
}

async function fetchFrom(address: string, headers: RequestOptions["headers"] = {}): Promise<Answer> {
	const request = get(address, { ca: readFileSync(cloud.rootCa), headers, agent: false });
	const [response] = (await once(request, "response")) as [IncomingMessage];
	const chunks: Buffer[] = [];
	let broken: string | undefined;
	try {
		for await (const chunk of response) chunks.push(chunk);
	} catch (thrown) {
		broken = (thrown as NodeJS.ErrnoException).code;
	}
	return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks), broken };
}

test("a file is served whole and from an offset", async () => {
	const whole = await fetchFrom(url);
	assert.deepEqual([whole.status, whole.body.equals(IMAGE)], [200, true]);
	const rest = await fetchFrom(url, { range: "bytes=300000-" });
	assert.deepEqual([rest.status, rest.body.equals(IMAGE.subarray(300_000))], [206, true]);
	assert.equal(rest.headers["content-range"], `bytes 300000-${IMAGE.length - 1}/${IMAGE.length}`);
	assert.equal((await fetchFrom(url, { range: `bytes=${IMAGE.length + 1}-` })).status, 416);
});

test("nothing outside the folder is served, nor what is not there", async () => {
	const base = `https://localhost:${cloud.port}`;
	for (const path of [
		"/",
		"/updates/",
		"/updates/none",
		"/updates/..%2froot-ca.pem",
		"/updates/.hidden",
		"/root-ca.pem",
	])
		assert.equal((await fetchFrom(base + path)).status, 404, path);
	const folder = join(dirname(cloud.rootCa), "updates");
	symlinkSync(cloud.rootCa, join(folder, "link.bin"));
	mkdirSync(join(folder, "folder.bin"));
	for (const name of ["link.bin", "folder.bin"])
		assert.equal((await fetchFrom(`${base}/updates/${name}`)).status, 404, name);
	assert.throws(() => cloud.downloads.publish("../x", IMAGE), RangeError);
});

test("what is served wrong when told to", async () => {
	cloud.arm("update-ignore-range:1");
	assert.equal((await fetchFrom(url, { range: "bytes=4096-" })).status, 200);
	cloud.arm("update-wrong-length:1");
	assert.equal((await fetchFrom(url)).body.length, IMAGE.length + 1);
	cloud.arm("update-other-image:1");
	const other = await fetchFrom(url);
	assert.deepEqual([other.body.length, other.body.equals(IMAGE)], [IMAGE.length, false]);
	cloud.arm("update-reset=5000:1");
	const reset = await fetchFrom(url);
	assert.equal(reset.broken, "ECONNRESET");
	assert.ok(reset.body.length <= 5000);
	assert.ok((await fetchFrom(url)).body.equals(IMAGE), "each passed after one time");
});

test("the bundle is offered with the number that is in it, over the HTTP API too", async () => {
	await enrol(cloud, "dev-001");
	const call = async (method: string, path: string, body?: object) => {
		const response = await fetch(`${cloud.ready.apiUrl}${path}`, {
			method,
			headers: { authorization: `Bearer ${cloud.ready.apiToken}` },
			...(body && { body: JSON.stringify(body) }),
		});
		return { status: response.status, value: await response.json() };
	};
	assert.deepEqual((await call("GET", "/updates")).value, ["agent.suit"]);
	const offered = { url: cloud.downloads.url("agent.suit"), sequence: 7 };
	assert.deepEqual(await call("POST", "/devices/dev-001/update", { bundle: "agent.suit" }), {
		status: 200,
		value: offered,
	});
	assert.deepEqual(cloud.device("dev-001")!.desired.properties.ota, offered);
	cloud.downloads.publish("sensor.suit", appBundle(app(1), 3));
	const sensor = { url: cloud.downloads.url("sensor.suit"), sequence: 3 };
	assert.deepEqual((await call("POST", "/devices/dev-001/update", { bundle: "sensor.suit" })).value, sensor);
	assert.deepEqual(cloud.device("dev-001")!.desired.properties, { ota: offered, app: sensor });
	assert.equal((await call("POST", "/devices/dev-001/update", { bundle: "none.suit" })).status, 400);
	assert.equal((await call("POST", "/devices/nobody/update", { bundle: "agent.suit" })).status, 404);
});
