/**
 * Between the shim and the runner: the runner listens on ::1 where there is one, which the simulator's TCP does not know, and a socket
 * that XS closes with bytes unread resets, by which the runner would lose the alert. From here on nothing is lost.
 */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** 4 or 6, and the port of the runner. What follows is the runner's. */
const ADDRESS_BYTES = 3;

export async function listen(): Promise<{ port: number; server: Server }> {
	const server = createServer({ allowHalfOpen: true }, (shim) => void relay(shim));
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return { port: (server.address() as AddressInfo).port, server };
}

function relay(shim: Socket): void {
	let first = Buffer.alloc(0);
	let runner: Socket | undefined;
	shim.on("data", (bytes) => {
		if (runner !== undefined) return void runner.write(bytes);
		first = Buffer.concat([first, bytes]);
		if (first.length < ADDRESS_BYTES) return;
		runner = reach(first, shim);
		runner.write(first.subarray(ADDRESS_BYTES));
	});
	shim.on("error", () => {});
	shim.on("end", () => shim.end());
	shim.on("close", () => runner?.end());
}

function reach(address: Buffer, shim: Socket): Socket {
	const runner = connect({
		host: address[0] === 6 ? "::1" : "127.0.0.1",
		port: address.readUInt16BE(1),
		allowHalfOpen: true,
	});
	runner.on("data", (bytes) => shim.writable && shim.write(bytes));
	runner.on("error", () => {});
	runner.on("end", () => runner.end());
	runner.on("close", () => shim.end());
	return runner;
}
