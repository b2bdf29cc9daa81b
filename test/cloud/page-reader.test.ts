/** The page for who looks at it: what was and is not any more, what is searched and not there, numbers as plots, files to take away. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import { type Browser, noBrowser, openBrowser } from "../support/browser.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { bench } from "./page-bench.ts";

const skip = noBrowser();
let browser: Browser;
before(async () => {
	if (!skip) browser = await openBrowser();
});
after(() => browser?.close());

describe("the page", { skip }, () => {
	test("without its cloud says so and goes grey; a cloud that is started again it finds by itself", async () => {
		const stateFolder = temporaryFolder();
		const first = await startCloud({ stateFolder, apiPort: 0 });
		const page = await browser.newPage();
		await page.goto(first.pageUrl!);
		await page.getByText("live").waitFor();
		const filter = () => page.evaluate<string>("getComputedStyle(document.querySelector('main')).filter");
		assert.equal(await filter(), "none");
		await first.close();
		await page.getByText(/cloud stopped, what is shown is of \d\d:\d\d:\d\d; trying again/).waitFor();
		assert.equal(await filter(), "grayscale(1)");
		const second = await startCloud({ stateFolder, apiPort: Number(new URL(first.apiUrl!).port) });
		await page.getByText("live").waitFor();
		assert.equal(await filter(), "none");
		await page.close();
		await second.close();
	});

	test("another cloud at its address is said to be one, with a way to try again", async () => {
		const first = await startCloud({ apiPort: 0 });
		const page = await browser.newPage();
		await page.goto(first.pageUrl!);
		await page.getByText("live").waitFor();
		await first.close();
		await page.getByText(/cloud stopped/).waitFor();
		const second = await startCloud({ apiPort: Number(new URL(first.apiUrl!).port) });
		await page.getByText(/this is another cloud/).waitFor();
		await page.getByRole("button", { name: "Reconnect" }).click();
		await page.getByText(/this is another cloud/).waitFor();
		await page.close();
		await second.close();
	});

	test("a device that there is not: said so, and shown once it is there", () =>
		bench(browser, async ({ page, cloud }) => {
			await page.evaluate("location.hash = '#device/dev-777'");
			await page.getByText("unknown device").waitFor();
			cloud.operator.createDevice("dev-777");
			await page.getByRole("main").getByText("offline").waitFor();
			await page.getByText("unknown device").waitFor({ state: "detached" });
			await page.evaluate("location.hash = '#device/%'");
			await page.getByText("unknown device").waitFor();
		}));

	test("what cannot be taken back is asked about: Cancel and Escape do nothing", () =>
		bench(browser, async ({ page, card, cloud }) => {
			const act = card("Certificates and connection");
			for (const button of ["Revoke", "Disable"]) {
				await act.getByRole("button", { name: button, exact: true }).click();
				await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
				await act.getByRole("button", { name: button, exact: true }).click();
				await page.keyboard.press("Escape");
				await page.getByRole("alertdialog").waitFor({ state: "detached" });
			}
			await page.getByRole("link", { name: "The cloud" }).first().click();
			await card("Device CA").getByRole("button", { name: "Roll the CA" }).click();
			await page.keyboard.press("Escape");
			assert.equal(cloud.device("dev-001")!.certificates[0]!.standing, "valid");
			assert.equal(cloud.ca.roots.length, 1);
			assert.ok(!cloud.events.some(({ event }) => event === "operator"));
		}));

	test("Enter in the search opens the match; states narrow the list", () =>
		bench(browser, async ({ page, cloud }) => {
			for (const id of ["dev-010", "dev-01", "other"]) cloud.operator.createDevice(id);
			const links = page.getByRole("navigation").locator("li:not([hidden]) a > :nth-child(2)");
			await page.getByRole("link", { name: "other" }).waitFor();
			await page.getByLabel("Find a device").fill("dev-01");
			await page.keyboard.press("Enter");
			await page.getByRole("heading", { name: "dev-01", exact: true }).waitFor();
			await page.getByLabel("Find a device").fill("OTH");
			await page.keyboard.press("Enter");
			await page.getByRole("heading", { name: "other" }).waitFor();
			await page.getByLabel("Find a device").fill("nobody");
			await page.getByText("No such device.").waitFor();
			await page.getByLabel("Find a device").fill("");
			const shown = async (state: string) => {
				await page.getByLabel("Show devices that are").selectOption(state);
				return (await links.allTextContents()).slice(1);
			};
			assert.deepEqual(await shown("connected"), ["dev-001"]);
			assert.deepEqual(await shown("offline"), ["dev-01", "dev-010", "other"]);
			cloud.operator.setDisabled("other", true);
			await page.getByRole("link", { name: "disabled other" }).waitFor();
			assert.deepEqual(await shown("disabled"), ["other"]);
			assert.deepEqual(await shown("renewing"), []);
		}));

	test("each device's log is kept for 2,000 lines, whatever the others say", () =>
		bench(browser, async ({ page }) => {
			await page.getByLabel("this device only").check();
			const lines = page.getByLabel("Log lines").getByRole("listitem");
			await lines.filter({ hasText: "CONNECT" }).first().waitFor();
			for (const text of await lines.allTextContents()) assert.match(text, /dev-001/);
			const lengths = await page.evaluate<number[]>(`(async () => {
				const { entriesOf, keep, keepOlderThan } = await import("/page/entries.js");
				const entries = (deviceId, count) => Array.from({ length: count }, (_, at) => ({ time: at, deviceId }));
				keep(entries("a", 2500));
				for (let i = 0; i < 20; i++) keep(entries("b", 500));
				const before = [entriesOf("a").length, entriesOf("a")[0].time, entriesOf("b").length, entriesOf(undefined).length];
				keepOlderThan(600);
				return [...before, entriesOf("a").length];
			})()`);
			assert.deepEqual(lengths, [2000, 500, 2000, 2000, 100]);
		}));

	test("every number of the telemetry has a plot", () =>
		bench(browser, async ({ card, device }) => {
			for (const [celsius, volts] of [
				[20, 3.3],
				[22.5, 3.2],
				[21, 3.1],
			])
				device.agent.telemetry({ celsius, power: { volts }, name: "x" });
			const plot = (name: RegExp) => card("Numbers").getByRole("img", { name });
			await plot(/^celsius: 3 values, last 21, from 20 to 22\.5$/).waitFor();
			await plot(/^power\.volts: 3 values, last 3\.1, from 3\.1 to 3\.3$/).waitFor();
			assert.equal(await card("Numbers").getByRole("img").count(), 2);
		}));

	test("twin, telemetry and certificates are files to take away", () =>
		bench(browser, async ({ page, card, device, cloud }) => {
			device.agent.telemetry({ text: '=1+1, "quoted"' });
			await cloud.seen(({ event }) => event === "telemetry");
			await card("Telemetry").getByText("quoted").waitFor();
			const saved = async (button: string) => {
				const [download] = await Promise.all([
					page.waitForEvent("download"),
					card("Export").getByRole("button", { name: button, exact: true }).click(),
				]);
				return { name: download.suggestedFilename(), text: readFileSync(await download.path(), "utf8") };
			};
			const twin = await saved("Twin, JSON");
			assert.deepEqual([twin.name, JSON.parse(twin.text).deviceId], ["dev-001-twin.json", "dev-001"]);
			assert.equal(JSON.parse((await saved("Telemetry, JSON")).text)[0].body, '{"text":"=1+1, \\"quoted\\""}');
			const [head, line] = (await saved("Telemetry, CSV")).text.split("\r\n");
			assert.equal(head, "time,body,properties");
			assert.match(line!, /^20\d\d-.*Z,"\{""text"":""=1\+1, \\""quoted\\""""\}",/);
			const [certificate] = JSON.parse((await saved("Certificates, JSON")).text);
			assert.match((await saved("Certificates, CSV")).text, new RegExp(`^serial,.*\r\n${certificate.serial},20`));
			const { text } = await saved("Certificates, PEM");
			assert.equal(text.match(/-----BEGIN CERTIFICATE-----/g)?.length, 3);
		}));

	test("a new device's key is shown on demand, with the command that enrols it", () =>
		bench(browser, async ({ page, card, cloud }) => {
			await page.getByRole("link", { name: "The cloud" }).first().click();
			await card("Enrol a device").getByRole("textbox", { name: "Registration id" }).fill("new-one");
			await card("Enrol a device").getByRole("button", { name: "Show its key" }).click();
			await card("Enrol a device").getByText("Derived from the group's key").waitFor();
			const { key } = cloud.operator.enrolment("new-one");
			assert.ok(
				(await card("Enrol a device").textContent()).includes(`ENROLLEE_SYMMETRIC_KEY=${key} npx enrollee run`),
			);
			for (const what of ["ID scope", "Registration id", "Symmetric key", "Command"])
				assert.equal(
					await card("Enrol a device")
						.getByRole("button", { name: `Copy ${what}` })
						.count(),
					1,
				);
			await card("Enrol a device").getByRole("textbox", { name: "Registration id" }).fill(".bad");
			await card("Enrol a device").getByRole("button", { name: "Show its key" }).click();
			await card("Enrol a device").locator("output.bad").first().waitFor();
		}));
});
