/** The local cloud's certificate renewal over the hub: every rule of the exchange, every error, every fault. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { chainPem, enrol, type Identity, type Json, makeCsr, openHub, type Probe } from "./cloud-probe.ts";

const PREVIEW = "2025-08-01-preview";
const RESPONSES = "$iothub/credentials/res/#";

let cloud: Cloud;
let identity: Identity;
let csr: string;
let probe: Probe;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0, polls: 0 });
	identity = await enrol(cloud, "dev-001");
	csr = (await makeCsr("dev-001")).base64;
});
after(() => cloud.close());
beforeEach(async () => {
	probe = await subscribed();
});
afterEach(() => {
	cloud.disarm();
	cloud.device("dev-001")!.request = undefined;
	probe.close();
});

test("202 with operationExpires, then 200 with a chain that the hub accepts; the session goes on", async () => {
	const fresh = await makeCsr("dev-001");
	await ask(probe, "req-001", { id: "dev-001", csr: fresh.base64 });
	const accepted = await answer(probe, 202, "req-001");
	assert.match(accepted.operationExpires, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
	const hours = (Date.parse(accepted.operationExpires) - Date.now()) / 3600_000;
	assert(hours > 11.9 && hours <= 12);
	const issued = await answer(probe, 200, "req-001");
	assert.equal(issued.correlationId, accepted.correlationId);
	assert.equal(issued.certificates.length, 3);
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "still here"), "puback");
	const renewed = { key: fresh.keyPem, cert: chainPem(issued.certificates) };
	const next = await openHub(cloud, "dev-001", { identity: renewed });
	assert.equal(next.connack, 0);
	next.probe.close();
});

test("malformed requests: 400004, 400006, 400037, 400040", async () => {
	const base = { id: "dev-001", csr };
	const cases: [string, string | object, number][] = [
		["empty", "", 400004],
		["not JSON", "{", 400006],
		["array", "[]", 400004],
		["no csr", { id: "dev-001" }, 400004],
		["csr not base64", { ...base, csr: "***" }, 400004],
		["csr too large", { ...base, csr: Buffer.alloc(8193).toString("base64") }, 400004],
		["another id", { ...base, id: "dev-002" }, 400004],
		["unknown member", { ...base, registrationId: "dev-001" }, 400004],
		["bad replace", { ...base, replace: "-no-" }, 400004],
		["replace is no text", { ...base, replace: 1 }, 400004],
	];
	for (const [name, body, errorCode] of cases) {
		await ask(probe, "req-400", body);
		assert.equal((await answer(probe, 400, "req-400")).errorCode, errorCode, name);
	}
	await ask(probe, "x", base);
	assert.equal((await answer(probe, 400, "x")).errorCode, 400004);
	const tampered = Buffer.from(csr, "base64");
	tampered[tampered.length - 1]! ^= 1;
	const refused: [string, string, number, string][] = [
		["not PKCS#10", Buffer.from("hello").toString("base64"), 400037, "FailedToDecodeCsr"],
		["another name", (await makeCsr("dev-002")).base64, 400040, "CsrCommonNameMismatch"],
		["tampered with", tampered.toString("base64"), 400040, "CsrSignatureVerificationFailed"],
		["a key on P-521", (await makeCsr("dev-001", "P-521")).base64, 400040, "CsrKeyNotSupported"],
	];
	for (const [name, text, errorCode, credentialError] of refused) {
		await ask(probe, "req-csr", { id: "dev-001", csr: text });
		await answer(probe, 202, "req-csr");
		const problem = await answer(probe, 400, "req-csr");
		assert.equal(problem.errorCode, errorCode, name);
		assert.equal(problem.info.credentialError, credentialError, name);
	}
});

test("no subscription: no answer; no $rid: the connection ends", async () => {
	const bare = await openHub(cloud, "dev-001", { identity, apiVersion: PREVIEW });
	await ask(bare.probe, "req-unheard", { id: "dev-001", csr });
	assert.equal(await bare.probe.subscribe(RESPONSES), 1);
	await ask(bare.probe, "req-002", { id: "dev-001", csr });
	await answer(bare.probe, 202, "req-002");
	assert(!cloud.events.some((event) => event.event === "renewal" && event.requestId === "req-unheard"));
	await bare.probe.publish("$iothub/credentials/POST/issueCertificate/", "{}");
	await bare.probe.ended();
});

test("an active request: 409 names it; replace takes its place; 412 when there is none", async () => {
	cloud.arm("renew-hold:1");
	await ask(probe, "req-old", { id: "dev-001", csr });
	await answer(probe, 202, "req-old");
	await ask(probe, "req-new", { id: "dev-001", csr });
	const conflict = await answer(probe, 409, "req-new");
	assert.equal(conflict.errorCode, 409005);
	assert.equal(conflict.info.requestId, "req-old");
	await ask(probe, "req-new", { id: "dev-001", csr, replace: "req-none" });
	const missed = await answer(probe, 412, "req-new");
	assert.equal(missed.errorCode, 412001);
	assert.equal(missed.info.requestId, "req-old");
	await ask(probe, "req-new", { id: "dev-001", csr, replace: "req-old" });
	await answer(probe, 202, "req-new");
	await answer(probe, 200, "req-new");
	await ask(probe, "req-last", { id: "dev-001", csr, replace: "*" });
	assert.equal((await answer(probe, 412, "req-last")).errorCode, 412001);
});

test("a held certificate comes after release; the same id asked again is 409 with that id", async () => {
	cloud.arm("renew-hold:1");
	await ask(probe, "req-same", { id: "dev-001", csr });
	await answer(probe, 202, "req-same");
	await ask(probe, "req-same", { id: "dev-001", csr });
	assert.equal((await answer(probe, 409, "req-same")).info.requestId, "req-same");
	cloud.release("dev-001");
	await answer(probe, 200, "req-same");
});

test("delivery after a lost connection: clean=0 at once, clean=1 after subscribing", async () => {
	for (const clean of [false, true]) {
		const first = await subscribed(clean);
		cloud.arm("renew-hold:1");
		await ask(first, "req-wait", { id: "dev-001", csr });
		await answer(first, 202, "req-wait");
		first.close();
		await gone(first);
		cloud.release("dev-001");
		const second = await openHub(cloud, "dev-001", { identity, apiVersion: PREVIEW, clean });
		if (clean) await second.probe.subscribe(RESPONSES);
		await answer(second.probe, 200, "req-wait");
		second.probe.close();
		await cloud.seen(() => cloud.device("dev-001")!.request === undefined);
	}
});

test("unsubscribed after 202: the certificate waits for the next subscription", async () => {
	cloud.arm("renew-hold:1");
	await ask(probe, "req-quiet", { id: "dev-001", csr });
	await answer(probe, 202, "req-quiet");
	probe.send({ cmd: "unsubscribe", messageId: 900, unsubscriptions: [RESPONSES] });
	await probe.next((packet) => packet.cmd === "unsuback");
	cloud.release("dev-001");
	assert.equal(await probe.publish("devices/dev-001/messages/events/", "nothing yet"), "puback");
	assert(
		!cloud.events.some((event) => event.event === "renewal" && event.requestId === "req-quiet" && event.status === 200),
	);
	await probe.subscribe(RESPONSES);
	await answer(probe, 200, "req-quiet");
});

test("a certificate that was not acknowledged is delivered again", async () => {
	cloud.arm("drop-after=RENEW-200:1");
	await ask(probe, "req-again", { id: "dev-001", csr });
	await probe.ended();
	const again = await subscribed();
	await answer(again, 200, "req-again");
	again.close();
});

test("an expired operation is forgotten", async () => {
	cloud.arm("renew-expires=0:1");
	cloud.arm("renew-hold:1");
	await ask(probe, "req-gone", { id: "dev-001", csr });
	await answer(probe, 202, "req-gone");
	await ask(probe, "req-next", { id: "dev-001", csr });
	await answer(probe, 202, "req-next");
	await answer(probe, 200, "req-next");
});

test("every client gets an object, whatever it calls itself; the bare array is a fault", async () => {
	const { probe: sdk } = await openHub(cloud, "dev-001", {
		identity,
		apiVersion: `${PREVIEW}&DeviceClientType=azsdk-c%2F1.6`,
	});
	await sdk.subscribe(RESPONSES);
	await ask(sdk, "csr-001", { id: "dev-001", csr });
	await answer(sdk, 202, "csr-001");
	assert.equal((await answer(sdk, 200, "csr-001")).certificates.length, 3);
	cloud.arm("bare-array:1");
	await ask(sdk, "csr-002", { id: "dev-001", csr });
	await answer(sdk, 202, "csr-002");
	assert(Array.isArray(await answer(sdk, 200, "csr-002")));
	sdk.close();
});

test("each renewal fault does what its name says", async () => {
	const first = async (fault: string, body: object = {}): Promise<Json> => {
		cloud.arm(`${fault}:1`);
		await ask(probe, "req-fault", { id: "dev-001", csr, ...body });
		const message = await probe.message("$iothub/credentials/res/");
		assert(message !== "closed", fault);
		return { ...message.json, topic: message.topic };
	};
	assert.equal((await first("renew-throttle=3")).retryAfter, 3);
	assert.equal((await first("renew-unavailable")).errorCode, 503001);
	assert.equal((await first("renew-error")).errorCode, 500001);
	assert.equal((await first("renew-csr-rejected")).errorCode, 400040);
	assert.match((await first("renew-version")).topic, /res\/202\/\?\$version=1&\$rid=req-fault$/);
	await answer(probe, 200, "req-fault");
	assert.equal((await first("renew-409-own")).info.requestId, "req-fault");
	await answer(probe, 200, "req-fault");
	assert.equal((await first("renew-409-other")).info.requestId, "another-request");
	assert.equal((await first("renew-412", { replace: "*" })).errorCode, 412001);
	await ask(probe, "req-fault", { id: "dev-001", csr, replace: "*" });
	await answer(probe, 202, "req-fault");
	await answer(probe, 200, "req-fault");
	await first("renew-csr-rejected=late");
	assert.equal((await answer(probe, 400, "req-fault")).errorCode, 400040);
	await first("bare-array");
	const bare = await answer(probe, 200, "req-fault");
	assert(Array.isArray(bare) && bare.length === 3);
	await first("pem-chain");
	assert.match((await answer(probe, 200, "req-fault")).certificates[0], /^-----BEGIN/);
	await first("wrong-cn");
	const { certificates } = await answer(probe, 200, "req-fault");
	assert.match(new X509Certificate(Buffer.from(certificates[0], "base64")).subject, /dev-001-other/);
});

async function subscribed(clean = true): Promise<Probe> {
	const { probe, connack } = await openHub(cloud, "dev-001", { identity, apiVersion: PREVIEW, clean });
	assert.equal(connack, 0);
	assert.equal(await probe.subscribe(RESPONSES), 1);
	return probe;
}

async function ask(to: Probe, requestId: string, body: string | object): Promise<void> {
	const text = typeof body === "string" ? body : JSON.stringify(body);
	await to.publish(`$iothub/credentials/POST/issueCertificate/?$rid=${requestId}`, text);
}

async function answer(from: Probe, status: number, requestId: string): Promise<Json> {
	const message = await from.message("$iothub/credentials/res/");
	assert(message !== "closed");
	assert.equal(message.topic, `$iothub/credentials/res/${status}/?$rid=${requestId}`, message.text);
	return message.json;
}

/** The cloud has noticed that the connection of this device is over. */
async function gone(closed: Probe): Promise<void> {
	await closed.ended();
	const { connection } = cloud.connections.at(-1)!;
	await cloud.seen((event) => event.event === "disconnected" && event.connection === connection);
}
