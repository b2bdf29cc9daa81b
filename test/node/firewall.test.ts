/**
 * The agent on Node at a site where port 8883 is closed: enrolled, renewed and updated over 443, and back with what it has;
 * what `doctor` says there.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import type { CloudEvent } from "../../cloud/event.ts";
import { examineTls, examineWay } from "../../hw/node/doctor-way.ts";
import { noSite, openSite } from "../support/firewall.ts";
import { offer, reported, UpdatedDevice } from "../support/updated.ts";

test("8883 refused: enrols, renews and updates over 443, remembers it, and needs nothing new when 8883 opens", {
	skip: await noSite(),
}, async () => {
	const site = await openSite(1);
	const { cloud } = site;
	const id = cloud.registrationId;
	const device = new UpdatedDevice(cloud, () => ({ dps: site.dps }));
	const changes = () => device.steps.filter(({ step }) => step === "transport").map(({ detail }) => detail);
	const transports = () => cloud.connections.map(({ service, transport }) => `${service} ${transport}`);
	const methods = (event: CloudEvent) => event.event === "subscribed" && event.filter.startsWith("$iothub/methods");
	const ways = () =>
		device.steps
			.filter(({ step }) => step === "dps.connected" || step === "hub.connected")
			.map(({ step, detail }) => `${step} ${detail?.port} ${detail?.transport}`);
	const change = { failed: "wire.refused", next: "ws" };
	try {
		await cloud.seen(methods);
		assert.deepEqual(transports(), ["dps ws", "hub ws"]);
		assert.deepEqual(changes(), [change]);
		assert.deepEqual(ways(), ["dps.connected 443 ws", "hub.connected 443 ws"], "the log says where it went");

		const asked = await cloud.operator.callMethod(id, "enrollee.renew");
		assert.equal("status" in asked && asked.status, 202);
		await device.logged("credential.proven", 2);
		cloud.operator.disconnect(id);
		await cloud.seen(() => transports().length >= 4);
		assert.deepEqual(changes(), [change], "neither the new certificate nor a lost connection tries 8883 again");

		await reported(cloud, ({ state }) => state === "idle");
		offer(cloud);
		await reported(cloud, ({ installed }) => installed === 2);
		assert.deepEqual(device.boots, ["ota_0", "ota_1"]);
		assert.deepEqual(changes(), [change, change], "a boot tries it once");
		assert(!transports().some((transport) => transport.endsWith("mqtt")), transports().join());
		await device.stop();

		await site.set8883("open");
		const { fault, steps } = await device.device.once({ dps: site.dps });
		assert.equal(fault, undefined);
		const { port, transport } = steps.find(({ step }) => step === "hub.connected")!.detail!;
		assert.deepEqual([port, transport], [8883, undefined]);
		assert.equal(transports().at(-1), "hub mqtt");
		assert.equal(cloud.connections.at(-1)!.serial, cloud.device(id)!.certificates[0]!.serial);
		assert.equal(cloud.registrations.length, 1);
		assert.equal(cloud.device(id)!.certificates.length, 2, "issued: enrolment and renewal");
	} finally {
		await device.stop();
		await site.close();
	}
});

test("doctor: a closed 8883 is no trouble where 443 answers and may be used", { skip: await noSite() }, async () => {
	const site = await openSite(4);
	const said = async (transport: string) => {
		const findings: string[] = [];
		const endpoint = { host: site.dps, port: 8883 };
		const socket = await examineWay(endpoint, transport, ({ name, state }) => findings.push(`${name} ${state}`), {});
		if (socket !== undefined) {
			const { name, state } = await examineTls(socket, endpoint, [readFileSync(site.cloud.rootCa, "utf8")]);
			findings.push(`${name} ${state}`);
		}
		return findings;
	};
	try {
		assert.deepEqual(await said("auto"), ["dns good", "port 8883 note", "port 443 good", "tls good"]);
		assert.deepEqual(await said("ws"), ["dns good", "port 443 good", "tls good"]);
		assert.deepEqual(await said("mqtt"), ["dns good", "port 8883 bad"]);
		await site.set8883("open");
		assert.deepEqual(await said("auto"), ["dns good", "port 8883 good", "tls good"]);
	} finally {
		await site.close();
	}
});
