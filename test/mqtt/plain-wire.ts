/** The Wire port over plain TCP, for brokers that speak it. The product has TLS only. */
import { connect } from "node:net";
import { Fault } from "../../src/fault.ts";
import type { Wire } from "../../src/port.ts";

export const plainWire: Wire = {
	connect({ host, port }, events) {
		const socket = connect({ host, port, noDelay: true });
		let fault: Fault | undefined;
		socket.once("connect", () => events.onOpen());
		socket.on("data", (bytes: Buffer) => events.onData(new Uint8Array(bytes)));
		socket.once("error", (error) => {
			fault = new Fault("wire.closed", error.message);
		});
		socket.once("close", () => events.onClose(fault));
		return { write: (bytes) => socket.write(bytes), close: () => socket.end() };
	},
};
