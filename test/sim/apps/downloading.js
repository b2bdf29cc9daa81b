/** A whole agent that takes one update; samples of the machine's memory at rest when connected, and when the image is complete. Preloaded. */
import Debug from "debug";
import { ForgetfulSlot } from "hostile/slot";
import { sample } from "sample";
import { exit } from "simulator";
import Timer from "timer";

const QUIET_MS = 500;

/** Flash as a file; nothing is ever started from it. */
class FileSlot extends ForgetfulSlot {
	constructor(inspectFirmware, files) {
		super(inspectFirmware);
		this.files = files;
	}
	read(offset, length) {
		return this.files.read("image", offset, length);
	}
	write(offset, bytes) {
		this.files.write("image", offset, bytes);
	}
	arm() {
		phase("downloaded");
		exit(0);
	}
}

export function run({ Agent, createPorts, files, inspectFirmware, readConfig }) {
	new Agent({
		...createPorts(),
		slot: new FileSlot(inspectFirmware, files),
		config: readConfig(),
		restart: undefined,
		log(step, { code, message } = {}) {
			if (step === "fault") trace(`${code} ${message}\n`);
			if (step === "hub.connected")
				Timer.set(() => {
					phase("connected");
					trace("quiet\n");
				}, QUIET_MS);
		},
	});
}

/** What the machine has taken up to now, then what is left. */
function phase(name) {
	sample(`${name}.taken`);
	Debug.gc();
	sample(name);
}
