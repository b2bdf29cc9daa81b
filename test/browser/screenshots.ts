/** Makes the pictures of the documentation: `node --import tsx test/browser/screenshots.ts`. Needs Chromium and a build. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCloud } from "../../cloud/cloud.ts";
import { noBrowser, openBrowser } from "../support/browser.ts";
import { Device } from "../support/device.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const DOCS = join(ROOT, "docs");

const missing = noBrowser();
if (missing) throw new Error(missing);
const browser = await openBrowser();
await pageShots();
await terminalShot();
await browser.close();

async function pageShots(): Promise<void> {
	const cloud = await startCloud({ apiPort: 0, polls: 1 });
	const agents = ["boiler-1", "boiler-2", "boiler-3", "gate-7", "greenhouse"].map((registrationId) =>
		new Device(cloud).boot({ registrationId, groupKey: cloud.groupKey }),
	);
	const agent = new Device(cloud).boot({}, { twin: { onDesired: ({ interval }) => agent.report({ interval }) } });
	agents.push(agent);
	const sat = (deviceId: string) => cloud.seen((one) => one.event === "reported" && one.deviceId === deviceId);
	for (const id of ["boiler-1", "boiler-2", "boiler-3", "gate-7", "greenhouse", "dev-001"]) await sat(id);
	agent.renew();
	const renewed = () =>
		cloud.connections.filter((one) => one.deviceId === "dev-001" && one.service === "hub").length > 1;
	await cloud.seen(renewed);
	cloud.operator.setDisabled("boiler-3", true);
	cloud.operator.pushDesired("dev-001", {
		interval: 5,
		ota: { url: "https://updates.example/agent.suit", sequence: 2 },
	});
	for (let i = 0; i < 6; i++) agent.telemetry({ temperature: 21 + i / 2, humidity: 40 + i });
	await cloud.seen(({ event }) => event === "telemetry" && cloud.telemetry.length === 6);
	for (const colorScheme of ["light", "dark"] as const) {
		const page = await browser.newPage({ colorScheme, viewport: { width: 1180, height: 860 } });
		await page.goto(cloud.pageUrl!);
		await page.getByRole("link", { name: /dev-001/ }).click();
		await page.getByText("connected since").waitFor();
		await page.getByLabel("this device only").check();
		await page.screenshot({ path: join(DOCS, `page-${colorScheme}.png`) });
		await page.close();
	}
	for (const one of agents) one.close();
	await cloud.close();
}

/** What `npm start` prints, as a terminal would show it. */
async function terminalShot(): Promise<void> {
	const folder = mkdtempSync(join(tmpdir(), "enrollee-"));
	const command = [join(ROOT, "dist", "node", "cli.js"), "demo"];
	const printed = execFileSync(process.execPath, command, { cwd: folder, encoding: "utf8" });
	rmSync(folder, { recursive: true });
	const page = await browser.newPage({ viewport: { width: 1060, height: 30 } });
	const text = JSON.stringify(`$ npm start\n${printed}`);
	await page.evaluate(`
		document.body.style.cssText = "margin:0;padding:14px 18px;background:#12161b;color:#e3e8ed";
		const pre = document.createElement("pre");
		pre.style.cssText = "margin:0;font:13px/1.45 'DejaVu Sans Mono',monospace";
		pre.textContent = ${text}.trimEnd();
		document.body.append(pre);
	`);
	await page.screenshot({ path: join(DOCS, "npm-start.png"), fullPage: true });
	await page.close();
}
