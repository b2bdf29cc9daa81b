/** The same as connect.js on the SDK's own TLS, whose exceptions inside callbacks must be caught, or the machine aborts. */
import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import { environment, exit } from "simulator";
import Timer from "timer";

const TIMEOUT_MS = 1_000;
const scenarios = JSON.parse(environment("SCENARIOS"));
const [anchor] = JSON.parse(environment("ANCHORS"));

run(0);

function run(index) {
	const scenario = scenarios[index];
	if (scenario === undefined) return exit(0);
	const { name, host, port } = scenario;
	let socket;
	let ended = false;
	const end = (result, message) => {
		if (ended) return;
		ended = true;
		Timer.clear(timer);
		trace(`RESULT ${JSON.stringify({ name, result, message })}\n`);
		Timer.set(() => {
			try {
				socket?.close();
			} catch {}
			run(index + 1);
		});
	};
	const timer = Timer.set(() => end("timeout"), TIMEOUT_MS);
	const guard = (callback) =>
		function (...parameters) {
			try {
				callback.apply(this, parameters);
			} catch (thrown) {
				end("thrown", String(thrown));
			}
		};
	class GuardedTCP extends TCP {
		constructor({ onReadable, onWritable, onError, ...options }) {
			super({
				...options,
				onReadable: guard(onReadable),
				onWritable: guard(onWritable),
				onError: guard(onError),
			});
		}
	}
	let sent = false;
	socket = new TLSSocket({
		TCP: { io: GuardedTCP },
		address: "127.0.0.1",
		host,
		port,
		secure: { serverName: host, cache: false, certificate: Uint8Array.fromHex(anchor).buffer },
		onWritable() {
			if (sent) return;
			sent = true;
			socket.write(ArrayBuffer.fromString("ping"));
		},
		onReadable(count) {
			end("connected", String.fromArrayBuffer(socket.read(count)));
		},
		onError() {
			end("error");
		},
	});
}
