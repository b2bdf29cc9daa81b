/** examples/node-gateway as a process against the local cloud: lines in, commands out, with a reconnect in the middle. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { utf8Text } from "../../src/base/bytes.ts";

const root = join(import.meta.dirname, "..", "..");
const main = join(root, "examples/node-gateway/main.js");
const skip = existsSync(join(root, "dist/node/enrollee.js")) ? false : "SKIPPED: not built (npm run build)";

test("the example has at most 60 lines", () => {
	const { length } = readFileSync(main, "utf8").trimEnd().split("\n");
	assert.equal(length <= 60, true, `${length} lines`);
});

test("the gateway forwards lines, follows its twin, answers methods and prints commands", { skip }, async () => {
	const cloud = await startCloud({ polls: 0 });
	const state = mkdtempSync(join(tmpdir(), "enrollee-gateway-"));
	const id = cloud.registrationId;
	const gateway = spawn(process.execPath, [main], {
		env: {
			PATH: process.env.PATH,
			ENROLLEE_STATE: state,
			ENROLLEE_DPS: `${cloud.host}:${cloud.port}`,
			ENROLLEE_ID_SCOPE: cloud.idScope,
			ENROLLEE_REGISTRATION_ID: id,
			ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey,
			ENROLLEE_CA: cloud.rootCa,
		},
		stdio: ["pipe", "pipe", "pipe"],
	});
	let log = "";
	gateway.stderr.setEncoding("utf8").on("data", (text: string) => {
		log += text;
	});
	const ended = new Promise<number | null>((resolve) => gateway.once("exit", resolve));
	const commands = createInterface({ input: gateway.stdout })[Symbol.asyncIterator]();
	const write = (record: object | string) =>
		gateway.stdin.write(`${typeof record === "string" ? record : JSON.stringify(record)}\n`);
	const nth = (fits: (event: CloudEvent) => boolean, times = 1) => {
		let left = times;
		return cloud.seen((event: CloudEvent) => fits(event) && --left === 0);
	};
	const scenario = async () => {
		await nth((event) => event.event === "subscribed" && event.filter.startsWith("devices/"));
		cloud.operator.pushDesired(id, { devices: { "pump-2": false } });
		await nth((event) => event.event === "reported" && "devices" in (event.patch as object));
		assert.deepEqual(cloud.device(id)!.reported.properties.devices, { "pump-2": false });
		write({ device: "pump-1", id: 7, flow: 1.5 });
		write({ device: "pump-2", flow: 9 });
		write("no JSON");
		write("null");
		await nth((event) => event.event === "telemetry");
		cloud.operator.sendMessage(id, "stop", { target: "pump-1", "$.cid": "c-7" });
		const { value } = await commands.next();
		const { command, correlationId, properties } = JSON.parse(value as string);
		assert.deepEqual([command, correlationId, properties.target], ["stop", "c-7", "pump-1"]);
		cloud.operator.disconnect(id);
		write({ device: "pump-1", answers: correlationId, stopped: true });
		await nth((event) => event.event === "telemetry", 2);
		assert.deepEqual(
			cloud.telemetry.map(({ body, properties }) => [JSON.parse(utf8Text(body)), properties]),
			[
				[{ flow: 1.5 }, { device: "pump-1", "$.mid": "7", "$.ct": "application/json", "$.ce": "utf-8" }],
				[{ stopped: true }, { device: "pump-1", "$.cid": "c-7", "$.ct": "application/json", "$.ce": "utf-8" }],
			],
		);
		await nth((event) => event.event === "subscribed" && event.filter.startsWith("$iothub/methods"), 2);
		const counts = await cloud.operator.callMethod(id, "counts");
		assert.deepEqual(counts, { status: 200, payload: { sent: 2, ignored: 3, lost: 0, dropped: 0 } });
		gateway.kill("SIGTERM");
		assert.equal(await ended, 0);
	};
	const failed = ended.then((code) => {
		if (code !== 0) throw new Error(`the gateway ended with ${code}:\n${log}`);
	});
	try {
		await Promise.race([scenario(), failed.then(() => new Promise<never>(() => {}))]);
	} finally {
		failed.catch(() => {});
		gateway.kill("SIGKILL");
		await cloud.close();
		rmSync(state, { recursive: true, force: true });
	}
});
