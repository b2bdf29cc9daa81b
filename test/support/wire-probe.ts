/** One connection of the Node wire, watched: the order and number of callbacks, and how it ended. */
import assert from "node:assert/strict";
import { createWire } from "../../hw/node/wire.ts";
import type { Fault, FaultCode } from "../../src/fault.ts";
import type { WireOptions } from "../../src/port.ts";

export interface End {
	readonly opened: boolean;
	readonly fault: Fault | undefined;
}
interface Callbacks {
	onOpen?(): void;
	onData?(bytes: Uint8Array): void;
}
export type Behaviour = (wire: () => { write(bytes: Uint8Array): void; close(): void }) => Callbacks;

/** Connects to localhost by default, and gives what onClose said; fails when a callback comes twice, too late or synchronously. */
export function openWire(
	options: Partial<WireOptions> & Pick<WireOptions, "port" | "anchors">,
	behave: Behaviour = () => ({}),
): Promise<End> {
	return new Promise((resolve, reject) => {
		let opened = false;
		let closed = false;
		let busy = true;
		const wire = createWire().connect(
			{ host: "localhost", timeoutSeconds: 20, ...options },
			{
				onOpen() {
					if (opened || closed || busy) reject(new Error("onOpen twice, late or synchronous"));
					opened = true;
					callbacks.onOpen?.();
				},
				onData(bytes) {
					if (!opened || closed) reject(new Error("onData outside the connection"));
					callbacks.onData?.(bytes);
				},
				onClose(fault) {
					if (closed || busy) reject(new Error("onClose twice or synchronous"));
					closed = true;
					setImmediate(() => resolve({ opened, fault }));
				},
			},
		);
		const callbacks = behave(() => ({
			write: (bytes) => wire.write(bytes),
			close() {
				busy = true;
				wire.close();
				busy = false;
			},
		}));
		busy = false;
	});
}

export function assertFault(end: End, code: FaultCode): void {
	assert.equal(end.fault?.code, code, end.fault?.message ?? "no fault");
}
