import { run } from "downloading";
import { Agent, createPorts, readConfig } from "enrollee";
import { inspectFirmware } from "enrollee/ota";
import { StateFiles } from "enrollee/state-files";

// A chip has no screen: its 21 functions in RAM are the simulator's.
for (const name of Object.keys(globalThis.screen)) if (name !== "postMessage") delete globalThis.screen[name];

run({ Agent, createPorts, files: new StateFiles(), inspectFirmware, readConfig });
