/** The MQTT client against Eclipse Mosquitto: somebody else's broker, over plain TCP and over TLS with certificates. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { clock } from "../../hw/node/clock.ts";
import * as entropy from "../../hw/node/entropy.ts";
import { createWire } from "../../hw/node/wire.ts";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import { generateKeyPair } from "../../src/key/pair.ts";
import { type Client, type ClientOptions, openClient } from "../../src/mqtt/client.ts";
import { encodeCsr } from "../../src/x509/csr.ts";
import { decodePem, encodePem } from "../../src/x509/pem.ts";
import { noMosquitto, startMosquitto } from "../support/mosquitto.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";
import { random } from "../support/random.ts";
import { plainWire } from "./plain-wire.ts";

const ANYBODY = ["allow_anonymous true"];

/** A client whose events can be awaited. */
class Session {
	readonly messages: { topic: string; payload: Uint8Array }[] = [];
	readonly client: Client;
	readonly opened: Promise<boolean>;
	/** The code of onClose's fault. */
	readonly closed: Promise<string | undefined>;
	#arrived: () => void = () => {};

	constructor(options: Partial<ClientOptions> & { port: number }) {
		const opened = deferred<boolean>();
		const closed = deferred<string | undefined>();
		this.opened = opened.promise;
		this.closed = closed.promise;
		this.opened.catch(() => {}); // tests that expect a refusal never look at it
		this.client = openClient(
			{
				wire: plainWire,
				clock,
				connect: { host: "127.0.0.1", port: options.port, anchors: [], timeoutSeconds: 20 },
				clientId: "dev-001",
				clean: true,
				keepAliveSeconds: 60,
				maxPacketBytes: 100_000,
				timeoutSeconds: 20,
				...options,
			},
			{
				onOpen: opened.resolve,
				onMessage: (topic, payload) => {
					this.messages.push({ topic, payload });
					this.#arrived();
				},
				onClose: (fault) => {
					opened.reject(fault ?? new Error("closed"));
					closed.resolve(fault?.code);
				},
			},
		);
	}

	subscribe(filter: string): Promise<void> {
		return settled((done) => this.client.subscribe(filter, done));
	}

	publish(topic: string, payload: Uint8Array, qos: 0 | 1): Promise<void> {
		return settled((done) => this.client.publish(topic, payload, qos, done));
	}

	async received(count: number): Promise<void> {
		while (this.messages.length < count)
			await new Promise<void>((resolve) => {
				this.#arrived = resolve;
			});
	}

	close(): Promise<string | undefined> {
		this.client.close();
		return this.closed;
	}
}

function deferred<T>() {
	let resolve!: (value: T) => void;
	let reject!: (reason: Error) => void;
	const promise = new Promise<T>((whenDone, whenFailed) => {
		resolve = whenDone;
		reject = whenFailed;
	});
	return { promise, resolve, reject };
}

function settled(operate: (done: (fault?: Fault) => void) => void): Promise<void> {
	return new Promise((resolve, reject) => operate((fault) => (fault ? reject(fault) : resolve())));
}

