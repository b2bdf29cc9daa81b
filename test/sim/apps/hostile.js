import Debug from "debug";
import { Agent, createPorts, readConfig } from "enrollee";
import { openFlashStore } from "enrollee/agent";
import { createAppEngine } from "enrollee/app-engine";
import { AppSlot } from "enrollee/apps";
import { inspectFirmware } from "enrollee/ota";
import { powerUp } from "hostile/app-slot";
import { drive } from "hostile/driver";
import { Flash } from "hostile/flash";
import { ForgetfulSlot } from "hostile/slot";
import Instrumentation from "instrumentation";
import { environment, exit } from "simulator";
import Timer from "timer";

// A chip has no screen: its 21 functions in RAM are the simulator's.
for (const name of Object.keys(globalThis.screen)) if (name !== "postMessage") delete globalThis.screen[name];

const CHUNKS = Instrumentation.map("XS Chunk Heap Used");
const SLOTS = Instrumentation.map("XS Slot Heap Used");
/** In 64 KB there is room for neither updates nor an application with methods and messages. */
const isSmall = environment("SMALL") === "1";
const { wire, store: files, clock, entropy } = createPorts();
const store = openFlashStore(new Flash(files), false);

/** What row `index` is stands in the store once somebody has put it there: `INDEX WORDS` or `INDEX`. */
function next(index, start) {
	Debug.gc();
	trace(`LIVE ${index} ${Instrumentation.get(CHUNKS)} ${Instrumentation.get(SLOTS)}\n`);
	trace(`NEXT ${index}\n`);
	const look = () => {
		const bytes = files.get("row");
		const [number, ...words] = bytes ? String.fromArrayBuffer(bytes.buffer).split(" ") : [];
		if (number !== String(index)) return;
		Timer.clear(timer);
		start(words.length > 0 ? words.join(" ") : undefined);
	};
	const timer = Timer.repeat(look, 5);
}

/** A board has the flash of applications preloaded; here it is files, which those rows alone are to pay for. */
if (environment("APP_SLOT") === "1") import("enrollee/app-flash").then(({ openAppFlash }) => begin(openAppFlash()));
else begin();

function begin(flash) {
	const engine = (restart) => createAppEngine({ flash, guard() {}, restart });
	const platform = flash && { AppSlot, flash, store, engine };
	drive({
		Agent,
		ports: { wire, store, clock, entropy },
		config: readConfig(),
		slot: isSmall ? undefined : new ForgetfulSlot(inspectFirmware),
		isSmall,
		appSlot: platform && ((restarted) => powerUp(platform, restarted)),
		next,
		log: (step, detail) => step === "fault" && trace(`FAULT ${detail.code} ${detail.message}\n`),
		connected: (index) => trace(`CONNECTED ${index}\n`),
		tell: (index, how, codes, messages) => trace(`ROW ${index} ${how} ${messages} ${codes}\n`),
		end: () => exit(0),
	});
}
