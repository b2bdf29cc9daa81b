/**
 * The platform's TCP socket (ECMA-419) with two things told that it keeps to itself: that the connection was made, and
 * that a write has failed, for which it has no callback in the simulator.
 */
import TCP, { type TCPOptions } from "embedded:io/socket/tcp";

export const createTcp = (onConnected: () => void): typeof TCP =>
	class extends TCP {
		readonly #onError: (() => void) | undefined;

		constructor(options: TCPOptions) {
			super({
				...options,
				onWritable(count) {
					onConnected();
					options.onWritable?.call(this, count);
				},
			});
			this.#onError = options.onError;
		}

		override write(bytes: ArrayBuffer | Uint8Array): number | undefined {
			const room = super.write(bytes);
			if (room === undefined) this.#onError?.();
			return room;
		}
	};
