/** Numbers of the documents that follow from several constants, or from what is made with them: "some", "about". */
import assert from "node:assert/strict";
import { test } from "node:test";
import { delaySeconds, TRANSIENT } from "../../src/base/retry.ts";
import { PAGE_ENTRIES } from "../../src/store/entries.ts";
import { shortageOf } from "../../src/store/reserve.ts";
import { random } from "../support/random.ts";
import { bundle, manifestOf, standInImage } from "../support/release.ts";
import { FakeStore } from "../support/store.ts";
import { constantIn, numbersIn, sourceNumbers } from "./documents.ts";

const HOUR = 3600;
const DELIVERY = "src/update/delivery.ts";

/** As far off as `off`, a share of it. */
function near(document: string, sentence: RegExp, actual: number, off = 0.1): void {
	const [claimed] = numbersIn(document, sentence);
	assert.ok(Math.abs(actual / claimed! - 1) <= off, `${claimed} is claimed, it is ${actual}`);
}

test("docs/updates.md: the bytes of a bundle's envelope", () =>
	near("docs/updates.md", /envelope of about (\d+) bytes/, bundle(manifestOf(standInImage(1))).length));

test("docs/updates.md, docs/field-cases.md: how long a file that is missing is asked for", () => {
	const pauses = {
		firstSeconds: constantIn(DELIVERY, "MISSING.firstSeconds"),
		capSeconds: constantIn(DELIVERY, "MISSING.capSeconds"),
	};
	const attempts = constantIn(DELIVERY, "MOST_FAILURES");
	let seconds = 0;
	for (let attempt = 1; attempt < attempts; attempt++) seconds += delaySeconds(attempt, pauses, 1 / 2);
	near("docs/updates.md", /A 404 is tried again for about (\w+) hour/, seconds / HOUR, 0.15);
	near("docs/field-cases.md", /attempts in about (\w+) hour/, seconds / HOUR, 0.15);
});

test("docs/local-cloud.md: after an outage of a minute a fleet comes back spread over a minute", () => {
	const source = random();
	const returns = Array.from({ length: 1000 }, () => {
		let seconds = 0;
		for (let attempt = 1; seconds < 60; attempt++)
			seconds += delaySeconds(attempt, TRANSIENT, source.integer(65_536) / 65_536);
		return seconds;
	});
	near(
		"docs/local-cloud.md",
		/they return spread over (\w+) minute/,
		(Math.max(...returns) - Math.min(...returns)) / 60,
		0.25,
	);
});

test("docs/production.md, hw/moddable/README.md: what others may keep in the partition before store.low", () => {
	const [nvs] = sourceNumbers("hw/moddable/partitions.csv", /^nvs,.*, +(\w+),$/m);
	const total = (nvs! / 4096) * PAGE_ENTRIES;
	let used = 0;
	while (shortageOf(new FakeStore(), { total, used: used + 1, own: 0 }) === 0) used++;
	near("docs/production.md", /has outgrown its (\d+) KB/, (used * 32) / 1024);
	near("hw/moddable/README.md", /the application may have (\d+) KB/, (used * 32) / 1024);
});

test("docs/board.md: the power cuts by where they fell are all that one image had", () => {
	const [all] = numbersIn("docs/board.md", /With one image the power was cut ([\d,]+) times/);
	let sum = 0;
	for (const during of ["enrolment", "renewal", "update", "trial"]) {
		const [cuts] = numbersIn("docs/board.md", new RegExp(`\\| ${during}, from [^|]+\\| (\\d+) \\|`));
		sum += cuts!;
	}
	assert.equal(sum, all);
});
