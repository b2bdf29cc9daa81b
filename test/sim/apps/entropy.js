import "enrollee/crypto";
import { fill } from "enrollee/entropy";
import RNG from "rng";
import { exit } from "simulator";

const port = new Uint8Array(40);
fill(port.subarray(4, 36));
if (port.subarray(0, 4).some((byte) => byte) || port.subarray(36).some((byte) => byte))
	throw new Error("wrote outside");
trace(`port ${port.subarray(4, 36).toHex()}\n`);
trace(`rng ${new Uint8Array(RNG.get(32)).toHex()}\n`);
trace(`getRandomValues ${crypto.getRandomValues(new Uint8Array(32)).toHex()}\n`);
exit(0);
