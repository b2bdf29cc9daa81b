/** A server's chain as the largest of public services are: four certificates whose keys have 4,096 bits of RSA, and a hundred names, in 7 KB. */
import { AsyncLocalStorage } from "node:async_hooks";
import { syncBuiltinESMExports } from "node:module";
import tls, { type Server, type TLSSocket, type TlsOptions } from "node:tls";
import { chainPem, type Entity, issue } from "../sim/tls/pki.ts";
import { times } from "./hostile/row.ts";

const SERVER_AUTHENTICATION = "1.3.6.1.5.5.7.3.1";

/** Leaf first, its root last. The CAs have one key: to make one takes a second. */
export async function createServerChain(hosts: readonly string[]): Promise<readonly Entity[]> {
	const kind = { type: "RSA-4096", hash: "SHA-384", ca: {} } as const;
	const root = await issue({ name: "Service Root CA", ...kind, to: 30 });
	const { keys } = root;
	const policy = await issue({ name: "Service Policy CA", ...kind, keys, issuer: root, to: 30 });
	const issuing = await issue({ name: "Service Issuing CA", ...kind, keys, issuer: policy, to: 30 });
	const names = times(100 - hosts.length, (i) => `*.region-${i}.service.example`);
	const leaf = await issue({
		name: "service",
		type: "RSA-4096",
		hash: "SHA-384",
		issuer: issuing,
		hosts: [...hosts, ...names],
		extendedUsages: [SERVER_AUTHENTICATION],
		to: 30,
	});
	return [leaf, issuing, policy, root];
}

const shown = new AsyncLocalStorage<Pick<TlsOptions, "key" | "cert">>();

/** The TLS servers that `make` makes show that chain; those that others make meanwhile do not. */
export function showing<T>(chain: readonly Entity[], make: () => Promise<T>): Promise<T> {
	if (tls.createServer === createServer) {
		tls.createServer = createShowing as typeof createServer;
		syncBuiltinESMExports();
	}
	return shown.run({ key: chain[0]!.keyPem, cert: chainPem(...chain) }, make);
}

const { createServer } = tls;

const createShowing = (options: TlsOptions, accept?: (socket: TLSSocket) => void): Server =>
	createServer({ ...options, ...shown.getStore() }, accept);
