/**
 * In place of hw/moddable/tcp: takes no more than lwIP's send buffer on an ESP32 holds, and again only after a while, where the simulator
 * has megabytes of the system's.
 */
import TCP from "embedded:io/socket/tcp";
import Timer from "timer";

/** TCP_SND_BUF of ESP-IDF's lwIP: four segments of 1,440 bytes. */
const MOST = 5760;
const PAUSE_MS = 100;

export const resolve = (_host, done) => done("127.0.0.1");

export class Tcp extends TCP {
	room = MOST;
	offered = 0;

	constructor(options) {
		const { onWritable } = options;
		super({
			...options,
			onWritable(count) {
				this.offered = count;
				if (this.room > 0) onWritable.call(this, Math.min(count, this.room));
			},
		});
		this.onRoom = onWritable;
	}

	write(bytes) {
		this.room -= bytes.byteLength;
		this.offered = super.write(bytes) ?? 0;
		if (this.room === 0) this.timer ??= Timer.set(() => this.refill(), PAUSE_MS);
		return Math.min(this.offered, this.room);
	}

	refill() {
		this.timer = undefined;
		this.room = MOST;
		if (this.offered > 0) this.onRoom(Math.min(this.offered, MOST));
	}

	close() {
		Timer.clear(this.timer);
		super.close();
	}
}
