/** The platform's TCP socket (ECMA-419) with one thing told that it keeps to itself: that the connection was made. */
import TCP, { type TCPOptions } from "embedded:io/socket/tcp";

export const createTcp = (onConnected: () => void): typeof TCP =>
	class extends TCP {
		constructor(options: TCPOptions) {
			super({
				...options,
				onWritable(count) {
					onConnected();
					options.onWritable?.call(this, count);
				},
			});
		}
	};
