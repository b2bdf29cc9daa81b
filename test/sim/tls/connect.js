/** Connects to each server of $SCENARIOS in turn, sends "ping", and traces one line of JSON about each. */
import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import { KeyPair } from "enrollee/key";
import { environment, exit } from "simulator";
import { Resumption } from "ssl/resumption";
import Timer from "timer";

const TIMEOUT_MS = 5_000;
/** The write that carries it: ClientHello, ClientKeyExchange, ChangeCipherSpec and Finished go before. */
const DATA = 5;
const scenarios = JSON.parse(environment("SCENARIOS"));
const trusted = JSON.parse(environment("ANCHORS"));
const resumptions = new Map();
/** By how much the store's clock is off, ms. */
let off = 0;
/** Whether the server's chain was known, of the last handshake that asked. */
let isKnown;

class Watched extends Resumption {
	known(prints, now) {
		const way = super.known(prints, now + off);
		isKnown = way?.parties.length === prints.length;
		return way;
	}

	verified(server) {
		super.verified({ ...server, from: server.from + off });
	}
}

run(0);

function run(index) {
	const scenario = scenarios[index];
	if (scenario === undefined) return exit(0);
	const { name, pings = 1, expectBytes = 4, clock = 0 } = scenario;
	isKnown = undefined;
	off = clock * 86_400_000;
	if (scenario.forgets) resumptions.get(scenario.resumption).forget();
	let socket;
	let result;
	let received = 0;
	let sent = false;
	const end = (outcome, message) => {
		if (result !== undefined)
			trace(`RESULT ${JSON.stringify({ name, result: `${outcome} after ${result}`, message })}\n`);
		else Timer.set(finish);
		result ??= outcome;
		text = message;
	};
	let text;
	let isResumed;
	const finish = () => {
		Timer.clear(timer);
		try {
			socket?.close();
		} catch (thrown) {
			result = `close threw ${thrown}`;
		}
		trace(`RESULT ${JSON.stringify({ name, result, message: text, isResumed, isKnown })}\n`);
		Timer.set(() => run(index + 1));
	};
	const timer = Timer.set(() => end("timeout"), TIMEOUT_MS);
	try {
		socket = new TLSSocket({
			TCP: {
				io: scenario.lwip
					? closingEarly(scenario.lwip)
					: scenario.writes === undefined
						? TCP
						: dyingAfter(scenario.writes),
			},
			address: "127.0.0.1",
			host: scenario.host,
			port: scenario.port,
			secure: secure(scenario),
			onWritable() {
				if (sent) return;
				sent = true;
				isResumed = socket.isResumed;
				socket.write(ArrayBuffer.fromString("ping".repeat(pings)));
			},
			onReadable(count) {
				const bytes = socket.read(count);
				received += bytes.byteLength;
				if (received > scenario.answersAfter) socket.write(bytes.slice(0, 4));
				if (received >= expectBytes && result === undefined)
					end("connected", String.fromArrayBuffer(bytes.slice(0, 64)));
			},
			onError(error) {
				if (error === undefined) end("closed", `after ${received} bytes`);
				else end(error.code ?? "unnamed", error.message);
			},
		});
	} catch (thrown) {
		end("thrown", String(thrown));
	}
}

function secure({ anchors = trusted, chain = [], scalar, pkcs8, notBefore, maxRecordBytes, resumption }) {
	if (resumption !== undefined && !resumptions.has(resumption)) resumptions.set(resumption, new Watched());
	return {
		resumption: resumptions.get(resumption),
		...(notBefore !== undefined && { notBefore: Date.now() + notBefore * 86_400_000 }),
		maxRecordBytes,
		anchors: anchors.map((hex) => Uint8Array.fromHex(hex)),
		clientCertificates: chain.map((hex) => Uint8Array.fromHex(hex)),
		...(scalar && { clientKey: new KeyPair(Uint8Array.fromHex(scalar)) }),
		...(pkcs8 && { clientKey: Uint8Array.fromHex(pkcs8) }),
	};
}

/** What the SDK's TCP does when the connection died: nothing but a write that returns undefined. */
function dyingAfter(writes) {
	let left = writes;
	return class extends TCP {
		write(bytes) {
			return --left < 0 ? undefined : super.write(bytes);
		}
	};
}

/**
 * What the SDK's TCP on lwIP does when the peer has closed: a write throws while the last bytes still wait to be read, those that come
 * behind our first data. Its end is "told" then, or "later".
 */
function closingEarly(when) {
	return class extends TCP {
		#held = new Uint8Array(0);
		#writes = 0;
		#isClosed = false;

		constructor(options) {
			super({
				...options,
				onReadable(count) {
					this.#hold(new Uint8Array(this.take(count)));
					if (this.#writes < DATA) options.onReadable.call(this, this.#held.length);
				},
				onError() {
					this.#isClosed = true;
					if (this.#held.length > 0) options.onReadable.call(this, this.#held.length);
					if (when === "told") options.onError.call(this);
					else Timer.set(() => options.onError.call(this), 200);
				},
			});
		}

		#hold(bytes) {
			const held = new Uint8Array(this.#held.length + bytes.length);
			held.set(this.#held);
			held.set(bytes, this.#held.length);
			this.#held = held;
		}

		take(count) {
			return super.read(count);
		}

		read(count) {
			const bytes = this.#held.slice(0, count);
			this.#held = this.#held.slice(count);
			return bytes.buffer;
		}

		write(bytes) {
			if (this.#isClosed) throw new Error("closed");
			this.#writes++;
			return super.write(bytes);
		}
	};
}
