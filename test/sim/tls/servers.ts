/** Real TLS servers on free loopback ports, each with what the device is expected to make of it. */
import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { createServer, type TLSSocket, type TlsOptions } from "node:tls";
import type { Scenario } from "./device.ts";
import { chainPem, type Entity } from "./pki.ts";

export const HOST = "hub.example.net";

/** One line of the table: what the device connects to, and the result it must report. */
export interface Row {
	readonly scenario: Scenario;
	readonly result: string;
	readonly message?: RegExp;
	/** What the client tells the server in the end: the alert wanted, and those that came. */
	readonly alert?: { readonly wanted: number; readonly heard: number[] };
}

export interface Details {
	readonly server?: TlsOptions;
	/** Instead of the echo. */
	readonly onData?: (socket: TLSSocket) => void;
	readonly client?: Partial<Scenario> | undefined;
	/** Of the error, where several causes have one name; of the first bytes, when connected. */
	readonly message?: RegExp | undefined;
	/** That the client must end with. */
	readonly alert?: number;
}

const servers: Server[] = [];

/** An echoing server with this chain, leaf first. To a client with a certificate it answers with the name in it. */
export async function serve(
	name: string,
	result: string,
	chain: readonly Entity[],
	{ server, client, message, onData, alert }: Details = {},
): Promise<Row> {
	const echoing = createServer({ key: chain[0]!.keyPem, cert: chainPem(...chain), ...server }, (socket) => {
		socket.on("error", () => {});
		const subject = socket.getPeerCertificate().subject;
		const echo = (data: Buffer) =>
			void socket.write(subject === undefined ? data : `${subject.CN} ${socket.authorized}`);
		socket.on("data", onData === undefined ? echo : () => onData(socket));
	});
	const heard: number[] = [];
	echoing.on("tlsClientError", ({ message }) => {
		const said = /SSL alert number (\d+)/.exec(message)?.[1];
		if (said !== undefined) heard.push(Number(said));
	});
	const row = await listen(name, result, echoing, { client, message });
	return alert === undefined ? row : { ...row, alert: { wanted: alert, heard } };
}

export async function listen(
	name: string,
	result: string,
	server: Server,
	{ client, message }: Pick<Details, "client" | "message"> = {},
): Promise<Row> {
	server.listen(0, "127.0.0.1").unref();
	await once(server, "listening");
	servers.push(server);
	const { port } = server.address() as AddressInfo;
	return { scenario: { name, port, host: HOST, ...client }, result, ...(message && { message }) };
}

export function closeAll(): void {
	for (const server of servers) server.close();
}