describe("plain TCP", { skip: noMosquitto }, () => {
	test("subscribes, publishes with either QoS, receives the same bytes, ends in order", async (t) => {
		const session = new Session({ port: await startMosquitto(t, ANYBODY) });
		assert.equal(await session.opened, false);
		await session.subscribe("devices/dev-001/#");
		const payloads = [0, 1, 127, 128, 16_383, 16_384, 90_000].map((length) => random(length).bytes(length));
		for (const [i, payload] of payloads.entries())
			await session.publish("devices/dev-001/é/$.ct=application%2Fjson", payload, i % 2 === 0 ? 1 : 0);
		await session.received(payloads.length);
		for (const [i, { payload }] of session.messages.entries()) assert.deepEqual(payload, payloads[i]);
		assert.equal(await session.close(), undefined);
	});

	test("many publications in flight are all acknowledged", async (t) => {
		const session = new Session({ port: await startMosquitto(t, ANYBODY) });
		await session.opened;
		await Promise.all(Array.from({ length: 100 }, (_, i) => session.publish("t", utf8(`${i}`), 1)));
		await session.close();
	});

	test("a kept session says so, and delivers what came while the device was away", async (t) => {
		const port = await startMosquitto(t, ANYBODY);
		const first = new Session({ port, clean: false });
		assert.equal(await first.opened, false);
		await first.subscribe("to/dev-001");
		await first.close();
		const other = new Session({ port, clientId: "other" });
		await other.opened;
		await other.publish("to/dev-001", utf8("while you were out"), 1);
		await other.close();
		const second = new Session({ port, clean: false });
		assert.equal(await second.opened, true);
		await second.received(1);
		assert.equal(utf8Text(second.messages[0]!.payload), "while you were out");
		await second.close();
		// Acknowledged, so it does not come a third time.
		const third = new Session({ port, clean: false });
		await third.opened;
		await third.subscribe("marker");
		await third.publish("marker", utf8("1"), 1);
		await third.received(1);
		assert.deepEqual(
			third.messages.map(({ topic }) => topic),
			["marker"],
		);
		await third.close();
	});

	test("a message over the limit is acknowledged and not held; the session goes on", async (t) => {
		const port = await startMosquitto(t, ANYBODY);
		const session = new Session({ port, maxPacketBytes: 1000 });
		await session.opened;
		for (const filter of ["t", "end"]) await session.subscribe(filter);
		await session.publish("t", new Uint8Array(2000), 1);
		await session.publish("end", utf8("small"), 1);
		await session.received(1);
		assert.equal(session.messages.map(({ topic, payload }) => topic + utf8Text(payload)).join(), "endsmall");
	});

	test("a second session with the same client id ends the first", async (t) => {
		const port = await startMosquitto(t, ANYBODY);
		const first = new Session({ port });
		await first.opened;
		const second = new Session({ port });
		await second.opened;
		assert.match((await first.closed)!, /^(mqtt|wire)\.closed$/);
		await second.close();
	});

	test("a wrong password is mqtt.unauthorized, the right one is let in, as text and as bytes", async (t) => {
		const folder = temporaryFolder({ passwords: "device:sécret\n" });
		const hashed = spawnSync("mosquitto_passwd", ["-U", join(folder, "passwords")]);
		if (hashed.error) return t.skip("SKIPPED: no mosquitto_passwd");
		const port = await startMosquitto(t, ["allow_anonymous false", `password_file ${join(folder, "passwords")}`]);
		for (const password of ["wrong", undefined]) {
			const refused = new Session({ port, username: "device", password });
			assert.equal(await refused.closed, "mqtt.unauthorized");
		}
		for (const password of ["sécret", utf8("sécret")]) {
			const session = new Session({ port, username: "device", password });
			await session.opened;
			await session.close();
		}
	});

	test("an empty client id with a kept session is refused before it is sent, with a clean one it is let in", async (t) => {
		const port = await startMosquitto(t, ANYBODY);
		assert.equal(await new Session({ port, clientId: "", clean: false }).closed, "mqtt.protocol");
		const session = new Session({ port, clientId: "" });
		await session.opened;
		await session.close();
	});
});

describe("TLS with require_certificate", { skip: noMosquitto || noOpenssl }, () => {
	/** A server for localhost and a device whose CSR we made, both under one root; all by openssl but the CSR. */
	function pki() {
		const cwd = temporaryFolder({
			"server.cnf": "subjectAltName=DNS:localhost\n",
			"client.cnf": "extendedKeyUsage=clientAuth\n",
		});
		const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
		const sign = ["-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-days", "2"];
		openssl(["req", "-x509", ...curve, "-keyout", "root.key", "-subj", "/CN=Root", "-days", "2", "-out", "root.pem"], {
			cwd,
		});
		openssl(["req", ...curve, "-keyout", "server.key", "-subj", "/CN=localhost", "-out", "server.csr"], { cwd });
		openssl(["x509", "-req", "-in", "server.csr", ...sign, "-extfile", "server.cnf", "-out", "server.pem"], { cwd });
		const signer = generateKeyPair(entropy);
		const csr = encodePem("CERTIFICATE REQUEST", encodeCsr("dev-001", signer));
		const leaf = openssl(["x509", "-req", ...sign, "-extfile", "client.cnf"], { cwd, input: csr }).toString();
		const root = readFileSync(join(cwd, "root.pem"), "utf8");
		const der = (pem: string): Uint8Array[] => decodePem(pem).map(({ der }) => der);
		const file = (name: string): string => join(cwd, name);
		const configuration = [
			...ANYBODY,
			`cafile ${file("root.pem")}`,
			`certfile ${file("server.pem")}`,
			`keyfile ${file("server.key")}`,
			"require_certificate true",
			"use_identity_as_username true",
		];
		return { configuration, anchors: der(root), identity: { chain: der(leaf), signer } };
	}

	test("a device whose certificate openssl issued for our CSR is let in, and publishes", async (t) => {
		const { configuration, anchors, identity } = pki();
		const port = await startMosquitto(t, configuration);
		const connect = { host: "localhost", port, anchors, identity, timeoutSeconds: 20 };
		const session = new Session({ port, wire: createWire(), connect });
		await session.opened;
		await session.subscribe("t");
		await session.publish("t", utf8("hello"), 1);
		await session.received(1);
		assert.equal(await session.close(), undefined);
	});

	test("without a certificate, with a stranger's, or towards a stranger: each its own fault", async (t) => {
		const { configuration, anchors, identity } = pki();
		const port = await startMosquitto(t, configuration);
		const stranger = pki();
		for (const [connect, expected] of [
			[{ anchors }, /^tls\.rejected$/],
			[{ anchors, identity: stranger.identity }, /^tls\.rejected$/],
			[{ anchors: stranger.anchors, identity }, /^tls\.untrusted$/],
		] as const) {
			const full = { host: "localhost", port, timeoutSeconds: 20, ...connect };
			const session = new Session({ port, wire: createWire(), connect: full });
			assert.match((await session.closed) ?? "no fault", expected);
		}
	});
});
