/** The cloud's page: what it shows, to whom, by keyboard, in the light and in the dark, and from the built package. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, describe, test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import { type Browser, noBrowser, openBrowser } from "../support/browser.ts";
import { bench } from "./page-bench.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const skip = noBrowser();
let browser: Browser;
before(async () => {
	if (!skip) browser = await openBrowser();
});
after(() => browser?.close());

describe("in a browser", { skip }, () => {
	test("telemetry and the wire appear as they happen; no secret does", () =>
		bench(browser, async ({ page, card, device, cloud }) => {
			device.agent.telemetry({ temperature: 21.5 });
			await card("Telemetry").getByText('{"temperature":21.5}').waitFor();
			const lines = page.getByLabel("Log lines").getByRole("listitem");
			const published = lines.filter({ hasText: "devices/dev-001/messages/events/" });
			await published.filter({ hasText: "21.5" }).first().waitFor();
			const connects = await lines.filter({ hasText: "CONNECT" }).allTextContents();
			assert(connects.some((text) => text.includes("SharedAccessSignature") && text.includes("sig=•••")));
			const text = await page.content();
			assert.doesNotMatch(text, /sig=(?!•••)/);
			for (const secret of [cloud.symmetricKey, cloud.groupKey, cloud.apiToken!]) assert(!text.includes(secret));
		}));

	test("the log can be filtered, paused and cleared", () =>
		bench(browser, async ({ page, device, cloud }) => {
			const lines = page.getByLabel("Log lines").locator("li:not([hidden])");
			await page.getByLabel("Filter the log").fill("CONNACK");
			assert((await lines.allTextContents()).every((text) => text.includes("CONNACK")));
			await page.getByLabel("Filter the log").fill("");
			await page.getByLabel("packets").uncheck();
			assert.equal(await lines.filter({ hasText: "PUBLISH" }).count(), 0);
			await page.getByLabel("packets").check();
			await page.getByLabel("pause").check();
			await page.getByRole("button", { name: "Clear" }).click();
			device.agent.telemetry({ paused: true });
			await cloud.seen(({ event }) => event === "telemetry");
			await page.getByRole("region", { name: "Telemetry", exact: true }).getByText('{"paused":true}').waitFor();
			assert.equal(await lines.count(), 0);
			await page.getByLabel("pause").uncheck();
			await lines.filter({ hasText: "paused" }).first().waitFor();
		}));

	test("by keyboard alone: find a device, open it, push a property", () =>
		bench(browser, async ({ page, device }) => {
			await page.keyboard.press("/");
			await page.keyboard.type("cloud");
			await page.keyboard.press("ArrowDown");
			await page.keyboard.press("Enter");
			await page.getByRole("heading", { name: "The cloud" }).waitFor();
			await page.keyboard.press("/");
			await page.getByLabel("Find a device").fill("DEV");
			await page.keyboard.press("ArrowDown");
			await page.keyboard.press("ArrowDown");
			await page.keyboard.press("Enter");
			await page.getByRole("heading", { name: "dev-001" }).waitFor();
			for (let tabs = 0; (await page.evaluate("document.activeElement.textContent")) !== "Push" && tabs < 20; tabs++)
				await page.keyboard.press("Tab");
			await page.keyboard.press("Enter");
			await device.hears(({ what, value }) => what === "desired" && (value as { interval?: number }).interval === 5);
		}));

	test("light and dark; the token leaves the address; a reload keeps it; nothing comes from elsewhere", () =>
		bench(browser, async ({ page, cloud }) => {
			const asked: string[] = [];
			page.on("request", (one) => asked.push(one.url()));
			const back = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
			await page.emulateMedia({ colorScheme: "light" });
			const light = await back();
			await page.emulateMedia({ colorScheme: "dark" });
			assert.notEqual(await back(), light);
			assert(!page.url().includes(cloud.apiToken!));
			await page.reload();
			await page.getByText(/connected since/).waitFor();
			assert(asked.length > 5);
			for (const url of asked) assert(url.startsWith(`${cloud.apiUrl}/`) || url.startsWith("data:"), url);
		}));

	test("without the token the page shows nothing and says why", async () => {
		const cloud = await startCloud({ apiPort: 0 });
		const page = await browser.newPage();
		await page.goto(cloud.apiUrl!);
		await page.getByText("This page needs the token").waitFor();
		assert(!(await page.content()).includes(cloud.idScope));
		await page.close();
		await cloud.close();
	});
});

test("the page's files, its stream and its calls are refused to other names, other origins, and without the token", async () => {
	const cloud = await startCloud({ apiPort: 0 });
	const status = (path: string, headers: Record<string, string> = {}, method = "GET") =>
		new Promise<number>((resolve, reject) => {
			const sent = request(`${cloud.apiUrl}${path}`, { method, headers }, (response) => {
				response.destroy();
				resolve(response.statusCode!);
			});
			sent.once("error", reject);
			sent.end();
		});
	const authorization = `Bearer ${cloud.apiToken}`;
	const stream = `/stream?token=${cloud.apiToken}`;
	assert.equal(await status("/"), 200);
	assert.equal(await status("/page/main.js"), 200);
	assert.equal(await status(stream), 200);
	for (const path of ["/", "/page/main.js", stream])
		for (const headers of [{ host: "rebound.example" }, { origin: "http://elsewhere.example" }, { origin: "null" }])
			assert.equal(await status(path, { ...headers }), 403, `${path} ${JSON.stringify(headers)}`);
	assert.equal(await status("/stream"), 401);
	assert.equal(await status("/stream?token=x"), 401);
	assert.equal(await status("/ca/roll", {}, "POST"), 401);
	assert.equal(await status(`/ca/roll?token=${cloud.apiToken}`, {}, "POST"), 401);
	for (const path of ["/page/", "/page/../api.ts", "/page/%2e%2e/api.ts", "/page/constructor", "/page/page/main.js"]) {
		assert.equal(await status(path), 401, path);
		assert.equal(await status(path, { authorization }), 404, path);
	}
	await cloud.close();
});

const cli = join(ROOT, "dist", "node", "cli.js");
test("the built command serves every file of the page", {
	skip: !existsSync(cli) && "SKIPPED: no dist, npm run build makes it",
}, async () => {
	const flags = [cli, "cloud", "--port", "0", "--json"];
	const child = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
	try {
		const { value } = await createInterface({ input: child.stdout })[Symbol.asyncIterator]().next();
		const { pageUrl, apiUrl } = JSON.parse(value);
		assert.match(await (await fetch(pageUrl)).text(), /<title>Enrollee cloud/);
		for (const name of readdirSync(join(ROOT, "cloud", "page")))
			assert.equal((await fetch(`${apiUrl}/page/${name}`)).status, 200, name);
	} finally {
		child.kill("SIGTERM");
	}
});
