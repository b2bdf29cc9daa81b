/** A headless Chromium, driven by playwright-core from test/browser; tests that need it skip where either is missing. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

/** What the tests use of Playwright, which is no dependency of the project. */
export interface Locator {
	getByRole(role: string, options?: { name?: string | RegExp; exact?: boolean }): Locator;
	getByLabel(text: string | RegExp): Locator;
	getByText(text: string | RegExp): Locator;
	filter(options: { hasText: string | RegExp }): Locator;
	locator(selector: string): Locator;
	first(): Locator;
	last(): Locator;
	click(): Promise<void>;
	check(): Promise<void>;
	uncheck(): Promise<void>;
	fill(text: string): Promise<void>;
	focus(): Promise<void>;
	selectOption(value: string): Promise<unknown>;
	waitFor(options?: { state?: "visible" | "hidden" | "detached" }): Promise<void>;
	count(): Promise<number>;
	textContent(): Promise<string>;
	allTextContents(): Promise<string[]>;
	inputValue(): Promise<string>;
}

export interface Page extends Locator {
	readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
	goto(url: string): Promise<unknown>;
	url(): string;
	content(): Promise<string>;
	reload(): Promise<unknown>;
	evaluate<T>(script: string): Promise<T>;
	emulateMedia(media: { colorScheme: "light" | "dark" }): Promise<void>;
	screenshot(options: { path: string; fullPage?: boolean }): Promise<unknown>;
	context(): { setOffline(offline: boolean): Promise<void> };
	setViewportSize(size: { width: number; height: number }): Promise<void>;
	waitForEvent(event: "download"): Promise<Download>;
	on(event: "request", listener: (request: { url(): string }) => void): void;
	on(event: "pageerror", listener: (error: Error) => void): void;
	close(): Promise<void>;
}

export interface Download {
	suggestedFilename(): string;
	path(): Promise<string>;
}

export interface Browser {
	newPage(options?: { viewport?: { width: number; height: number }; colorScheme?: "light" | "dark" }): Promise<Page>;
	close(): Promise<void>;
}

const FOLDER = join(import.meta.dirname, "..", "browser");
const MODULES = join(FOLDER, "node_modules");
const CHROMIUM = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Why there is no browser; false when there is. */
export function noBrowser(): string | false {
	if (executable() === undefined) return "SKIPPED: no chromium";
	if (isInstalled()) return false;
	// Test files run at the same time: each installs for itself, and the first to be done puts it in place.
	const own = mkdtempSync(join(FOLDER, "install-"));
	try {
		for (const name of ["package.json", "package-lock.json"]) copyFileSync(join(FOLDER, name), join(own, name));
		const flags = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
		execFileSync("npm", flags, { cwd: own, stdio: "pipe", timeout: 180_000 });
		if (!isInstalled()) {
			// Of an earlier version, with less in it.
			rmSync(MODULES, { recursive: true, force: true });
			renameSync(join(own, "node_modules"), MODULES);
		}
		return false;
	} catch (error) {
		if (isInstalled()) return false;
		return `SKIPPED: npm ci in test/browser failed: ${(error as Error).message.split("\n")[0]}`;
	} finally {
		rmSync(own, { recursive: true, force: true });
	}
}

export async function openBrowser(): Promise<Browser> {
	const { chromium } = createRequire(join(FOLDER, "package.json"))("playwright-core");
	// Chromium refuses its sandbox to root; what it opens here is the project's own page.
	return await chromium.launch({ executablePath: executable(), args: ["--no-sandbox", "--disable-gpu"] });
}

/** axe-core's script, for Page.evaluate: the page's policy lets no foreign script in. */
export const axeScript = (): string =>
	readFileSync(createRequire(join(FOLDER, "package.json")).resolve("axe-core/axe.min.js"), "utf8");

function isInstalled(): boolean {
	return ["playwright-core", "axe-core"].every((name) => existsSync(join(MODULES, name)));
}

function executable(): string | undefined {
	return CHROMIUM.find((path) => path !== undefined && existsSync(path));
}
