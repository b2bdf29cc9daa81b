/** What is held of a credential: src/identity/held.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { heldOf } from "../../src/identity/held.ts";
import { Journal } from "../../src/identity/journal.ts";
import { FakeStore } from "../support/store.ts";
import { proposal } from "./credential-probe.ts";

test("what DPS has assigned counts in bytes, as it is in flash, whatever its letters are", () => {
	for (const payload of ['"north"', '"Zürich"', '"東京"']) {
		const journal = new Journal(new FakeStore());
		const { sequence } = journal.propose({ ...proposal(1), payload });
		const stored = journal.assigned(sequence).reduce((sum, { bytes }) => sum + bytes.length, 0);
		assert.ok(stored >= payload.length);
		assert.equal(heldOf({ ...proposal(1), payload, sequence }).assignedBytes, stored);
	}
});

test("of each of two credentials there is what DPS has said beside it", () => {
	const journal = new Journal(new FakeStore());
	for (const payload of ['"north"', '"south"']) {
		const candidate = journal.propose({ ...proposal(1), payload });
		if (payload === '"north"') journal.promote(candidate);
	}
	const text = (sequence: number) => journal.assigned(sequence).map(({ bytes }) => Buffer.from(bytes).toString());
	assert.deepEqual([1, 2, 3].map(text), [['"north"'], ['"south"'], []]);
});
