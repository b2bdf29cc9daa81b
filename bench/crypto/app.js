/**
 * The bench's app on XS: one library's operations, each between two marks. The counter cuts its count at each call of
 * `environment`, so marks must be the only calls of it after the first two. Preloaded, to leave the heap to the library.
 */
import answers from "answers";
import Debug from "debug";
import { environment, exit } from "simulator";
import Timer from "timer";

/** Instrumented builds print a sample each second. */
const SAMPLE_MS = 1100;

export function run() {
	const library = environment("LIBRARY");
	const memory = environment("MEMORY") === "1";
	const labels = [];
	const mark = (label) => {
		labels.push(label);
		environment("MARK");
	};
	const fail = (error) => {
		trace(`${error}\n${error.stack}\n`);
		exit(1);
	};
	const finish = () => {
		trace(`marks ${labels.join(",")}\n`);
		exit(0);
	};
	rest(memory, "empty", () => {
		mark("load");
		import(library).then((operations) => {
			mark("");
			operate(operations, mark);
			rest(memory, "used", finish);
		}, fail);
	});
}

function rest(memory, name, then) {
	if (!memory) return then();
	Debug.gc();
	Timer.set(() => {
		trace(`rested ${name}\n`);
		then();
	}, SAMPLE_MS);
}

function operate({ keygen, sign, verify }, mark) {
	const bytes = (text) => Uint8Array.fromHex(text);
	const measured = (label, operation) => {
		mark(label);
		const result = operation();
		mark("");
		return result;
	};
	const signed = answers.map((answer) => {
		const scalar = bytes(answer.scalar);
		const digest = bytes(answer.digest);
		const key = measured("keygen", () => keygen(scalar));
		const signature = measured("sign", () => sign(key, digest));
		const good = measured("verify", () => verify(key, digest, signature));
		return good && signature.toHex() === answer.signature;
	});
	if (signed.includes(false)) throw new Error("another signature, or one that does not verify");
}
