/** The local cloud's faults at DPS and below: each does what its name says, and only as often as it was armed. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { after, before, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { FAULTS, Faults } from "../../cloud/faults.ts";
import { type Json, makeCsr, Probe, register } from "./cloud-probe.ts";

let cloud: Cloud;
before(async () => {
	cloud = await startCloud({ retryAfterSeconds: 0 });
});
after(() => cloud.close());

test("each DPS fault does what its name says", async () => {
	const csr = (await makeCsr("dev-001")).base64;
	const answer = async (fault: string): Promise<Json> => {
		cloud.arm(`${fault}:1`);
		const got = await register(cloud, "dev-001", { csr });
		assert(got !== "closed", fault);
		return { ...got.json, topic: got.topic };
	};
	const throttled = await answer("throttle=9");
	assert.match(throttled.topic, /res\/429\/\?\$rid=1&retry-after=9/);
	assert.equal((await answer("unavailable")).errorCode, 503001);
	assert.equal((await answer("unavailable=500")).errorCode, 500001);
	assert.equal((await answer("not-found")).errorCode, 404201);
	assert.deepEqual(await answer("disabled").then(({ status, operationId }) => [status, operationId]), ["disabled", ""]);
	assert.equal((await answer("failed")).registrationState.errorCode, 400207);
	assert.equal((await answer("csr-rejected")).errorCode, 400040);
	assert.equal((await answer("csr-rejected=late")).registrationState.errorCode, 400040);
	assert.equal((await answer("no-chain")).registrationState.issuedCertificateChain, undefined);
	assert.equal((await answer("leaf-only")).registrationState.issuedCertificateChain.length, 1);
	assert.match((await answer("pem-chain")).registrationState.issuedCertificateChain[0], /^-----BEGIN/);
	const leaf = (state: Json, at = 0) => new X509Certificate(Buffer.from(state.issuedCertificateChain[at], "base64"));
	const reversed = leaf((await answer("wrong-chain-order")).registrationState, 2);
	assert.match(reversed.subject, /CN=dev-001/);
	assert.match(leaf((await answer("wrong-cn")).registrationState).subject, /CN=dev-001-other/);
	assert(Date.parse(leaf((await answer("expired-cert")).registrationState).validTo) < Date.now());
	assert(Date.parse(leaf((await answer("not-yet-valid")).registrationState).validFrom) > Date.now());
	const spki = leaf((await answer("foreign-key")).registrationState).publicKey.export({ type: "spki", format: "der" });
	assert(!Buffer.from(csr, "base64").includes(spki.subarray(-64)));
	cloud.operator.setDisabled("dev-001", true);
	assert.equal((await answer("slow-assign=0")).status, "disabled");
	cloud.operator.setDisabled("dev-001", false);
});

test("the connection drops at each step it is told to", async () => {
	const csr = (await makeCsr("dev-001")).base64;
	const steps = "CONNECT CONNACK SUBSCRIBE SUBACK REGISTER PUBACK ASSIGNING POLL ASSIGNED".split(" ");
	for (const step of steps) {
		cloud.arm(`drop-after=${step}:1`);
		const answer = await register(cloud, "dev-001", { csr });
		if (step !== "ASSIGNED") assert.equal(answer, "closed", step);
		await cloud.seen((event) => event.event === "disconnected" && event.reason === `fault: drop-after=${step}`);
	}
	for (const step of ["tcp", "tls"]) {
		cloud.arm(`drop-after=${step}:1`);
		await assert.rejects(
			register(cloud, "dev-001", { csr }).then((answer) => {
				if (answer === "closed") throw new Error("closed");
			}),
		);
	}
	cloud.arm("cut-after=5");
	assert.equal(await register(cloud, "dev-001", { csr }), "closed");
	cloud.disarm("cut-after");
	assert.throws(() => cloud.arm("no-such-fault"), RangeError);
});

test("CONNACK refusals, MQIsdp, QoS 2, unknown topics and user names are answered or closed cleanly", async () => {
	for (const code of [1, 2, 3, 4, 5]) {
		cloud.arm(`connack=${code}:1`);
		const probe = await Probe.dial(cloud);
		const username = `${cloud.idScope}/registrations/dev-001/api-version=2019-03-31`;
		assert.equal(await probe.connect({ username, clientId: "dev-001" }), code);
		await probe.ended();
	}
	const old = await Probe.dial(cloud);
	const connect = { protocolId: "MQIsdp", protocolVersion: 3 } as const;
	assert.equal(await old.connect({ username: "x", clientId: "dev-001", connect }), 1);
	const odd = await Probe.dial(cloud);
	assert.equal(await odd.connect({ username: "nobody", clientId: "dev-001" }), 4);
	const connected = async () => {
		const probe = await Probe.dial(cloud);
		const username = `${cloud.idScope}/registrations/dev-001/api-version=2019-03-31`;
		assert.equal(await probe.connect({ username, clientId: "dev-001" }), 0);
		return probe;
	};
	const foreign = await connected();
	assert.equal(await foreign.subscribe("devices/dev-001/messages/devicebound/#"), 0x80);
	assert.equal(await foreign.publish("anything/else", ""), "closed");
	const exact = await connected();
	exact.send({ cmd: "publish", topic: "$dps/x", payload: "", qos: 2, messageId: 1, dup: false, retain: false });
	await exact.ended();
	const noise = await Probe.dial(cloud);
	noise.raw(Buffer.from("EHLO localhost\r\n\r\n"));
	await noise.ended();
});

test("the server's certificate can be expired, for another name, or of another root", async () => {
	const codes: Record<string, string> = {
		"expired-server-cert": "CERT_HAS_EXPIRED",
		"wrong-server-name": "ERR_TLS_CERT_ALTNAME_INVALID",
		"untrusted-server": "SELF_SIGNED_CERT_IN_CHAIN",
	};
	for (const [fault, code] of Object.entries(codes)) {
		cloud.arm(`${fault}:1`);
		await assert.rejects(Probe.dial(cloud), { code }, fault);
		(await Probe.dial(cloud)).close();
	}
});

test("a fault's value is checked where it is given, with what may have been meant", () => {
	const refused: readonly (readonly [string, RegExp])[] = [
		["throttel", /no such fault: throttel; did you mean throttle\?/],
		["throttle=abc", /throttle=abc: expected a whole number from 0 to 86400/],
		["drop-after=assigned", /expected one of tcp .*; did you mean ASSIGNED\?/],
		["drop-after", /drop-after: expected one of/],
		["connack=6", /expected a whole number from 1 to 5/],
		["silent=1", /silent takes no value/],
		["throttle=1:0", /throttle=1:0: expected a whole number|NAME/],
	];
	for (const [text, said] of refused) assert.throws(() => new Faults().arm(text), said, text);
	for (const text of [
		"throttle",
		"throttle=2:3",
		"drop-after=ASSIGNED:1",
		"renew-csr-rejected=late",
		'payload={"a":1}',
	])
		new Faults().arm(text);
});

test("each fault refuses what it cannot have, by its name and with what it can have", () => {
	const refused = (name: string, value: string): void =>
		assert.throws(
			() => new Faults().arm(`${name}=${value}`),
			({ name: kind, message }: Error) =>
				kind === "RangeError" && message.startsWith(name) && /: expected \S|takes no value$/.test(message),
			`${name}=${value}`,
		);
	for (const name of Object.keys(FAULTS)) {
		// Any name of a profile, and JSON of any kind.
		if (name === "profile-mqttV5") continue;
		refused(name, "nonsense");
		if (name !== "payload") for (const value of ["-1", "1.5", "99999999999", "1e3", "nonsense:1"]) refused(name, value);
	}
	for (const name of [
		"san-flood",
		"desired-flood",
		"method-flood",
		"c2d-size",
		"upgrade-fields",
		"ping-flood",
		"c2d-flood",
		"dps-size",
	])
		for (const value of ["0", "1048577"]) refused(name, value);
	for (const shape of ["members", "members:0", "members:100001", "levels:5", "members:"]) refused("huge-twin", shape);
	for (const text of [
		"huge-twin=members:5:0",
		"huge-twin=deep:5:9999999999",
		"silent:0",
		"silent:9999999999",
		"=1",
		"",
	])
		assert.throws(() => new Faults().arm(text), RangeError, text);
});
