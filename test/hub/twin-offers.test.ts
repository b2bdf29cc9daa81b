/** Offers of updates in a twin: an address of any length that the agent takes gets through, whatever else stands there. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MAX_URI } from "../../src/update/uri.ts";
import { createTwin } from "./twin-bench.ts";

const address = (length: number): string => `https://updates.example.com/${"a".repeat(length - 28)}`;
/** Characters, as docs/updates.md has it. */
const LONGEST = 2048;
const offer = (length: number) => ({ url: address(length), note: "n".repeat(200) });

test("the longest address arrives, of firmware and of application at once, in a twin and in a change of it, and nothing besides", () => {
	assert.ok(LONGEST <= MAX_URI);
	const { attach, read, change, desired, steps } = createTwin({ bytes: 2048 });
	attach();
	const properties = { ota: offer(LONGEST), app: offer(LONGEST), other: 1 };
	const asked = { ota: { url: address(LONGEST) }, app: { url: address(LONGEST) }, other: 1 };
	read(1, 3, properties);
	change(4, properties);
	assert.deepEqual(steps, []);
	assert.deepEqual(
		desired.map((entry) => (entry as [number, boolean, { ota: { url: string }; app: { url: string } }])[2]),
		[asked, asked],
	);
});

test("one that is longer is left out, with the limit that it met", () => {
	const { attach, read, desired, steps } = createTwin({ bytes: 131_072 });
	attach();
	read(1, 3, { ota: offer(2600), app: offer(100), other: 1 });
	assert.deepEqual(steps, ["hub.too-large hub.too-large: desired.ota left out: at most 2560 bytes each"]);
	assert.equal(desired.length, 1);
});
