/**
 * Everything that a peer may send, against the agent on XS in a machine that cannot grow, as large as the manifest has it and of 64 KB:
 * XS aborts one that runs short, and an abort is a restart of the device. One agent after another plays a row each in one machine; each
 * must end as it should, with the Faults that it should log, and leave room for the next; and a second boot over the same flash, under
 * the same content, reaches the hub, with the same Faults; where a hostile server stands in its way, the next one without it does. SWEEP=1:
 * more phases in 64 KB, and every row twice.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { type App, skip } from "../../hw/simulator/harness.ts";
import type { Archives } from "../support/hostile/archive-rows.ts";
import { assignedRows } from "../support/hostile/certificate-rows.ts";
import { type Ended, HostileCloud } from "../support/hostile/cloud.ts";
import { endOf, isCareful, judge, name } from "../support/hostile/judge.ts";
import { APPLICATION, build, larger } from "../support/hostile/machine.ts";
import { RSA_ROW, webSocketRows } from "../support/hostile/mqtt-rows.ts";
import { AS_SMALL, playOn } from "../support/hostile/play.ts";
import { endsByFault, enrols, type Row } from "../support/hostile/row.ts";
import { allRows } from "../support/hostile/rows.ts";
import { RSA } from "../support/hostile/rsa-authority.ts";
import { FIXED, RESERVED } from "../support/instrumented.ts";
import { sampled } from "../support/random.ts";
import { lawfulArchives } from "./lawful-archives.ts";
import { closeAll } from "./tls/servers.ts";

const PHASES: readonly Row["phase"][] = ["hub", "twin", "desired", "method", "c2d", "tls", "dps"];
/** What takes most, beside a session. In 64 KB there are renewals, and neither a slot for updates nor one for applications. */
const BESIDE = ["renewal", "update", "archive"] as const;
/** Those over a session that is open. */
const OPEN: readonly Row["phase"][] = ["hub", "twin", "desired", "method", "c2d"];

/** Of those before there is a session; after them the hub is reached again. */
const BEFORE = [
	"1,200 names of one letter",
	"900 key usages",
	"900 unknown members",
	"1,500 certificates of one letter",
];
/** What ended a device at each boot once. */
const REPEATED = [
	"100 short members",
	"28 KB of plain text",
	"a body of 60 KB, twice",
	"a body of 128 KB",
	"a second CONNACK",
	"a header of 100 KB",
	"a certificate that is none",
	"3,000 modules",
	"three sectors",
];

