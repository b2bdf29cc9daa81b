/**
 * The time from the network by SNTP (src/base/sntp.ts) over UDP, from the servers that `config.sntp` names ("a.example,b.example";
 * manifest.json has the default). The SDK's class is not used: it takes the time of a server that has none.
 *
 * The servers are asked in turn, each a few times; a time that is later than what the device knows needs a second one's word. Where
 * only one is named there is no second, and it is believed: without the time a device could not even make a token.
 */
import UDP from "embedded:io/socket/udp";
import config from "mc/config";
// biome-ignore lint/style/useNodejsImportProtocol: the SDK's module, not Node's
import Net from "net";
import Time from "time";
import Timer from "timer";
import { parseEndpoint } from "../../src/base/endpoint.ts";
import { encodeQuery, judgeTime, NONCE_BYTES, readAnswer, SNTP_PORT, type Word } from "../../src/base/sntp.ts";
import { RELEASED } from "../../src/release.ts";
import { fill } from "./entropy.ts";

const ANSWER_MS = 5000;
/** Over all servers, in turn. */
const MOST_QUERIES = 6;
/** What is believed of one server alone where the device knows nothing better: two years of life after the release. */
const UNKNOWN_MS = 2 * 365 * 24 * 3600 * 1000;

/**
 * `done` is called once, with the time that the clock was set to, seconds since 1970, or, when nobody could be believed, without: then
 * the clock stays as it is. `latest`: what the time may be on one server's
 * word, ms since 1970.
 */
export function askTime(done: (seconds?: number) => void = () => {}, latest = RELEASED + UNKNOWN_MS): void {
	new Asking(done, latest).next();
}

class Asking {
	readonly #done: (seconds?: number) => void;
	readonly #latest: number;
	readonly #servers = String(config.sntp).split(",");
	#queries = 0;
	/** What a server has said, and when by Time.ticks, where it needs another's word. */
	#before: (Word & { readonly ticks: number }) | undefined;
	#udp: UDP | undefined;
	#timer: Timer | undefined;

	constructor(done: (seconds?: number) => void, latest: number) {
		this.#done = done;
		this.#latest = this.#servers.length > 1 ? latest : Number.POSITIVE_INFINITY;
	}

	next(): void {
		this.#end();
		if (this.#queries === MOST_QUERIES) {
			trace("clock: no time from any server\n");
			this.#done();
			return;
		}
		const server = this.#servers[this.#queries++ % this.#servers.length]!.trim();
		this.#timer = Timer.set(() => this.next(), ANSWER_MS);
		try {
			const { host, port } = parseEndpoint(server, SNTP_PORT, "sntp");
			const query = this.#queries;
			Net.resolve(host, (_name, address) => {
				const waiting = query === this.#queries && this.#timer !== undefined;
				if (waiting && address !== undefined) this.#ask(address, port, server);
			});
		} catch (thrown) {
			this.#complain(server, thrown);
		}
	}

	#ask(address: string, port: number, server: string): void {
		const nonce = new Uint8Array(NONCE_BYTES);
		try {
			fill(nonce);
			this.#udp?.close();
			this.#udp = new UDP({
				onReadable: (count) => {
					for (let n = 0; n < count && this.#udp; n++) this.#receive(new Uint8Array(this.#udp.read()), nonce, server);
				},
			});
			this.#udp.write(encodeQuery(nonce), address, port);
		} catch (thrown) {
			this.#complain(server, thrown);
		}
	}

	#receive(packet: Uint8Array, nonce: Uint8Array, server: string): void {
		try {
			const time = readAnswer(packet, nonce);
			const before = this.#before && { ...this.#before, time: this.#before.time + Time.ticks - this.#before.ticks };
			const verdict = judgeTime({ server, time }, { released: RELEASED, latest: this.#latest }, before);
			if (verdict === "believed") {
				this.#end();
				const seconds = Math.floor(time / 1000);
				Time.set(seconds);
				this.#done(seconds);
				return;
			}
			this.#before = { server, time, ticks: Time.ticks };
			trace(`clock: ${server} says ${new Date(time).toISOString()}, another is asked\n`);
			Timer.clear(this.#timer);
			this.#timer = Timer.set(() => this.next(), 0);
		} catch (thrown) {
			this.#complain(server, thrown);
		}
	}

	/** The next one is asked when this one's time is over: whoever floods us with nonsense does not hurry us. */
	#complain(server: string, thrown: unknown): void {
		trace(`clock: ${server}: ${(thrown as Error).message}\n`);
	}

	#end(): void {
		Timer.clear(this.#timer);
		this.#timer = undefined;
		this.#udp?.close();
		this.#udp = undefined;
	}
}
