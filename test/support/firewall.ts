/**
 * A cloud as behind a site's firewall: on a loopback address of its own with the service's real ports, of which only 443 is
 * open, so that a device must find it as it finds Azure.
 */
import { createServer, type Server, Socket } from "node:net";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import type { CloudOptions } from "../../cloud/contract.ts";

export interface Site {
	readonly cloud: Cloud;
	/** What the device is configured with: no port, thus 8883. */
	readonly dps: string;
	/** Connections to 8883 since it was last set. */
	readonly tried: number;
	/** Refused, or as where packets are dropped: no answer at all; or open. */
	set8883(state: "refused" | "silent" | "open"): Promise<void>;
	close(): Promise<void>;
}

/** Why not, for node:test's `skip`: 443 is a privileged port on some systems, and some have 127.0.0.1 alone. */
export async function noSite(): Promise<string | false> {
	const server = createServer();
	try {
		await listening(server, 443, addressOf(0));
		return false;
	} catch (thrown) {
		return `SKIPPED: no port 443 on a loopback address (${(thrown as Error).message})`;
	} finally {
		server.close();
	}
}

/** `number` tells the sites of a process apart, 1 to 255. */
export async function openSite(number: number, options: CloudOptions = {}): Promise<Site> {
	const address = addressOf(number);
	const cloud = await startCloud({ polls: 0, ...options, hosts: [address], address, port: 443 });
	const sockets = new Set<Socket>();
	let tried = 0;
	let server: Server | undefined;
	const end8883 = async () => {
		for (const socket of sockets) socket.destroy();
		const ended = server;
		server = undefined;
		if (ended !== undefined) await new Promise((resolve) => ended.close(resolve));
	};
	return {
		cloud,
		dps: address,
		get tried() {
			return tried;
		},
		async set8883(state) {
			await end8883();
			tried = 0;
			if (state === "refused") return;
			server = createServer((socket) => {
				tried++;
				hold(sockets, socket);
				if (state === "silent") return;
				const through = hold(sockets, new Socket()).connect(443, address);
				socket.pipe(through).pipe(socket);
				socket.on("close", () => through.destroy());
				through.on("close", () => socket.destroy());
			});
			await listening(server, 8883, address);
		},
		async close() {
			await end8883();
			await cloud.close();
		},
	};
}

function hold(sockets: Set<Socket>, socket: Socket): Socket {
	sockets.add(socket);
	return socket.on("close", () => sockets.delete(socket)).on("error", () => socket.destroy());
}

const addressOf = (number: number): string => `127.${number}.${(process.pid >> 8) & 255}.${process.pid & 255}`;

const listening = (server: Server, port: number, address: string): Promise<void> =>
	new Promise((resolve, reject) => {
		server.once("error", reject);
		server.listen(port, address, resolve);
	});
