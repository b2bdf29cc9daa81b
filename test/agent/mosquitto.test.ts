/** The agent, with the certificate that the local cloud issued, against somebody else's broker over mutual TLS 1.2. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { connect } from "node:tls";
import { clock } from "../../hw/node/clock.ts";
import { createWire } from "../../hw/node/wire.ts";
import { utf8Text } from "../../src/base/bytes.ts";
import { parseConfig } from "../../src/config.ts";
import { identityOf } from "../../src/identity/record.ts";
import { openClient } from "../../src/mqtt/client.ts";
import { configFor, Device, withCloud } from "../support/device.ts";
import { noMosquitto, startMosquitto } from "../support/mosquitto.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";

/** OpenSSL's own way to hold a program to TLS 1.2; mosquitto can only name the least version. */
const TLS_1_2 = "openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\nMaxProtocol = TLSv1.2\n";

test("connects with --hub under its issued certificate and publishes", { skip: noMosquitto || noOpenssl }, (t) =>
	withCloud({}, async (cloud) => {
		const device = new Device(cloud);
		assert.equal((await device.once()).fault, undefined);

		const folder = temporaryFolder({ "openssl.cnf": TLS_1_2 });
		const [key, certificate] = [join(folder, "key.pem"), join(folder, "cert.pem")];
		const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
		const request = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
		openssl([...request, ...subject, "-keyout", key, "-out", certificate]);
		process.env.OPENSSL_CONF = join(folder, "openssl.cnf");
		const port = await startMosquitto(t, [
			"allow_anonymous true",
			`cafile ${cloud.deviceCa}`,
			`certfile ${certificate}`,
			`keyfile ${key}`,
			"require_certificate true",
			"use_identity_as_username true",
		]);
		delete process.env.OPENSSL_CONF;
		const probe = connect({ port, host: "localhost", minVersion: "TLSv1.3", rejectUnauthorized: false });
		assert.match(((await once(probe, "error")) as [Error])[0].message, /protocol version/);

		const ca = readFileSync(cloud.rootCa, "utf8") + readFileSync(certificate, "utf8");
		const config = parseConfig(configFor(cloud, { ca, hub: `localhost:${port}` }));
		const received = new Promise<string>((resolve) => {
			const watcher = openClient(
				{
					wire: createWire(),
					clock,
					connect: {
						host: "localhost",
						port,
						anchors: config.anchors,
						identity: identityOf(device.journal.current!),
						timeoutSeconds: 20,
					},
					clientId: "watcher",
					clean: true,
					keepAliveSeconds: 60,
					maxPacketBytes: 4096,
					timeoutSeconds: 20,
				},
				{
					onOpen: () =>
						watcher.subscribe("devices/+/messages/events/#", () => {
							void device.once({ ca, hub: `localhost:${port}` }).then((run) => assert.equal(run.fault, undefined));
						}),
					onMessage(topic, payload) {
						watcher.close();
						resolve(`${topic} ${utf8Text(payload)}`);
					},
					onClose() {},
				},
			);
		});
		const topic = "devices/dev-001/messages/events/$.ct=application%2Fjson&$.ce=utf-8";
		assert.equal(await received, `${topic} {"hello":"hub"}`);
		assert.equal(cloud.registrations.length, 1);
	}),
);
