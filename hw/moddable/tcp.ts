/**
 * The platform's TCP socket (ECMA-419) with one thing told that it keeps to itself: that the connection was made, by
 * `TCP.onConnected` of the options. And its names.
 */
import TCP, { type TCPOptions } from "embedded:io/socket/tcp";
// biome-ignore lint/style/useNodejsImportProtocol: the SDK's module, not Node's
import Net from "net";

/** No matter for a resolver (RFC 6761 section 6.3); the simulator's would give up on ::1. */
const LOOPBACK = "127.0.0.1";

/** `done` gets an IPv4 address, at once for one, or undefined where the name has none. */
export function resolve(host: string, done: (address: string | undefined) => void): void {
	if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) done(host);
	else if (host === "localhost") done(LOOPBACK);
	else Net.resolve(host, (_name, address) => done(address));
}

/** One class in ROM for all connections: one for each would be held as long as its connection. */
export class Tcp extends TCP {
	constructor(options: TCPOptions) {
		// Not the options themselves, for the same reason.
		const { onWritable } = options;
		const { onConnected } = (options as Partial<Told>).TCP ?? {};
		super({
			...options,
			onWritable(count) {
				onConnected?.();
				onWritable?.call(this, count);
			},
		});
	}
}

interface Told {
	readonly TCP: { readonly onConnected?: () => void };
}