describe("what a peer may send, on XS", { skip }, () => {
	const state = mkdtempSync(join(tmpdir(), "enrollee-hostile-"));
	let hostile: HostileCloud;
	let app: App;
	let applied: App;
	let small: App;
	let archives: Archives;
	before(async () => {
		archives = await lawfulArchives();
		hostile = await HostileCloud.start();
		app = await build(RESERVED);
		applied = await build(larger(RESERVED, APPLICATION));
		small = await build(FIXED);
	});
	after(async () => {
		closeAll();
		await hostile?.close();
		rmSync(state, { recursive: true });
	});

	const machineFor = (phase: Row["phase"]): App => (phase === "archive" ? applied : app);

	/** What the engine would map at the start: the names of an application stay in the machine. */
	const withoutApplication = (): void => rmSync(join(state, "app_run.bin"), { force: true });

	const play = (machine: App, rows: readonly Row[], beCareful = false, folder = state): Promise<Ended[]> => {
		const environment = { ...(machine === small && AS_SMALL), ...(machine === applied && { APP_SLOT: "1" }) };
		return playOn(machine, rows, { hostile, state: folder, environment, beCareful });
	};

	/** Each archive that the engine maps in a boot of its own, as on a board. */
	async function playBeside(rows: readonly Row[], beCareful = false): Promise<Ended[]> {
		const isMapped = ({ phase, lawful }: Row): boolean => phase === "archive" && lawful === true;
		const others = rows.filter((row) => !isMapped(row));
		const ended = new Map<Row, Ended | undefined>();
		for (const boot of [others, ...rows.filter(isMapped).map((row) => [row])]) {
			withoutApplication();
			const all = await play(machineFor(boot[0]!.phase), boot, beCareful);
			for (const [i, row] of boot.entries()) ended.set(row, all[i]);
		}
		return rows.map((row) => ended.get(row)!);
	}

	const rows = (): Row[] => allRows(hostile, archives);
	/** A row is played once: what it has given is gone. */
	const same = ({ phase, name }: Row): Row[] => rows().filter((row) => row.phase === phase && row.name === name);
	const isHeavy = (row: Row): boolean => row.authority !== undefined || row.isHeavy === true;
	const endInSmall = (row: Row): string => (isHeavy(row) ? "waiting" : endOf(row));

	test("there are enough of them", () => {
		const count = (lawful: boolean) => rows().filter((row) => (row.lawful === true) === lawful).length;
		assert.ok(count(false) >= 130 && count(true) >= 30, `${count(false)} hostile, ${count(true)} lawful`);
	});

	// A boot each: an engine that keeps names for ever has room for those of one agent.
	for (const phase of PHASES)
		test(`${phase}: every row ends as it should, one after another in what the manifest reserves`, async () => {
			const played = rows().filter((row) => row.phase === phase);
			judge(played, await play(app, played));
		});

	for (const phase of BESIDE)
		test(`${phase}: every row ends as it should, beside an open session`, async () => {
			const played = rows().filter((row) => row.phase === phase);
			const machine = machineFor(phase);
			await play(machine, rows().slice(0, 1));
			judge(played, await playBeside(played));
		});
	for (const phase of sampled<readonly Row["phase"][]>([...OPEN, ...BESIDE], ["method", "c2d", "update", "archive"]))
		test(`${phase}: a careful device hands none of it on, and stays open to repair`, async () => {
			const played = rows().filter((row) => row.phase === phase);
			const machine = machineFor(phase);
			await play(machine, rows().slice(0, 1));
			const ended = await playBeside(played, true);
			const wrong = played.flatMap((row, i) => {
				const { how, messages, faults } = ended[i] ?? {};
				return isCareful(row, ended[i]) ? [] : [`${name(row)}: ${how}, ${messages} messages, ${faults}`];
			});
			assert.deepEqual(wrong, []);
		});

	// An application with a twin alone, so that other Faults may come.
	for (const phase of sampled(PHASES, ["hub", "twin", "tls", "dps"]))
		test(`${phase}: no row ends a machine of 64 KB`, async () => {
			const played = rows().filter((row) => row.phase === phase);
			const ended = await play(small, played);
			assert.deepEqual(
				ended.map(({ how }) => how),
				played.map(endInSmall),
			);
			// There is no room for such a chain, which is said.
			for (const [i, row] of played.entries())
				if (isHeavy(row)) assert.deepEqual(ended[i]?.codes, ["x509.certificate"]);
		});

	test("renewal: no row ends a machine of 64 KB, beside an open session", async () => {
		const isPlayed = ({ authority, name }: Row) => authority === undefined || name === "certificates of RSA-4096";
		const played = rows().filter((row) => row.phase === "renewal" && isPlayed(row));
		const folder = mkdtempSync(join(state, "small-"));
		await play(small, rows().slice(0, 1), false, folder);
		const ended = await play(small, played, false, folder);
		assert.deepEqual(
			ended.map(({ how }) => how),
			played.map(endOf),
		);
		const large = played.findIndex(({ authority }) => authority !== undefined);
		assert.deepEqual(ended[large]?.codes, ["x509.certificate"]);
	});

	test("a second boot of a machine of 64 KB under the same content reaches the hub where that speaks", async () => {
		await play(small, rows().slice(0, 1));
		const ofSmall = rows().filter((row) => PHASES.includes(row.phase));
		const few = ofSmall.filter(({ name }) => REPEATED.includes(name));
		// Those that enrol come last: a machine that one of them has kept from it has no credential for the others.
		for (const row of sampled(ofSmall, few).toSorted((a, b) => Number(enrols(a)) - Number(enrols(b))))
			for (let boot = 1; boot <= 2; boot++) {
				const [ended] = await play(small, same(row));
				assert.equal(ended?.how, endInSmall(row), `${name(row)}, boot ${boot}`);
				if (OPEN.includes(row.phase)) assert.equal(ended?.isConnected, true, `${name(row)}, boot ${boot}`);
			}
		const [recovered] = await play(small, rows().slice(0, 1));
		assert.deepEqual([recovered?.how, recovered?.codes, recovered?.isConnected], ["done", [], true]);
	});

	test("a second boot under the same content reaches the hub where that speaks, and ends in the same way", async () => {
		await play(app, rows().slice(0, 1));
		const before = rows().filter(({ phase }) => phase === "tls" || phase === "dps");
		for (const row of sampled(
			before,
			before.filter(({ name }) => BEFORE.includes(name)),
		))
			for (let boot = 1; boot <= 2; boot++) judge(same(row), await play(app, same(row)));
		const [recovered] = await play(app, rows().slice(0, 1));
		assert.deepEqual([recovered?.how, recovered?.codes, recovered?.isConnected], ["done", [], true]);
		const open = rows().filter((row) => OPEN.includes(row.phase) || endsByFault(row));
		const few = open.filter(({ name }) => REPEATED.includes(name));
		assert.equal(few.length, REPEATED.length);
		for (const row of sampled(open, few)) {
			withoutApplication();
			for (let boot = 1; boot <= 2; boot++) {
				const ended = await play(machineFor(row.phase), same(row));
				judge(same(row), ended);
				assert.equal(ended[0]?.isConnected, true, `${name(row)}, boot ${boot}`);
			}
		}
	});

	test("a credential of certificates of RSA-4096 is kept: the second boot reaches the hub under it", async () => {
		const enrolled = rows().filter(({ phase, name }) => phase === "dps" && name === RSA_ROW);
		judge(enrolled, await play(app, enrolled));
		RSA.presented.length = 0;
		const [again] = await play(app, rows().slice(0, 1));
		assert.deepEqual([again?.how, again?.codes, again?.isConnected], ["done", [], true]);
		assert.deepEqual(RSA.presented, [4]);
	});

	test("what DPS has assigned besides, a trust bundle and a custom allocation, leaves room for every answer to a renewal", async () => {
		const assigned = (): Row[] => assignedRows().filter(({ faults, authority }) => faults.length === 0 && !authority);
		for (const i of assigned().keys()) {
			judge(assigned().slice(i, i + 1), await play(app, assigned().slice(i, i + 1)));
			const renewals = rows().filter(({ phase }) => phase === "renewal");
			const ended = await play(app, renewals);
			assert.deepEqual(
				ended.map(({ how }) => how),
				renewals.map(endOf),
			);
		}
	});

	for (const phase of ["dps", "renewal"] as const)
		test(`over WebSocket, ${phase}: no row ends a machine of 64 KB`, async () => {
			const folder = mkdtempSync(join(state, "ws-"));
			const environment = { ...AS_SMALL, ENROLLEE_TRANSPORT: "ws" };
			const over = (some: readonly Row[]) => playOn(small, some, { hostile, state: folder, environment });
			await over(rows().slice(0, 1));
			const played = rows().filter((row) => row.phase === phase && (phase === "dps" || row.authority === undefined));
			assert.deepEqual(
				(await over(played)).map(({ how }) => how),
				played.map(phase === "dps" ? endInSmall : endOf),
			);
		});

	test("over WebSocket: a head with a thousand fields, and pings answered faster than TCP takes pongs, as on a board", async () => {
		const narrow = await build(RESERVED, "hostile-narrow", {
			"~": "$(ENROLLEE)/dist/moddable/tcp",
			"enrollee/tcp": "$(ENROLLEE)/test/sim/apps/narrow-tcp",
		});
		judge(webSocketRows(), await play(narrow, webSocketRows()));
		for (const [i, { how }] of (await play(small, webSocketRows())).entries())
			assert.equal(how, endOf(webSocketRows()[i]!));
	});
});
