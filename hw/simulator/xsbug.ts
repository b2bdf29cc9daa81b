/**
 * The debugger's end of the xsbug protocol (XML fragments over TCP), as far as a test needs it: collects what a debug
 * build logs, notes why it stopped, and lets it go on.
 */
import { createServer, type Socket } from "node:net";

export interface Xsbug {
	readonly port: number;
	logged(): string;
	/** "path:line message" of each stop. */
	readonly breaks: readonly string[];
	close(): Promise<void>;
}

export interface XsbugOptions {
	readonly breakOnExceptions: boolean;
}

const END = "</xsbug>";

export async function listenAsXsbug({ breakOnExceptions }: XsbugOptions): Promise<Xsbug> {
	const breaks: string[] = [];
	let logged = "";
	const sockets = new Set<Socket>();
	const breakpoints = breakOnExceptions ? '<breakpoint path="exceptions" line="0"/>' : "";

	const take = (socket: Socket, message: string) => {
		for (const [, text] of message.matchAll(/<log[^>]*>([^<]*)<\/log>/g)) logged += unescaped(text!);
		const stop = /<break(?: path="([^"]*)" line="([^"]*)")?[^>]*>([^<]*)/.exec(message);
		if (stop) breaks.push(`${stop[1] ?? ""}:${stop[2] ?? ""} ${unescaped(stop[3] ?? "").trim()}`);
		if (message.includes("<login")) send(socket, `<set-all-breakpoints>${breakpoints}</set-all-breakpoints>`);
		if (stop) send(socket, "<go/>");
	};

	const server = createServer((socket) => {
		let pending = "";
		sockets.add(socket);
		socket.setEncoding("utf8");
		socket.on("data", (text) => {
			const messages = (pending + text).split(END);
			pending = messages.pop()!;
			for (const message of messages) take(socket, message);
		});
		socket.on("error", () => socket.destroy());
		socket.on("close", () => sockets.delete(socket));
	});
	await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
	const { port } = server.address() as { port: number };
	return {
		port,
		breaks,
		logged: () => logged,
		async close() {
			await Promise.all([...sockets].map((socket) => new Promise((done) => socket.once("close", done))));
			await new Promise((done) => server.close(done));
		},
	};
}

const send = (socket: Socket, text: string) => void socket.write(`\r\n${text}\r\n`);

const unescaped = (text: string): string =>
	text.replace(/&#(x?[0-9a-fA-F]+);|&(lt|gt|quot|amp);/g, (_, number: string | undefined, name: string) =>
		number === undefined
			? { lt: "<", gt: ">", quot: '"', amp: "&" }[name]!
			: String.fromCodePoint(number.startsWith("x") ? Number.parseInt(number.slice(1), 16) : Number(number)),
	);
