/** A TCP proxy on loopback that counts what passes: bytes on the wire without those of TCP and IP. */
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";

export interface Bytes {
	readonly up: number;
	readonly down: number;
}

export interface Proxy {
	readonly port: number;
	/** Since the last call; up is what the device sent. */
	take(): Bytes;
	/** Ends every connection. */
	cut(): void;
	close(): void;
}

/** `onConnection`: before its first byte. */
export async function startProxy(port: number, onConnection: () => void): Promise<Proxy> {
	const sockets: Socket[] = [];
	let bytes = { up: 0, down: 0 };
	const server = createServer((device) => {
		onConnection();
		const cloud = connect(port, "127.0.0.1");
		device.on("data", (chunk) => {
			bytes.up += chunk.length;
		});
		cloud.on("data", (chunk) => {
			bytes.down += chunk.length;
		});
		for (const [from, to] of [
			[device, cloud],
			[cloud, device],
		] as const) {
			sockets.push(from);
			from.setNoDelay(true).on("error", () => to.destroy());
			from.pipe(to);
		}
	});
	const cut = (): void => {
		for (const socket of sockets.splice(0)) socket.destroy();
	};
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	return {
		port: (server.address() as AddressInfo).port,
		take() {
			const taken = bytes;
			bytes = { up: 0, down: 0 };
			return taken;
		},
		cut,
		close() {
			server.close();
			cut();
		},
	};
}

/** As the services have them: what is known of a server is known under its name, and these two have one each. */
export const twoNames = ({ port }: Proxy): { readonly ENROLLEE_DPS: string; readonly ENROLLEE_HUB: string } => ({
	ENROLLEE_DPS: `localhost:${port}`,
	ENROLLEE_HUB: `127.0.0.1:${port}`,
});
