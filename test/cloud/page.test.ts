/** Every action of the cloud's page, in a real browser, by its effect on a real agent. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { app, appBundle } from "../support/app-release.ts";
import { type Browser, noBrowser, openBrowser } from "../support/browser.ts";
import { release } from "../support/updated.ts";
import { bench } from "./page-bench.ts";

const skip = noBrowser();
let browser: Browser;
before(async () => {
	if (!skip) browser = await openBrowser();
});
after(() => browser?.close());

describe("what the page does to a device", { skip }, () => {
	test("push desired properties: the agent gets them, and the twin shows them", () =>
		bench(browser, async ({ card, press, device }) => {
			await card("Push desired properties").getByLabel("Patch").fill('{"interval": 7}');
			await press("Push desired properties", "Push", /version 2/);
			await device.hears(({ what, value }) => what === "desired" && (value as { interval?: number }).interval === 7);
			await card("Twin: desired")
				.getByText(/"interval": 7/)
				.waitFor();
			await card("Push desired properties").getByLabel("Patch").fill("{interval");
			await press("Push desired properties", "Push", /not JSON/);
		}));

	test("call a method: the agent's handler answers, and the page shows the answer", () =>
		bench(browser, async ({ card, press, device }) => {
			await card("Call a method").getByLabel("Method").fill("blink");
			await card("Call a method").getByLabel("Payload").fill('{"times": 3}');
			await press("Call a method", "Call", /200 \{"blinked":\{"times":3\}\}/);
			assert.deepEqual((await device.hears(({ what }) => what === "method")).value, { times: 3 });
			await card("Call a method").getByLabel("Method").fill("dance");
			await press("Call a method", "Call", /404/);
			await card("Call a method").getByLabel("Method").fill("enrollee.status");
			await press("Call a method", "Call", /200 .*"state":"connected"/);
		}));

	test("send a message: the agent gets body and properties, and acknowledges", () =>
		bench(browser, async ({ card, press, device, cloud }) => {
			await card("Send a message").getByLabel("Body").fill("lamp on");
			await card("Send a message").getByLabel("Properties").fill('{"room": "7"}');
			await press("Send a message", "Send", /Sent as/);
			const { value } = await device.hears(({ what }) => what === "message");
			const { body, properties } = value as { body: string; properties: { room?: string } };
			assert.deepEqual([body, properties.room], ["lamp on", "7"]);
			await cloud.seen(({ event }) => event === "message-acknowledged");
		}));

	test("offer an update and withdraw it: the agent gets the offer as a desired property", () =>
		bench(browser, async ({ card, press, device }) => {
			await card("Offer an update").getByLabel("Address").fill("https://updates.example/agent.suit");
			await card("Offer an update").getByLabel("Sequence").fill("12");
			await press("Offer an update", "Offer", /Offered; version 2/);
			const { value } = await device.hears(
				({ what, value }) => what === "desired" && Object.hasOwn(value as object, "ota"),
			);
			assert.deepEqual(value, { ota: { url: "https://updates.example/agent.suit", sequence: 12 } });
			await card("Updates").getByText("sequence 12, https://updates.example/agent.suit").waitFor();
			const heard = device.heard.length;
			await press("Offer an update", "Withdraw", /Withdrawn; version 3/);
			const withdrawn = await device.hears(({ what }) => what === "desired", heard);
			assert.deepEqual(withdrawn.value, { ota: null });
		}));

	test("offer a bundle that lies in the cloud: the agent gets its address and sequence", () =>
		bench(browser, async ({ card, press, device, cloud }) => {
			const bundle = release(cloud, 4);
			await card("Offer an update").getByLabel("Bundle").focus();
			await card("Offer an update").getByLabel("Bundle").selectOption(bundle);
			await press("Offer an update", "Offer", /Offered: sequence 4/);
			const { value } = await device.hears(({ value }) => Object.hasOwn(Object(value), "ota"));
			const { ota } = value as { ota: { url: string; sequence: number } };
			assert.equal(ota.sequence, 4);
			assert(ota.url.endsWith(`/${bundle}`));
		}));

	test("offer a bundle of an application: it is another desired property, and shown", () =>
		bench(browser, async ({ card, press, device, cloud }) => {
			cloud.downloads.publish("sensor.suit", appBundle(app(1), 5));
			await card("Offer an update").getByLabel("Bundle").focus();
			await card("Offer an update").getByLabel("Bundle").selectOption("sensor.suit");
			await press("Offer an update", "Offer", /Offered: sequence 5/);
			await device.hears(({ value }) => Object.hasOwn(Object(value), "app"));
			await card("Updates")
				.getByText(`sequence 5, ${cloud.downloads.url("sensor.suit")}`)
				.waitFor();
		}));

	for (const [button, standing] of [
		["Revoke", "revoked"],
		["Expire", "expired"],
	] as const)
		test(`${button}: the agent loses its connection, enrols again, and works with the new certificate`, () =>
			bench(browser, async ({ card, press, attached, cloud }) => {
				const { serial } = await attached(1);
				await press("Certificates and connection", button, /every certificate/);
				const again = await attached(2);
				assert.notEqual(again.serial, serial);
				assert.equal(cloud.registrations.length, 2);
				const rows = card("Certificates").getByRole("row");
				await rows
					.filter({ hasText: serial!.slice(-8) })
					.filter({ hasText: standing })
					.waitFor();
				await rows
					.filter({ hasText: again.serial!.slice(-8) })
					.filter({ hasText: "in use" })
					.waitFor();
			}));

	test("Disconnect: the agent comes back with the certificate it has", () =>
		bench(browser, async ({ press, attached, cloud }) => {
			const { serial } = await attached(1);
			await press("Certificates and connection", "Disconnect", /Disconnected/);
			assert.equal((await attached(2)).serial, serial);
			assert.equal(cloud.registrations.length, 1);
		}));

	test("Move: the agent is refused, asks DPS, and connects to its other hub", () =>
		bench(browser, async ({ card, press, attached, page, cloud }) => {
			await card("Certificates and connection").getByLabel("Hub").selectOption("127.0.0.1");
			await press("Certificates and connection", "Move", /Moved to 127\.0\.0\.1/);
			const { username } = await attached(2);
			assert.match(username, /^127\.0\.0\.1/);
			assert.equal(cloud.registrations.length, 2);
			await page.getByText("hub 127.0.0.1").waitFor();
		}));

	test("Disable and Enable: the agent is refused by hub and DPS; after enabling it connects at its next start", () =>
		bench(browser, async ({ press, device, page, attached }) => {
			await press("Certificates and connection", "Disable", /Disabled/);
			await device.hears(({ what, value }) => what === "state" && String(value).startsWith("dps."));
			await page.getByRole("link", { name: "disabled dev-001" }).waitFor();
			device.agent.close();
			await press("Certificates and connection", "Enable", /Enabled/);
			device.boot();
			await attached(2);
		}));

	test("Release: a held renewal goes on, and the agent takes the new certificate", () =>
		bench(
			browser,
			async ({ press, device, page, attached }) => {
				const { serial } = await attached(1);
				device.agent.renew();
				await page.getByText(/renewal .* under way/).waitFor();
				await press("Certificates and connection", "Release", /Released/);
				const renewed = await attached(2);
				assert.notEqual(renewed.serial, serial);
			},
			{ faults: ["renew-hold"] },
		));
});

describe("what the page does to the cloud", { skip }, () => {
	test("Roll the CA: the agent stays; when the old roots are forgotten, it enrols again under the new one", () =>
		bench(browser, async ({ page, card, press, attached, device, cloud }) => {
			await page.getByRole("link", { name: "The cloud" }).click();
			await press("Device CA", "Roll the CA", /new root/);
			await card("Device CA").getByRole("row").filter({ hasText: "trusted" }).waitFor();
			assert.equal(device.agent.state, "connected");
			const old = cloud.ca.roots[1]!;
			await card("Device CA")
				.getByLabel(/Forget the old roots/)
				.check();
			await press("Device CA", "Roll the CA", /new root/);
			await attached(2);
			assert.equal(cloud.registrations.length, 2);
			await card("Device CA").getByText("trusted").waitFor({ state: "detached" });
			assert(!cloud.ca.roots.includes(old));
		}));

	test("Arm a fault: the agent meets it; Disarm: it meets it no more", () =>
		bench(browser, async ({ page, card, press, attached, device, cloud }) => {
			await page.getByRole("link", { name: "The cloud" }).click();
			await card("Faults").getByLabel("Fault").selectOption("connack");
			await card("Faults").getByText("refuse MQTT connections with return code N").waitFor();
			await card("Faults").getByLabel("Value").fill("3");
			await press("Faults", "Arm", /Armed: connack=3/);
			const heard = device.heard.length;
			cloud.operator.disconnect("dev-001");
			await device.hears(({ value }) => value === "mqtt.unavailable", heard);
			await page.getByRole("button", { name: "Disarm connack=3" }).click();
			await card("Faults").getByText("None is armed.").waitFor();
			await attached(2);
			await card("Faults").getByLabel("Times").fill("2");
			await press("Faults", "Arm", /Armed: connack=3:2/);
			await card("Faults").getByText("connack=3:2").first().waitFor();
		}));
});
