/** OpenSSL's servers that resume sessions, and a device that connects to one several times. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type TlsOptions } from "node:tls";
import type { App } from "../../../hw/simulator/harness.ts";
import { anchor, connectAll, type Result, type Scenario } from "./device.ts";
import { chainPem, type Entity } from "./pki.ts";
import { HOST } from "./servers.ts";

export class Sessions {
	readonly #app: App;
	readonly #root: Entity;
	readonly #servers: Server[] = [];

	/** `root`: whom devices trust, and their servers. */
	constructor(app: App, root: Entity) {
		this.#app = app;
		this.#root = root;
	}

	/** Says who the client is, and keeps in `seen` whether each connection was resumed. */
	async serve(
		options: TlsOptions,
		chain: readonly Entity[],
	): Promise<{ port: number; seen: boolean[]; server: Server }> {
		const seen: boolean[] = [];
		const tls = { maxVersion: "TLSv1.2", requestCert: true, rejectUnauthorized: false, ca: this.#root.pem } as const;
		const server = createServer({ key: chain[0]!.keyPem, cert: chainPem(...chain), ...tls, ...options }, (socket) => {
			seen.push(socket.isSessionReused());
			socket.on("error", () => {});
			socket.on("data", () => socket.write(`${socket.getPeerCertificate().subject?.CN ?? "nobody"}`));
		});
		server.on("tlsClientError", () => {});
		this.#servers.push(server.listen(0, "127.0.0.1").unref());
		await once(server, "listening");
		return { port: (server.address() as AddressInfo).port, seen, server };
	}

	/** One after the other in one machine; what each came to, and `more` of it. */
	async connect(
		port: number,
		scenarios: readonly Partial<Scenario>[],
		more: (result: Result) => string,
	): Promise<string[]> {
		const all = scenarios.map((scenario, i) => ({
			name: String(i),
			port,
			host: HOST,
			resumption: "one",
			...scenario,
		}));
		const results = await connectAll(this.#app, all, anchor(this.#root));
		return all.map(({ name }) => {
			const result = results.get(name)!;
			return `${result.result === "connected" ? result.message : result.result}${more(result)}`;
		});
	}

	close(): void {
		for (const server of this.#servers) server.close();
	}
}
