// One connection of hw/moddable/wire, watched: says in which order what was called, and exits with 1 when that is wrong.
import { createWire } from "enrollee/wire";
import { environment, exit } from "simulator";
import Timer from "timer";

const [host, port, behaviour, bytes] = environment("CONNECT").split(" ");
const anchors = [Uint8Array.fromBase64(environment("ANCHOR"))];
const seconds = Number(environment("SECONDS") ?? 20);

let busy = true;
let opened = false;
let received = 0;
let sum = 0;

function check(condition, message) {
	if (condition) return;
	trace(`WRONG ${message}\n`);
	exit(1);
}

const events = {
	onOpen() {
		check(!opened && !busy, "onOpen twice or synchronous");
		opened = true;
		trace("open\n");
		behaviours[behaviour]?.();
	},
	onData(data) {
		check(opened, "onData before onOpen");
		received += data.length;
		for (const byte of data) sum = (sum * 31 + byte) >>> 0;
		if (behaviour === "throw") throw new TypeError("the application's own mistake");
		if (behaviour === "close" || (behaviour === "echo" && received === Number(bytes))) close();
	},
	onClose(fault) {
		check(!busy, "onClose synchronous");
		trace(`received ${received} ${sum}\n`);
		trace(fault === undefined ? "closed\n" : `${fault.message}\n`);
		connection.write(Uint8Array.of(1));
		connection.close();
		// Whatever is still to come would be a call too many.
		Timer.set(() => exit(0), 50);
		events.onOpen = events.onData = events.onClose = () => check(false, "a call after onClose");
	},
};
const behaviours = {
	echo: () => send(Number(bytes)),
	flush() {
		send(Number(bytes));
		close();
	},
	greet: () => send(5),
	quit: close,
};

const connection = createWire().connect({ host, port: Number(port), anchors, timeoutSeconds: seconds }, events);
if (behaviour === "early") connection.write(pattern(0, Number(bytes)));
if (behaviour === "abandon") connection.close();
busy = false;

function pattern(from, length) {
	return Uint8Array.from({ length }, (_, i) => ((from + i) * 7) & 0xff);
}

function send(total) {
	for (let at = 0; at < total; at += 5000) connection.write(pattern(at, Math.min(5000, total - at)));
}

function close() {
	busy = true;
	connection.close();
	busy = false;
}
