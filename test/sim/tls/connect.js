/** Connects to each server of $SCENARIOS in turn, sends "ping", and traces one line of JSON about each. */
import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import { KeyPair } from "enrollee/key";
import { environment, exit } from "simulator";
import { Resumption } from "ssl/resumption";
import Timer from "timer";

const TIMEOUT_MS = 5_000;
const scenarios = JSON.parse(environment("SCENARIOS"));
const trusted = JSON.parse(environment("ANCHORS"));
const resumptions = new Map();

run(0);

function run(index) {
	const scenario = scenarios[index];
	if (scenario === undefined) return exit(0);
	const { name, pings = 1, expectBytes = 4 } = scenario;
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
		trace(`RESULT ${JSON.stringify({ name, result, message: text, isResumed })}\n`);
		Timer.set(() => run(index + 1));
	};
	const timer = Timer.set(() => end("timeout"), TIMEOUT_MS);
	try {
		socket = new TLSSocket({
			TCP: { io: scenario.writes === undefined ? TCP : dyingAfter(scenario.writes) },
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
				if (received >= expectBytes && result === undefined)
					end("connected", String.fromArrayBuffer(bytes.slice(0, 64)));
			},
			onError(error) {
				end(error === undefined ? "closed" : (error.code ?? "unnamed"), error?.message);
			},
		});
	} catch (thrown) {
		end("thrown", String(thrown));
	}
}

function secure({ anchors = trusted, chain = [], scalar, pkcs8, notBefore, maxRecordBytes, resumption }) {
	if (resumption !== undefined && !resumptions.has(resumption)) resumptions.set(resumption, new Resumption());
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
