/** Reads what a peer has said once it has ended, a hundred bytes in each turn, and says how many there were. */
import TCP from "embedded:io/socket/tcp";
import { environment, exit } from "simulator";
import Timer from "timer";

let readable = 0;
let taken = 0;

function take() {
	const bytes = socket.read(Math.min(readable, 100))?.byteLength ?? 0;
	readable -= bytes;
	taken += bytes;
	if (readable > 0) Timer.set(take);
}

const socket = new TCP({
	address: "127.0.0.1",
	port: Number(environment("PORT")),
	onReadable(count) {
		if (readable === 0) Timer.set(take, 2);
		readable = count;
	},
	onWritable() {},
	onError: () => exit(taken === 1200 ? 0 : 1),
});
