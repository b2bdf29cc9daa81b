/** A twin of another hub, or one made anew: versions begin again, and nothing that was known of the old one counts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createTwin } from "./twin-bench.ts";

test("after a change of hub the twin is delivered whole, whatever its version, and is new", () => {
	for (const version of [1, 6, 7, 8, 900]) {
		const { twin, attach, desired, news, read, change } = createTwin();
		twin.belongsTo("a/dev-001");
		attach();
		read(1, 7, { rate: 5 });
		twin.detach();
		twin.belongsTo("b/dev-001");
		assert.equal(news.length, 1);
		attach();
		read(2, version, { mode: "eco" });
		change(version + 1, { mode: "fast" });
		assert.deepEqual(desired.slice(1), [
			[version, true, { mode: "eco" }],
			[version + 1, false, { mode: "fast" }],
		]);
		assert.equal(news.length, 1);
	}
});

test("a change that the new hub sends first is not laid on the old hub's properties", () => {
	const { twin, attach, sent, desired, read, change } = createTwin();
	twin.belongsTo("a/dev-001");
	attach();
	read(1, 7, { rate: 5 });
	twin.detach();
	twin.belongsTo("b/dev-001");
	attach();
	change(8, { mode: "eco" });
	assert.equal(desired.length, 1);
	read(2, 8, { mode: "eco" });
	assert.deepEqual(desired[1], [8, true, { mode: "eco" }]);
	assert.match(sent.at(-1)!, /GET/);
});

test("the same hub, the same twin: known versions are not delivered again", () => {
	const { twin, attach, desired, news, read, report, acknowledge } = createTwin();
	for (const rid of [1, 2]) {
		twin.belongsTo("a/dev-001");
		attach();
		read(rid, 7, { rate: 5 }, rid);
		twin.detach();
	}
	assert.deepEqual([desired.length, news.length], [1, 0]);
	attach();
	report({ a: 1 });
	acknowledge(4, 3);
	assert.equal(news.length, 0);
});

test("a device made anew at the same hub: the desired version goes back", () => {
	const { twin, attach, desired, news, read } = createTwin();
	twin.belongsTo("a/dev-001");
	attach();
	read(1, 7, { rate: 5 });
	twin.detach();
	twin.belongsTo("a/dev-001");
	attach();
	read(2, 1, {});
	assert.deepEqual([desired[1], news.length], [[1, true, {}], 1]);
});

test("a device made anew whose desired version is the same by chance: the reported version goes back", () => {
	const { twin, attach, desired, news, read } = createTwin();
	twin.belongsTo("a/dev-001");
	attach();
	read(1, 7, { rate: 5 }, 40);
	twin.detach();
	attach();
	read(2, 7, { rate: 6 }, 1);
	assert.deepEqual([desired[1], news.length], [[7, true, { rate: 6 }], 1]);
});

test("a device that only reports learns it from the acknowledgement", () => {
	const { twin, attach, news, report, acknowledge } = createTwin({ reads: false });
	twin.belongsTo("a/dev-001");
	attach();
	report({ a: 1 });
	acknowledge(1, 40);
	report({ a: 2 });
	acknowledge(2, 2);
	assert.equal(news.length, 1);
	report({ a: 2, b: 1 });
	acknowledge(3, 3);
	assert.equal(news.length, 1);
});
