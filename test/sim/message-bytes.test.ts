/** How large a message a device holds by default: by what its manifest's `creation` reserves, 2,048 bytes at least. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { skip } from "../../hw/simulator/harness.ts";
import { buildFixed, FIXED, RESERVED } from "../support/instrumented.ts";

const SETTINGS = {
	ENROLLEE_ID_SCOPE: "0ne00000001",
	ENROLLEE_REGISTRATION_ID: "dev-001",
	ENROLLEE_SYMMETRIC_KEY: Buffer.alloc(32).toString("base64"),
};
const { chunk, heap, stack } = RESERVED;
const MACHINES = [
	[RESERVED, 2048],
	[FIXED, 2048],
	[{ chunk: 2 * chunk, heap: 2 * heap, stack }, 4096],
	[{ chunk: 2 * chunk, heap, stack }, 2048],
	[{ chunk: 2 * chunk, heap: 1.5 * heap, stack }, 3072],
	[{ chunk: 1.25 * chunk, heap: 4 * heap, stack }, 2560],
	[{ chunk: 200 * chunk, heap: 200 * heap, stack }, 262_144],
] as const;

test("the default of maxMessageBytes follows `creation`; what is set counts as it is", { skip }, async () => {
	const app = await buildFixed("message-bytes", RESERVED, { main: "$(ENROLLEE)/test/sim/apps/message-bytes" });
	for (const [machine, expected] of MACHINES) {
		const XS_MACHINE = Object.values(machine).join();
		const { output } = await app.run({ environment: { ...SETTINGS, XS_MACHINE } });
		assert.match(output, new RegExp(`^${expected}$`, "m"), XS_MACHINE);
	}
	const { output } = await app.run({ environment: { ...SETTINGS, ENROLLEE_MAX_MESSAGE_BYTES: "1500" } });
	assert.match(output, /^1500$/m);
});
