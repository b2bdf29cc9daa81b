/**
 * BoGo's shim on XS: $BOGO_FLAGS, a flag a line, says what connections to make with the TLS client of hw/moddable/tls. Each echoes
 * with every bit turned until the runner ends it. Exits with 0, 1 (a connection failed), 89 (flags that we do not know) or
 * 90 (a defect: two ends, data before it is open, a hang), as the runner's PORTING.md has it.
 */
import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import parse from "flags";
import { environment, exit } from "simulator";
import { Resumption } from "ssl/resumption";
import Timer from "timer";

const FAILED = 1;
const UNIMPLEMENTED = 89;
const DEFECT = 90;
const DEADLINE_MS = 20_000;
/** Those of BoringSSL's own shim. */
const RECORD_SIZES = [0, 1, 255, 256, 257, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769];

/** Through the relay of the test, which knows IPv6 and lets no reset eat an alert; it is told first whom to connect. */
class Relayed extends TCP {
	#isByteByByte;

	constructor(options) {
		const { onWritable, connection } = options;
		let isTold = false;
		super({
			...options,
			onWritable(count) {
				const room = isTold ? count : this.write(connection.address.buffer);
				isTold = true;
				onWritable.call(this, room);
			},
		});
		this.#isByteByByte = connection.isAsync;
	}

	read(count) {
		return super.read(this.#isByteByByte ? 1 : count);
	}
}

const connections = parse(environment("BOGO_FLAGS").split("\n").slice(0, -1));
const resumption = new Resumption();
let ended = false;
if (connections === undefined) end(UNIMPLEMENTED);
else {
	Timer.set(() => end(DEFECT, "hangs"), DEADLINE_MS);
	connect(0);
}

/** What is said is on stderr, where the runner wants nothing of a connection that was right. */
function end(code, text) {
	if (ended) return;
	ended = true;
	if (text !== undefined) trace(`${text}\n`);
	exit(code);
}

function connect(index) {
	const connection = connections[index];
	if (connection === undefined) return end(0);
	const { isSilentAboutTickets, mustMiss, writesFirst, shutsDown, checksClose, writesSizes, readBytes } = connection;
	let isOpen = false;
	let isDone = false;
	let socket;
	const done = (code, text) => {
		if (isDone) return end(DEFECT, `ended twice: ${text}`);
		isDone = true;
		socket?.close();
		Timer.set(() => (code === 0 ? connect(index + 1) : end(code, text)));
	};
	const opened = () => {
		isOpen = true;
		if (socket.isResumed === (index === 0 || mustMiss))
			return done(FAILED, socket.isResumed ? "resumed" : "not resumed");
		if (writesSizes) for (const bytes of RECORD_SIZES) socket.write(new Uint8Array(bytes).fill(0x42));
		else if (writesFirst) socket.write(ArrayBuffer.fromString("hello"));
		if (shutsDown) done(0);
	};
	try {
		socket = new TLSSocket({
			TCP: { io: Relayed },
			connection,
			address: "127.0.0.1",
			host: connection.host,
			port: Number(environment("BOGO_RELAY")),
			secure: { ...connection.secure, ...(!isSilentAboutTickets && { resumption }) },
			onWritable() {
				if (!isOpen) opened();
			},
			onReadable(count) {
				if (!isOpen) end(DEFECT, "data before it is open");
				for (let left = count; left > 0; ) {
					const bytes = new Uint8Array(socket.read(Math.min(left, readBytes)));
					left -= bytes.length;
					socket.write(bytes.map((byte) => byte ^ 0xff));
				}
			},
			onError(error) {
				const isCut = error?.code === "wire.closed" && error.message === "the connection was cut";
				if (isOpen && (error === undefined || (isCut && !checksClose))) return done(0);
				done(FAILED, error === undefined ? "closed in the handshake" : `${error.code}: ${error.message}`);
			},
		});
	} catch (thrown) {
		done(FAILED, `thrown: ${thrown}`);
	}
}
