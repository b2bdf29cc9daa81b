/** The platform's TCP socket (ECMA-419) with one thing told that it keeps to itself: that the connection was made. */
import TCP, { type TCPOptions } from "embedded:io/socket/tcp";

export const createTcp = (onConnected: () => void): typeof TCP =>
	class extends TCP {
		constructor(options: TCPOptions) {
			// Not the options themselves, which would be held for as long as the socket.
			const { onWritable } = options;
			super({
				...options,
				onWritable(count) {
					onConnected();
					onWritable?.call(this, count);
				},
			});
		}
	};
