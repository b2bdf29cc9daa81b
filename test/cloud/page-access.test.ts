/** The page for everybody: axe-core finds nothing serious in both themes, on both views and with a question open; by 320 pixels too. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import { axeScript, type Browser, noBrowser, openBrowser, type Page } from "../support/browser.ts";
import { bench } from "./page-bench.ts";

const skip = noBrowser();
let browser: Browser;
before(async () => {
	if (!skip) browser = await openBrowser();
});
after(() => browser?.close());

interface Violation {
	readonly id: string;
	readonly impact: string;
	readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Of weight "serious" or "critical", WCAG 2.2 AA and axe's best practices. */
async function serious(page: Page): Promise<string[]> {
	await page.evaluate(axeScript());
	const { violations } = await page.evaluate<{ violations: readonly Violation[] }>("axe.run(document)");
	return violations
		.filter(({ impact }) => impact === "serious" || impact === "critical")
		.flatMap(({ id, nodes }) =>
			nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 120)} ${failureSummary}`),
		);
}

describe("the page", { skip }, () => {
	for (const colorScheme of ["light", "dark"] as const)
		test(`has nothing serious for axe-core, ${colorScheme}`, () =>
			bench(browser, async ({ page, card, device, cloud }) => {
				await page.emulateMedia({ colorScheme });
				device.agent.telemetry({ celsius: 21.5 });
				await card("Numbers")
					.getByRole("img", { name: /celsius/ })
					.waitFor();
				cloud.arm("renew-hold");
				device.agent.renew();
				await page.getByText(/renewal .* under way/).waitFor();
				assert.deepEqual(await serious(page), []);
				await card("Certificates and connection").getByRole("button", { name: "Revoke", exact: true }).click();
				await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).focus();
				assert.deepEqual(await serious(page), []);
				await page.keyboard.press("Escape");
				await page.getByRole("link", { name: "The cloud" }).first().click();
				await card("Enrol a device").getByRole("textbox", { name: "Registration id" }).fill("new-one");
				await card("Enrol a device").getByRole("button", { name: "Show its key" }).click();
				await card("Enrol a device")
					.getByText(/Derived/)
					.waitFor();
				assert.deepEqual(await serious(page), []);
				await page.evaluate("location.hash = '#device/nobody'");
				await page.getByText("unknown device").waitFor();
				assert.deepEqual(await serious(page), []);
			}));

	test("has nothing serious when it is grey, its cloud stopped, in both themes", async () => {
		const cloud = await startCloud({ apiPort: 0 });
		const page = await browser.newPage();
		await page.goto(cloud.pageUrl!);
		await page.getByText("live").waitFor();
		await cloud.close();
		await page.getByText(/cloud stopped/).waitFor();
		for (const colorScheme of ["light", "dark"] as const) {
			await page.emulateMedia({ colorScheme });
			assert.deepEqual(await serious(page), [], colorScheme);
		}
		await page.close();
	});

	test("has landmarks, and a link that skips to what is shown", () =>
		bench(browser, async ({ page }) => {
			for (const role of ["banner", "navigation", "main"]) assert.equal(await page.getByRole(role).count(), 1, role);
			assert.equal(await page.getByRole("region", { name: "Log", exact: true }).count(), 1);
			await page.reload();
			await page.getByText(/connected since/).waitFor();
			await page.keyboard.press("Tab");
			assert.equal(await page.evaluate("document.activeElement.textContent"), "Skip to what is shown");
			await page.keyboard.press("Enter");
			assert.equal(await page.evaluate("document.activeElement.id"), "view");
			await page.getByRole("heading", { name: "dev-001" }).waitFor();
		}));

	test("needs no sideways scrolling at 320 pixels", () =>
		bench(browser, async ({ page, card, device }) => {
			device.agent.telemetry({ celsius: 21.5, long: "x".repeat(500) });
			await card("Numbers")
				.getByRole("img", { name: /celsius/ })
				.waitFor();
			await page.setViewportSize({ width: 320, height: 640 });
			const wide = `[document.documentElement.scrollWidth, ...[...document.querySelectorAll("body *")]
				.filter((it) => it.getBoundingClientRect().right > 321 && it.getBoundingClientRect().width > 0 && !it.closest(".scroll, #lines"))
				.map((it) => it.outerHTML.slice(0, 100))]`;
			assert.deepEqual(await page.evaluate(wide), [320]);
			for (const button of ["Revoke", "Disable"]) {
				await card("Certificates and connection").getByRole("button", { name: button, exact: true }).click();
				await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).focus();
				assert.deepEqual(await page.evaluate(wide), [320], button);
				await page.keyboard.press("Escape");
			}
			await page.evaluate("location.hash = '#device/nobody'");
			await page.getByText("unknown device").waitFor();
			assert.deepEqual(await page.evaluate(wide), [320]);
			await page.evaluate("location.hash = '#cloud'");
			await page.getByRole("heading", { name: "The cloud" }).waitFor();
			assert.deepEqual(await page.evaluate(wide), [320]);
		}));
});
