/** A real agent, its cloud, and the cloud's page in a browser, side by side. */
import assert from "node:assert/strict";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import type { CloudOptions } from "../../cloud/contract.ts";
import type { CloudEvent } from "../../cloud/event.ts";
import { Listeners } from "../../cloud/listeners.ts";
import { utf8Text } from "../../src/base/bytes.ts";
import type { MethodHandlers } from "../../src/hub/methods.ts";
import type { Browser, Locator, Page } from "../support/browser.ts";
import { Device } from "../support/device.ts";

/** What the application on the device gets to know, in order. */
export interface Heard {
	readonly what: "desired" | "method" | "message" | "state" | "log";
	readonly value: unknown;
}

export class RealDevice {
	readonly heard: Heard[] = [];
	readonly #listeners = new Listeners<Heard>();
	readonly #device: Device;
	readonly #methods: MethodHandlers = {
		blink: (payload, respond) => {
			this.#hear("method", payload);
			respond(200, { blinked: payload });
		},
	};
	agent: ReturnType<Device["boot"]>;

	constructor(cloud: Cloud) {
		this.#device = new Device(cloud);
		this.agent = this.boot();
	}

	/** Power on, with what is in flash. */
	boot(): ReturnType<Device["boot"]> {
		this.agent = this.#device.boot(
			{},
			{
				twin: { onDesired: (properties) => this.#hear("desired", properties) },
				methods: this.#methods,
				onMessage: ({ body, properties }) => this.#hear("message", { body: utf8Text(body), properties }),
				onState: (state, fault) => this.#hear("state", fault ? fault.code : state),
			},
		);
		return this.agent;
	}

	/** What fits first, past or to come. */
	async hears(fits: (heard: Heard) => boolean, from = 0): Promise<Heard> {
		const past = this.heard.slice(from).find(fits);
		if (past !== undefined) return past;
		return await new Promise((resolve) => {
			const stop = this.#listeners.add((heard) => {
				if (!fits(heard)) return;
				stop();
				resolve(heard);
			});
		});
	}

	#hear(what: Heard["what"], value: unknown): void {
		this.heard.push({ what, value });
		this.#listeners.tell({ what, value });
	}
}

export interface Bench {
	readonly cloud: Cloud;
	readonly device: RealDevice;
	readonly page: Page;
	/** The card with this title. */
	card(title: string): Locator;
	/** Presses the button, says yes where it is asked, and waits until the card says so. */
	press(card: string, button: string, said: RegExp): Promise<void>;
	/** The first such event from now on. */
	next<T extends CloudEvent["event"]>(event: T): Promise<Extract<CloudEvent, { event: T }>>;
	/** The device is connected, for the time `connections` says; its last connection to the hub. */
	attached(connections: number): Promise<Extract<CloudEvent, { event: "connected" }>>;
}

const DEADLINE_MS = 60_000;
/** What the page asks about before it does it. */
const ASKED = ["Revoke", "Expire", "Disable", "Roll the CA"];

/** The agent is connected to its hub, and the page shows it. */
export async function bench(browser: Browser, use: (bench: Bench) => Promise<void>, options: CloudOptions = {}) {
	const cloud = await startCloud({ polls: 0, retryAfterSeconds: 0, apiPort: 0, ...options });
	const device = new RealDevice(cloud);
	const page = await browser.newPage({ viewport: { width: 1280, height: 1600 } });
	const broken: string[] = [];
	page.on("pageerror", (error) => broken.push(String(error.stack)));
	const card = (title: string) => page.getByRole("region", { name: title, exact: true });
	const hubConnections = () => cloud.connections.filter(({ service }) => service === "hub");
	const it: Bench = {
		cloud,
		device,
		page,
		card,
		async press(title, button, said) {
			await card(title).getByRole("button", { name: button, exact: true }).click();
			if (ASKED.includes(button))
				await page.getByRole("alertdialog").getByRole("button", { name: button, exact: true }).click();
			await card(title).locator("output").filter({ hasText: said }).waitFor();
		},
		next: async (event) => {
			const from = cloud.events.length;
			return (await cloud.seen((one) => one.event === event && cloud.events.indexOf(one) >= from)) as never;
		},
		attached: async (connections) => {
			await cloud.seen(() => hubConnections().length >= connections);
			return hubConnections()[connections - 1] as never;
		},
	};
	const story = async () => {
		await it.attached(1);
		await device.hears(({ what }) => what === "desired");
		await page.goto(cloud.pageUrl!);
		await page.getByRole("link", { name: /dev-001/ }).click();
		await page.getByText(/connected since/).waitFor();
		await use(it);
		assert.deepEqual(broken, []);
	};
	let timer: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		const heard = () => JSON.stringify(device.heard);
		timer = setTimeout(() => reject(new Error(`what was waited for did not come; heard: ${heard()}`)), DEADLINE_MS);
	});
	try {
		await Promise.race([story(), late]);
	} finally {
		clearTimeout(timer);
		device.agent.close();
		await page.close();
		await cloud.close();
	}
}
