/** When to renew: src/identity/renewal-plan.ts. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type RenewalPlan, renewAt, retryAt, type Validity, waitMs } from "../../src/identity/renewal-plan.ts";
import { random } from "../support/random.ts";

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 1);
const validity = (days: number): Validity => ({ notBefore: START, notAfter: START + days * DAY });
/** As a share of the validity. */
const share = (plan: RenewalPlan, days = 30): number => (renewAt(validity(days), plan) - START) / (days * DAY);

test("the first attempt lies in the tenth of the validity that ends at 80 %", () => {
	for (const days of [1, 7, 30, 90])
		for (let i = 0; i < 200; i++) {
			const at = share({ deviceId: `dev-${i}` }, days);
			assert.ok(at > 0.7 && at <= 0.8, `${days} days, dev-${i}: ${at}`);
		}
});

test("each device has a moment of its own, the same after a reboot and whatever the validity", () => {
	assert.equal(share({ deviceId: "dev-001" }), share({ deviceId: "dev-001" }));
	assert.ok(Math.abs(share({ deviceId: "dev-001" }, 7) - share({ deviceId: "dev-001" }, 90)) < 1e-9);
	// SHA-256("dev-001") by openssl begins with 414546.
	assert.ok(Math.abs(share({ deviceId: "dev-001" }) - (0.8 - (0.1 * 0x414546) / 0x1000000)) < 1e-8);
});

test("a fleet with numbered ids spreads evenly: no tenth of the window has less than half or more than double its share", () => {
	const tenths = new Array<number>(10).fill(0);
	for (let i = 0; i < 10_000; i++) {
		const place = (0.8 - share({ deviceId: `sensor-${String(i).padStart(5, "0")}` })) / 0.1;
		tenths[Math.min(9, Math.floor(place * 10))]!++;
	}
	for (const count of tenths) assert.ok(count > 500 && count < 2000, `${tenths}`);
});

test("the fraction is the operator's; past failures bring the moment forward, by 30 % at most", () => {
	const deviceId = "dev-001";
	const usual = share({ deviceId });
	assert.ok(Math.abs(share({ deviceId, fraction: 0.5 }) - (usual - 0.3)) < 1e-9);
	assert.ok(Math.abs(share({ deviceId, pastFailures: 2 }) - (usual - 0.1)) < 1e-9);
	assert.equal(share({ deviceId, pastFailures: 6 }), share({ deviceId, pastFailures: 1000 }));
	assert.ok(share({ deviceId, pastFailures: 1000 }) >= 0.4);
	assert.equal(share({ deviceId, fraction: 0.05, pastFailures: 6 }), 0);
});

test("attempts after failures back off, and at least eight more always fit", () => {
	const { seed, integer } = random();
	const uniform = (): number => integer(1_000_000) / 1_000_000;
	for (const days of [1, 7, 90]) {
		const whole = validity(days);
		let now = renewAt(whole, { deviceId: "dev-001" });
		const waits: number[] = [];
		for (let attempt = 1; now < whole.notAfter; attempt++) {
			const next = retryAt(whole, now, attempt, uniform());
			waits.push(next - now);
			assert.ok(next - now >= 60_000, `seed ${seed}: ${next - now} ms`);
			assert.ok(next - now <= Math.max(60_000, (whole.notAfter - now) / 8 + 1), `seed ${seed}: ${next - now} ms`);
			now = next;
		}
		assert.ok(waits[0]! <= 300_000 && waits[0]! >= 150_000, `${waits[0]}`);
		assert.ok(waits.length >= 20 && waits.length < 200, `${days} days: ${waits.length} attempts`);
	}
});

test("the service's retry-after is never undercut, and a fleet that got the same one spreads", () => {
	const whole = validity(7);
	const now = START + 6.9 * DAY;
	for (const uniform of [0, 0.5, 0.999]) {
		const wait = retryAt(whole, now, 1, uniform, 7200) - now;
		assert.ok(wait >= 7200_000 && wait <= 7200_000 * 1.2);
	}
	assert.notEqual(retryAt(whole, now, 1, 0.1, 7200), retryAt(whole, now, 1, 0.9, 7200));
});

test("after the end of validity attempts back off to a day and never come closer than a minute", () => {
	const whole = validity(7);
	const now = whole.notAfter + DAY;
	assert.ok(retryAt(whole, now, 1, 0) - now >= 60_000);
	assert.equal(retryAt(whole, now, 100, 0.999_999) - now <= DAY, true);
	assert.ok(retryAt(whole, now, 100, 0) - now >= DAY / 2);
});

test("a certificate of minutes, as tests use them, is renewed and retried within them", () => {
	const minutes = { notBefore: START, notAfter: START + 120_000 };
	const at = renewAt(minutes, { deviceId: "dev-001" });
	assert.ok(at > START + 84_000 && at <= START + 96_000);
	assert.equal(retryAt(minutes, at, 1, 0) - at, 6000);
});

test("a wait ends within a day, whatever the clock says, and is never negative", () => {
	assert.equal(waitMs(START + 5000, START), 5000);
	assert.equal(waitMs(START, START + 5000), 0);
	assert.equal(waitMs(START, 0), DAY);
	assert.equal(waitMs(START + 20 * DAY, START), DAY);
});
