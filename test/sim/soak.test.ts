/**
 * What never ends on a device, in a machine as the manifest has it that cannot grow: names of members and methods that are never the same twice, messages
 * at full speed, connections. What is live after each thousand stays within 2 % of what it was after the first. A sample; SWEEP=1:
 * 100,000 names, 100,000 messages, 1,000 connections; with ENROLLEE_BENCH=write, too, a picture of it: soak.svg, whose place is printed.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { startCloud } from "../../cloud/cloud.ts";
import type { Link } from "../../cloud/session.ts";
import { project, skip } from "../../hw/simulator/harness.ts";
import { environmentOf } from "../../hw/simulator/settings.ts";
import { publish, times } from "../support/hostile/row.ts";
import { buildFixed, RESERVED } from "../support/instrumented.ts";
import { sampled } from "../support/random.ts";
import { plot } from "./soak-plot.ts";

const [WHOLE, FEW]: readonly [number, number] = [100, 3];
const THOUSANDS = sampled(WHOLE, FEW);
/** Without the rest in which the hub answers what was reported. */
const CONNECTIONS_AT_ONCE = 50;
const ROUNDS = Math.max(2, THOUSANDS / 5);
const MOST_SHARE = 0.02;
/** Times in a row. */
const AT_REST = 5;
/** A slot has 32 bytes in the simulator, 16 on a 32-bit chip. */
const onChip = (chunks: number, slotBytes: number): number => chunks + slotBytes / 2;

export interface Series {
	readonly name: string;
	/** After each thousand, or fifty connections, bytes as on a chip. */
	readonly live: number[];
}

test("what is live stays within 2 % over names, messages and connections", { skip, timeout: 7_200_000 }, async (t) => {
	const app = await buildFixed("soak", RESERVED, { main: "$(ENROLLEE)/test/sim/apps/soak" });
	const state = mkdtempSync(join(tmpdir(), "enrollee-soak-"));
	// Counted as they come: the cloud forgets the oldest of its events.
	const count = { subscriptions: 0, reports: 0 };
	let counted = (): void => {};
	const cloud = await startCloud({
		polls: 0,
		onEvent(event) {
			if (event.event === "reported") count.reports++;
			else if (event.event === "subscribed" && event.filter.startsWith("devices/")) count.subscriptions++;
			counted();
		},
	});
	const until = async (isReached: () => boolean): Promise<void> => {
		while (!isReached())
			await soon(
				new Promise<void>((resolve) => {
					counted = resolve;
				}),
			);
	};
	const links: Link[] = [];
	const { open } = cloud.service;
	cloud.service.open = (peer, link) => {
		links.push(link);
		return open.call(cloud.service, peer, link);
	};
	const power = new AbortController();
	const told: ((line: string) => void)[] = [];
	const seen: string[] = [];
	const running = app.run({
		environment: { ...environmentOf(cloud, state), ENROLLEE_TRANSPORT: "mqtt" },
		timeoutSeconds: 7200,
		power: power.signal,
		onLine(line) {
			if (line.startsWith("LIVE ")) told.shift()?.(line);
			else if (line.startsWith("FAULT ")) seen.push(line);
		},
	});
	const died = running.then(({ exitCode, output }) => assert.fail(`${exitCode}: ${output.slice(-2000)}`));
	died.catch(() => {});
	const soon = <T>(promise: Promise<T>): Promise<T> => Promise.race([promise, died]);
	const write = (...packets: Uint8Array[]): void => {
		for (const packet of packets) links.at(-1)!.write(packet);
	};
	const call = async (): Promise<number[]> => {
		const line = new Promise<string>((resolve) => told.push(resolve));
		write(publish("$iothub/methods/POST/live/?$rid=live", "{}"));
		return (await soon(line)).split(" ").slice(1).map(Number);
	};
	/** Of a machine that has taken all that was written, and is at rest: so many times the same. */
	const measure = async (): Promise<{ live: number; messages: number; connections: number }> => {
		let before = 0;
		let same = 0;
		for (;;) {
			const [chunks = 0, slots = 0, , , messages = 0, connections = 0] = await call();
			const live = onChip(chunks, slots);
			same = live === before ? same + 1 : 0;
			if (same === AT_REST) return { live, messages, connections };
			before = live;
		}
	};
	let subscribed = 0;
	/** It has asked for all that it uses: messages come last. */
	const ready = async (): Promise<void> => {
		const wanted = ++subscribed;
		await until(() => count.subscriptions >= wanted);
	};
	try {
		await ready();
		const all: Series[] = [];
		const series = (name: string): Series => {
			all.push({ name, live: [] });
			return all.at(-1)!;
		};
		// What happens once in a life is over after so many names.
		const names = series("member names, thousands");
		const device = cloud.device(cloud.registrationId)!;
		for (let thousand = 0; thousand < THOUSANDS; thousand++) {
			const members = (i: number) => times(5, (k) => `"n${thousand}x${i}x${k}":${k}`).join(",");
			for (let i = 0; i < 200; i += 2) {
				const version = device.desired.version + 1;
				device.desired = { ...device.desired, version };
				write(
					publish(`$iothub/methods/POST/echo/?$rid=r${i}`, `{${members(i)}}`),
					publish(`$iothub/methods/POST/nobody${thousand}x${i}/?$rid=n${i}`, "{}"),
					publish(
						`$iothub/twin/PATCH/properties/desired/?$version=${version}`,
						`{${members(i + 1)},"$version":${version}}`,
					),
				);
			}
			const { live } = await measure();
			names.live.push(live);
		}
		const messages = series("QoS 1 messages, thousands");
		for (let thousand = 0; thousand < THOUSANDS; thousand++) {
			write(
				...times(1000, (i) => publish(`devices/${cloud.registrationId}/messages/devicebound/`, `message ${i}`, i + 1)),
			);
			const { live, messages: taken } = await measure();
			assert.equal(taken, 1000 * (thousand + 1));
			messages.live.push(live);
		}
		const connections = series("connections, fifties");
		for (let round = 0; round < ROUNDS; round++) {
			for (let i = 0; i < CONNECTIONS_AT_ONCE; i++) {
				const { reports } = count;
				links.at(-1)!.close();
				await ready();
				// That the last one ended is said in the next: one that ended before its answers would put off what the application wants.
				await until(() => count.reports > reports);
				await call();
			}
			const { live, connections: made } = await measure();
			assert.equal(made, 1 + CONNECTIONS_AT_ONCE * (round + 1));
			connections.live.push(live);
		}
		for (const { name, live } of all) {
			const [first = 0] = live;
			const most = Math.max(...live.map((bytes) => Math.abs(bytes - first)));
			t.diagnostic(
				`${name}: ${live.length} samples, ${first} bytes live, at most ${((100 * most) / first).toFixed(2)} % off`,
			);
			assert.ok(most <= MOST_SHARE * first, `${name}: ${live}`);
		}
		assert.deepEqual(
			seen.filter((line) => !/^FAULT (mqtt|wire|hub)\.closed/.test(line)),
			[],
		);
		if (process.env.ENROLLEE_BENCH === "write") {
			const picture = join(project, "docs/soak.svg");
			writeFileSync(picture, plot(all));
			t.diagnostic(picture);
		}
	} finally {
		power.abort();
		await running;
		await cloud.close();
		rmSync(state, { recursive: true });
	}
});
