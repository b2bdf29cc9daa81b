/** What the cloud keeps: nothing that it has acknowledged is lost with the process, and a cut costs one line at most. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { appendFileSync, cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import { Devices } from "../../cloud/devices.ts";
import { type Folder, openFolder } from "../../cloud/folder.ts";
import { RegistryFile } from "../../cloud/registry-file.ts";
import { openState } from "../../cloud/state.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { enrol, openHub } from "./cloud-probe.ts";

/** As the disk is where the process is killed now. */
function killedNow(stateFolder: string): string {
	const copy = temporaryFolder();
	for (const name of readdirSync(stateFolder))
		if (/\.(json|log)$/.test(name)) cpSync(join(stateFolder, name), join(copy, name));
	return copy;
}

test("a device that was answered is known to the cloud after a kill, with what it reported", async () => {
	const stateFolder = temporaryFolder();
	const cloud = await startCloud({ stateFolder, retryAfterSeconds: 0, polls: 0 });
	try {
		const identity = await enrol(cloud, "dev-001");
		const afterEnrolment = killedNow(stateFolder);
		const { probe } = await openHub(cloud, "dev-001", { identity });
		await probe.subscribe("$iothub/twin/res/#");
		await probe.publish("$iothub/twin/PATCH/properties/reported/?$rid=1", '{"up":true}');
		assert.notEqual(await probe.message("$iothub/twin/res/204/"), "closed");
		const afterReport = killedNow(stateFolder);
		probe.close();

		const first = await startCloud({ stateFolder: afterEnrolment });
		const again = await openHub(first, "dev-001", { identity });
		assert.equal(again.connack, 0);
		assert.equal(first.device("dev-001")?.certificates.length, 1);
		again.probe.close();
		await first.close();
		const second = await startCloud({ stateFolder: afterReport });
		assert.deepEqual(second.device("dev-001")?.reported.properties, { up: true });
		await second.close();
	} finally {
		await cloud.close();
	}
});

const OPTIONS = { registrationId: "dev-001", deviceId: undefined, issuing: "P-256", tlsKey: "P-256", now: 0 } as const;

test("killed after any write of its first start, a cloud knows the onboarding certificate that it keeps", async () => {
	let writes = Number.POSITIVE_INFINITY;
	for (let cut = 1; cut < writes; cut++) {
		const folder = openFolder(temporaryFolder());
		try {
			let count = 0;
			const write = (name: string, text: string) => {
				if (count++ === cut) throw new Error("killed");
				return folder.write(name, text);
			};
			await openState({ ...folder, write }, OPTIONS).then(
				() => {
					writes = count;
				},
				() => {},
			);
			for (const start of [1, 2]) await knowsItsOnboarding(folder, `write ${cut}, start ${start}`);
		} finally {
			folder.close();
		}
	}
});

test("an onboarding certificate of another authority is replaced, one of this one stays", async () => {
	const folder = openFolder(temporaryFolder());
	try {
		const first = await openState(folder, OPTIONS);
		rmSync(folder.path("ca.json"));
		const second = await knowsItsOnboarding(folder, "another CA");
		assert.notEqual(second, first.onboarding.certificate);
		assert.equal(await knowsItsOnboarding(folder, "the same CA"), second);
	} finally {
		folder.close();
	}
});

async function knowsItsOnboarding(folder: Folder, why: string): Promise<string> {
	const { ca, onboarding } = await openState(folder, OPTIONS);
	const { raw } = new X509Certificate(onboarding.certificate);
	assert.ok("serial" in ca.examine([raw], OPTIONS.registrationId, OPTIONS.now, "onboarding"), why);
	return onboarding.certificate;
}

