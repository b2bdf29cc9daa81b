/** Connects to each server of $SCENARIOS in turn, sends "ping", and traces one line of JSON for each. */
import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import { KeyPair } from "enrollee/key";
import { environment, exit } from "simulator";
import Timer from "timer";

const TIMEOUT_MS = 10_000;
const scenarios = JSON.parse(environment("SCENARIOS"));

run(0);

function run(index) {
	const scenario = scenarios[index];
	if (scenario === undefined) return exit(0);
	let socket;
	let received = "";
	let sent = false;
	const timer = Timer.set(() => end("timeout"), TIMEOUT_MS);
	const end = (result, message) => {
		if (socket === undefined && result !== "thrown") return Timer.set(() => end(result, message));
		Timer.clear(timer);
		try {
			socket?.close();
		} catch (thrown) {
			result = `close threw ${thrown}`;
		}
		trace(`RESULT ${JSON.stringify({ name: scenario.name, result, message })}\n`);
		Timer.set(() => run(index + 1));
	};
	let ended = false;
	const once = (result, message) => {
		if (ended) trace(`RESULT ${JSON.stringify({ name: scenario.name, result: "called twice", message })}\n`);
		else end(result, message);
		ended = true;
	};
	try {
		socket = new TLSSocket({
			TCP: { io: TCP },
			address: "127.0.0.1",
			host: scenario.host,
			port: scenario.port,
			secure: secure(scenario),
			onWritable() {
				if (!sent) socket.write(ArrayBuffer.fromString("ping".repeat(scenario.pings ?? 1)));
				sent = true;
			},
			onReadable(count) {
				received += String.fromArrayBuffer(socket.read(count));
				if (received.length >= (scenario.expectBytes ?? 4)) once("connected", received.slice(0, 16));
			},
			onError(error) {
				once(error === undefined ? "closed" : (error.code ?? "unnamed"), error?.message);
			},
		});
	} catch (thrown) {
		once("thrown", String(thrown));
	}
}

function secure({ anchors = [], chain = [], scalar, pkcs8 }) {
	return {
		anchors: anchors.map((hex) => Uint8Array.fromHex(hex)),
		clientCertificates: chain.map((hex) => Uint8Array.fromHex(hex)),
		...(scalar && { clientKey: new KeyPair(Uint8Array.fromHex(scalar)) }),
		...(pkcs8 && { clientKey: Uint8Array.fromHex(pkcs8) }),
	};
}
