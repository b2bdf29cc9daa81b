/** Messages both ways and the agent's own operations against the local cloud, with reconnects in the middle. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { utf8Text } from "../../src/base/bytes.ts";
import { MOST_MESSAGE_BYTES, MOST_TELEMETRY_BYTES } from "../../src/hub/limits.ts";
import { FAULTS } from "../../src/remedies.ts";
import { Application, MESSAGES, METHODS, quiet, subscribed, withApplication } from "../support/application.ts";
import { Device, withCloud } from "../support/device.ts";
import { publish, times } from "../support/hostile/row.ts";

/** The first byte of one (MQTT 3.1.1, 3.2). */
const CONNACK = 0x20;

describe("cloud-to-device messages", () => {
	test("arrive, are acknowledged, and those sent while the device is away arrive when it is back", () =>
		withApplication(quiet, async (application, cloud) => {
			const { operator } = cloud;
			await subscribed(cloud, MESSAGES);
			const acknowledged = (id: string) =>
				cloud.seen((event: CloudEvent) => event.event === "message-acknowledged" && event.id === id);
			const first = operator.sendMessage("dev-001", "hello", { door: "open & shut" });
			await application.until(`message {"text":"hello","bytes":5,"id":"${first}","door":"open & shut"}`);
			await acknowledged(first);
			const at = application.seen.length;
			operator.disconnect("dev-001");
			await application.until("waiting", at);
			const ids = Array.from({ length: 50 }, (_, i) => operator.sendMessage("dev-001", `kept ${i}`));
			for (const [i, id] of ids.entries()) {
				await application.until(`message {"text":"kept ${i}","bytes":${`kept ${i}`.length},"id":"${id}"}`, at);
				await acknowledged(id);
			}
		}));

	test("that the hub had kept arrive all when they come in one piece of TCP with its CONNACK", () =>
		withApplication(quiet, async (application, cloud) => {
			await subscribed(cloud, MESSAGES);
			const kept = times(20, (i) => publish("devices/dev-001/messages/devicebound/", `kept ${i}`, i + 1));
			const open = cloud.service.open.bind(cloud.service);
			cloud.service.open = (peer, link) =>
				open(peer, {
					write: (bytes) => link.write(bytes[0] === CONNACK ? Buffer.concat([bytes, ...kept]) : bytes),
					close: () => link.close(),
				});
			const at = application.seen.length;
			cloud.operator.disconnect("dev-001");
			await subscribed(cloud, MESSAGES, 2);
			assert.deepEqual(
				application.seen.slice(at).flatMap((one) => /^message \{"text":"(kept \d+)"/.exec(one)?.[1] ?? []),
				times(20, (i) => `kept ${i}`),
			);
		}));

	test("of 64 KB with their properties arrive; a larger one is refused, acknowledged, and in nobody's way", () =>
		withApplication(quiet, async (application, cloud) => {
			await subscribed(cloud, MESSAGES);
			const around = "$.mid".length + 36 + "$.to".length + "/devices/dev-001/messages/deviceBound".length;
			cloud.operator.sendMessage("dev-001", "x".repeat(MOST_MESSAGE_BYTES - around));
			await application.until(`message {"text":"xxxxxxxxxxxxxxxxxxxx","bytes":${MOST_MESSAGE_BYTES - around}`);
			const refused = cloud.operator.sendMessage("dev-001", "y".repeat(MOST_MESSAGE_BYTES - around + 1));
			await cloud.seen((event: CloudEvent) => event.event === "message-acknowledged" && event.id === refused);
			cloud.operator.sendMessage("dev-001", "z");
			await application.until('message {"text":"z"');
			assert.deepEqual(
				application.seen.filter((one) => one.includes("yyy")),
				[],
			);
		}));
});

describe("telemetry", () => {
	test("of 256 KB passes, one byte more is refused and the next goes on", () =>
		withApplication({ ...quiet, queueBytes: "1000000" }, async (application, cloud) => {
			assert.equal(await application.telemetry(new Uint8Array(MOST_TELEMETRY_BYTES)), "ok");
			assert.equal(await application.telemetry(new Uint8Array(MOST_TELEMETRY_BYTES + 1)), "hub.too-large");
			assert.equal(await application.telemetry({ small: 1 }), "ok");
			assert.deepEqual(
				cloud.telemetry.map(({ body }) => body.length),
				[MOST_TELEMETRY_BYTES, 11],
			);
		}));

	test("that waits beyond the configured bound: the oldest go, are counted, and the rest arrives in order", () =>
		withApplication({ ...quiet, queueMessages: "3" }, async (application, cloud) => {
			cloud.operator.disconnect("dev-001");
			await application.until("waiting");
			const outcomes = await Promise.all([1, 2, 3, 4, 5].map((n) => application.telemetry({ n })));
			assert.deepEqual(outcomes, ["hub.queue-full", "hub.queue-full", "ok", "ok", "ok"]);
			assert.equal(application.agent.dropped, 2);
			assert.deepEqual(
				cloud.telemetry.map(({ body }) => utf8Text(body)),
				['{"n":3}', '{"n":4}', '{"n":5}'],
			);
		}));

	test("of the agent's health is off, until it is configured", () =>
		withApplication({ healthSeconds: "1" }, async (_, cloud) => {
			const { body } = await cloud.seen((event): event is Cloud["telemetry"][number] => event.event === "telemetry");
			const { enrollee } = JSON.parse(utf8Text(body));
			assert.deepEqual([enrollee.state, enrollee.dropped], ["connected", 0]);
		}));
});

describe("the agent's own operations", () => {
	test("status, renewal and restart by direct method", () => {
		let restarted = (): void => {};
		const restart = new Promise<void>((resolve) => {
			restarted = resolve;
		});
		return withApplication(
			{ firmware: "1.4.2" },
			async (application, cloud) => {
				await subscribed(cloud, METHODS);
				const call = async (name: string) => {
					const outcome = await cloud.operator.callMethod("dev-001", name);
					assert.ok("status" in outcome, JSON.stringify(outcome));
					return outcome as { status: number; payload: Record<string, never> };
				};
				const { status, payload } = await call("enrollee.status");
				assert.deepEqual([status, payload.state, payload.firmware, payload.faults], [200, "connected", "1.4.2", []]);
				const at = application.seen.length;
				assert.equal((await call("enrollee.renew")).status, 202);
				await application.until("connected", at);
				const serials = cloud.connections.filter(({ service }) => service === "hub").map(({ serial }) => serial);
				assert.equal(new Set(serials).size, 2);
				await subscribed(cloud, METHODS, 2);
				assert.equal((await call("enrollee.reboot")).status, 202);
				await restart;
			},
			{ restart: () => restarted() },
		);
	});

	test("the twin's section says firmware, certificate and, after a fault, its code and remedy", () =>
		withApplication({ firmware: "1.4.2" }, async (application, cloud) => {
			const reported = (times: number) => {
				let left = times;
				return cloud.seen((event: CloudEvent) => event.event === "reported" && --left === 0);
			};
			await reported(1);
			const section = () =>
				cloud.device("dev-001")!.reported.properties.enrollee as {
					firmware: string;
					certificate: { validUntil: string };
					faults: { code: string; remedy: string; count: number }[];
				};
			assert.equal(section().firmware, "1.4.2");
			assert.match(section().certificate.validUntil, /^20\d\d-\d\d-\d\dT[\d:.]+Z$/);
			assert.deepEqual(section().faults, []);
			cloud.operator.disconnect("dev-001");
			await application.until("waiting");
			await reported(2);
			const [fault] = section().faults;
			assert.deepEqual([fault!.code, fault!.count, fault!.remedy], ["hub.closed", 1, FAULTS["hub.closed"]]);
		}));

	test("are switched off one by one, and an application that uses nothing subscribes nothing", () =>
		withCloud({}, async (cloud) => {
			const device = new Device(cloud);
			const agent = device.boot(quiet);
			await new Promise<void>((resolve) => agent.telemetry("a", {}, () => resolve()));
			agent.close();
			await agent.finished;
			const filters = cloud.events.flatMap((event) => (event.event === "subscribed" ? [event.filter] : []));
			assert.deepEqual(filters, ["$dps/registrations/res/#"]);
			const application = new Application(device, { operations: "status" }, { methods: {} });
			await subscribed(cloud, METHODS);
			const outcomes = await Promise.all(
				["status", "renew", "reboot"].map((name) => cloud.operator.callMethod("dev-001", `enrollee.${name}`)),
			);
			assert.deepEqual(
				outcomes.map((outcome) => "status" in outcome && outcome.status),
				[200, 404, 404],
			);
			await application.stop();
		}));
});