test("a folder that goes away fails what would be kept, and neither the cloud nor what need not be", async () => {
	const stateFolder = temporaryFolder();
	const cloud = await startCloud({ stateFolder, apiPort: 0, retryAfterSeconds: 0, polls: 0 });
	const { apiUrl, apiToken } = cloud.ready;
	const call = async (method: string, path: string): Promise<number> =>
		(await fetch(`${apiUrl}${path}`, { method, headers: { authorization: `Bearer ${apiToken}` } })).status;
	cloud.operator.createDevice("dev-001");
	rmSync(stateFolder, { recursive: true });
	try {
		assert.equal(await call("POST", "/devices/dev-001/disable"), 500);
		assert.equal(await call("POST", "/ca/roll"), 500);
		assert.equal(await call("GET", "/devices/dev-001"), 200);
		assert.equal(await call("GET", "/updates"), 500);
	} finally {
		await assert.rejects(cloud.close());
	}
});

test("what a cut left of a line is no device, and the lines beside it are read", () => {
	const root = temporaryFolder();
	const folder = openFolder(root);
	try {
		const { devices } = registry(folder);
		devices.at("one", "hub.example");
		appendFileSync(join(root, "devices.log"), '\n{"id":"half","hub":"hub.ex');
		const two = devices.at("two", "hub.example");
		devices.at("one/module", "hub.example", "a2V5");
		devices.removeModules("one");
		two.hub = "other.example";
		devices.changed(two);
		const read = RegistryFile.read(folder);
		assert.deepEqual(
			read.map(({ id, hub }) => [id, hub]),
			[
				["one", "hub.example"],
				["two", "other.example"],
			],
		);
	} finally {
		folder.close();
	}
});

test("the log goes into the registry when it is longer, and both say the same where the cut falls between", () => {
	const root = temporaryFolder();
	const folder = openFolder(root);
	try {
		const { devices } = registry(folder);
		const device = devices.at("one", "hub.example");
		const [log, whole] = [join(root, "devices.log"), join(root, "devices.json")];
		let before = "";
		for (let i = 0; !existsSync(whole); i++) {
			before = readFileSync(log, "utf8");
			device.reported = { ...device.reported, properties: { i, text: "x".repeat(8000) } };
			devices.changed(device);
			assert(statSync(log).size < 1.1 * 1024 * 1024, "the log grows without end");
		}
		assert.equal(statSync(log).size, 0);
		const read = RegistryFile.read(folder);
		assert.deepEqual(read, devices.save());
		// The registry was written, and the log not cleared yet.
		const last = JSON.stringify(read[0]);
		appendFileSync(log, `${before}\n${last}`);
		assert.deepEqual(RegistryFile.read(folder), read);
	} finally {
		folder.close();
	}
});

function registry(folder: ReturnType<typeof openFolder>) {
	const file = new RegistryFile(folder, () => devices.save());
	const devices = new Devices([], {
		changed: (device) => file.add(device),
		removed: (id) => file.add({ id, gone: true }),
	});
	return { devices };
}

test("of a device's certificates a hundred are remembered, and ten with their chains: all of it is written at each change", () => {
	const written: string[] = [];
	const devices = new Devices([], {
		changed: (device) => void written.push(JSON.stringify(device)),
		removed: () => {},
	});
	const device = devices.at("dev-001", "localhost");
	const chain = [new Uint8Array(1000), new Uint8Array(1000), new Uint8Array(1000)];
	for (let i = 0; i < 120; i++) devices.issued(device, { serial: `${i}`, notBefore: 0, notAfter: 1, chain });
	assert.deepEqual(
		device.certificates.map(({ serial }) => serial),
		Array.from({ length: 100 }, (_, i) => `${119 - i}`),
	);
	assert.equal(device.certificates.filter((certificate) => "chain" in certificate).length, 10);
	assert.equal(device.certificates[9]!.chain?.length, 3);
	device.certificates = device.certificates.map((certificate) => ({ ...certificate, standing: "revoked" }));
	assert.equal(devices.standing("dev-001", "20"), "revoked");
	// 410 KB with all the chains.
	assert.ok(written.at(-1)!.length < 60_000, `${written.at(-1)!.length}`);
});
