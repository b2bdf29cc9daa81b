/**
 * The platform's TCP socket (ECMA-419) with one thing told that it keeps to itself: that the connection was made, by
 * `TCP.onConnected` of the options.
 */
import TCP, { type TCPOptions } from "embedded:io/socket/tcp";

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
