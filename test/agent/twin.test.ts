/** Twin and methods of a running agent against the local cloud, with reconnects in the middle. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { AgentOptions } from "../../src/agent.ts";
import { MOST_METHOD_BYTES, MOST_SECTION_BYTES } from "../../src/hub/limits.ts";
import { sectionBytes } from "../../src/hub/section.ts";
import { Application, entropy, METHODS, quiet, subscribed, withApplication } from "../support/application.ts";
import { Device, withCloud } from "../support/device.ts";

describe("the twin", () => {
	test("is read, followed, read again after a reconnect with what changed meanwhile, and reported", () =>
		withApplication(quiet, async (application, cloud) => {
			const { operator } = cloud;
			let at = await application.until("all {}");
			operator.pushDesired("dev-001", { rate: 5, mode: "eco" });
			at = await application.until('patch {"rate":5,"mode":"eco"}', at);
			assert.equal(await application.report({ rate: 5, gone: 1 }), 2);
			operator.disconnect("dev-001");
			await application.until("waiting", at);
			operator.pushDesired("dev-001", { rate: 7, mode: null });
			const both = Promise.all([application.report({ rate: 7 }), application.report({ gone: null })]);
			await application.until('all {"rate":7}', at);
			assert.deepEqual(await both, [3, 3]);
			const { version, properties } = cloud.device("dev-001")!.reported;
			assert.deepEqual({ version, properties }, { version: 3, properties: { rate: 7 } });
			operator.pushDesired("dev-001", { rate: 8 });
			await application.until('patch {"rate":8}', at);
		}));

	test("of another hub is another: versions begin anew, it is delivered whole, and all is reported again", () => {
		let application: Application | undefined;
		return withApplication(
			{ operations: "twin" },
			async (running, cloud) => {
				application = running;
				const { operator } = cloud;
				await running.until("all {}");
				for (const rate of [1, 2, 3, 4, 5]) operator.pushDesired("dev-001", { rate });
				await running.until('patch {"rate":5}');
				await running.report({ seen: 5 });
				const first = cloud.device("dev-001")!;
				assert.deepEqual([first.desired.version, first.reported.properties.seen], [6, 5]);
				let at = running.seen.length;
				operator.move("dev-001", "127.0.0.1");
				operator.pushDesired("dev-001", { mode: "eco" }); // its version 2, below what the device has seen
				at = await running.until('all {"mode":"eco"}', at);
				assert.equal(running.seen.filter((one) => one === "new").length, 1);
				operator.pushDesired("dev-001", { mode: "fast" });
				await running.until('patch {"mode":"fast"}', at);
				assert.ok(!running.seen.slice(at - 1).some((one) => one.includes("rate")));
				await running.report({ seen: 0 });
				const { properties } = cloud.device("dev-001")!.reported;
				assert.deepEqual([properties.seen, Object.keys(properties).sort()], [0, ["certificate", "enrollee", "seen"]]);
				assert.match(cloud.connections.at(-1)!.username, /^127\.0\.0\.1\//);
			},
			{
				twin: {
					onDesired: (properties, { complete }) => application?.note(complete ? "all" : "patch", properties),
					onNew: () => application?.note("new"),
				},
			},
		);
	});

	test("of a hub that drops the connection on a report: reported again", () =>
		withApplication(quiet, async (application, cloud) => {
			await application.until("all");
			cloud.arm("drop-after=TWIN-PATCH:1");
			assert.equal(await application.report({ a: 1 }), 2);
			assert.deepEqual(cloud.device("dev-001")!.reported.properties, { a: 1 });
		}));

	test("of a hub that says nothing: telemetry goes on", () =>
		withCloud({ faults: ["silent"] }, async (cloud) => {
			const application = new Application(new Device(cloud), {}, { entropy });
			assert.equal(await application.telemetry({ a: 1 }), "ok");
			assert.equal(await application.telemetry({ a: 2 }), "ok");
			assert.deepEqual([cloud.telemetry.length, application.seen.filter((one) => one === "connected").length], [2, 1]);
			await application.stop();
		}));

	test("of 32 KB by the hub's count passes, one byte more is refused: before it is sent, or by the hub where it adds up", () =>
		withApplication(quiet, async (application, cloud) => {
			const filled = (bytes: number) =>
				Object.fromEntries(
					[..."abcdefghi"].map((name, i) => [name, "x".repeat(Math.max(0, Math.min(4000, bytes - 9 - 4000 * i)))]),
				);
			await application.report(filled(MOST_SECTION_BYTES));
			assert.equal(sectionBytes(cloud.device("dev-001")!.reported.properties), MOST_SECTION_BYTES);
			await assert.rejects(application.report(filled(MOST_SECTION_BYTES + 1)), { code: "hub.too-large" });
			const reports = cloud.events.filter(({ event }) => event === "reported");
			assert.equal(reports.length, 1);
			await assert.rejects(application.report({ z: "" }), { code: "hub.bad-request" });
		}));

	test("of 4,000 small members, 48,001 bytes of JSON and 24,000 by the hub's count, passes", () =>
		withApplication(quiet, async (application, cloud) => {
			const members = Object.fromEntries(
				Array.from({ length: 4000 }, (_, i) => [`k${i.toString(36).padStart(3, "0")}`, "on"]),
			);
			await application.report(members);
			assert.deepEqual(cloud.device("dev-001")!.reported.properties, members);
			assert.equal(sectionBytes(members), 24_000);
		}));
});

describe("direct methods", () => {
	test("are answered, unknown and failing ones too, and again after a reconnect", () =>
		withApplication(quiet, async (application, cloud) => {
			const { operator } = cloud;
			const call = (name: string, payload?: unknown) => operator.callMethod("dev-001", name, payload);
			await subscribed(cloud, METHODS);
			assert.deepEqual(await call("echo", { a: [1, null] }), { status: 200, payload: { a: [1, null] } });
			assert.deepEqual(await call("nothing"), { status: 404, payload: { message: "no such method" } });
			assert.equal(((await call("throws")) as { status: number }).status, 500);
			const at = application.seen.length;
			operator.disconnect("dev-001");
			await application.until("connected", at);
			await subscribed(cloud, METHODS, 2);
			assert.deepEqual(await call("echo", 7), { status: 200, payload: 7 });
		}));

	test("of 128 KB pass both ways", () =>
		withApplication(quiet, async (_, cloud) => {
			await subscribed(cloud, METHODS);
			const payload = "x".repeat(MOST_METHOD_BYTES - 2);
			assert.deepEqual(await cloud.operator.callMethod("dev-001", "echo", payload), { status: 200, payload });
			const more = (await cloud.operator.callMethod("dev-001", "echo", `${payload}x`)) as { status: number };
			assert.equal(more.status, 413);
		}));

	test("one that answers after its connection has gone answers nobody", () => {
		const answers: (() => void)[] = [];
		const methods: AgentOptions["methods"] = {
			slow(_, respond) {
				answers.push(() => respond(200, "late"));
				application?.note("called");
			},
		};
		let application: Application | undefined;
		return withApplication(
			quiet,
			async (running, cloud) => {
				application = running;
				await subscribed(cloud, METHODS);
				const outcome = cloud.operator.callMethod("dev-001", "slow");
				await running.until("called");
				cloud.operator.disconnect("dev-001");
				assert.deepEqual(await outcome, { error: "offline" });
				await running.until("connected", await running.until("waiting"));
				await subscribed(cloud, METHODS, 2);
				const again = cloud.operator.callMethod("dev-001", "slow");
				await running.until("called", await running.until("called"));
				answers[0]!();
				answers[1]!();
				assert.deepEqual(await again, { status: 200, payload: "late" });
			},
			{ methods },
		);
	});
});
