/** Keys of a board, as its cloud has seen them. */
import assert from "node:assert/strict";
import type { CloudEvent } from "../../cloud/event.ts";
import { hex } from "../../src/base/bytes.ts";
import { parseCsr } from "../../src/x509/csr.ts";

/** A key whose CSR the hub has seen is asked for again or connected with, before there is another. */
export function assertKept(events: readonly CloudEvent[]): void {
	let [serial, asked]: (string | undefined)[] = [];
	for (const event of events) {
		if (event.event === "connected" && event.service === "hub") {
			if (event.serial !== serial) asked = undefined;
			serial = event.serial;
		} else if (event.event === "renew" && event.csr) {
			const key = hex(parseCsr(event.csr).spki);
			assert.ok(asked === undefined || asked === key, "a key that the hub was asked about was lost");
			asked = key;
		}
	}
}
