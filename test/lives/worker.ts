/** One thread of lives: its flavour of cryptography is chosen before anything of src is loaded. */
import { parentPort, workerData } from "node:worker_threads";
import { choose } from "./stand-in/choose.ts";

export interface Work {
	readonly cheap: boolean;
	readonly years: number;
}

const { cheap, years } = workerData as Work;
choose({ cheap });
const { live } = await import("./life.ts");

parentPort!.on("message", (seed: number) => {
	void live(seed, years).then((result) => parentPort!.postMessage(result));
});
parentPort!.postMessage("ready");
