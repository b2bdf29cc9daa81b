// The store in the simulator. MODE=check goes through its verbs; MODE=write puts for ever, until it is killed.
import { createPorts } from "enrollee";
import { environment, exit } from "simulator";

let store;
try {
	store = createPorts().store;
} catch (fault) {
	trace(`${fault.message}\n`);
	exit(1);
}
const blob = (length, seed) => Uint8Array.from({ length }, (_, i) => (i * 31 + seed) & 0xff);
const text = (bytes) => (bytes === undefined ? "none" : `${bytes.length} ${bytes.toHex().slice(0, 16)}`);

if (store === undefined) trace("no store\n");
else if (environment("MODE") === "check") {
	trace(`before ${text(store.get("cred.a"))}\n`);
	store.put("cred.a", blob(3000, 1));
	store.put("cred.a", blob(10, 2));
	trace(`replaced ${text(store.get("cred.a"))}\n`);
	store.put("empty", new Uint8Array(0));
	trace(`empty ${text(store.get("empty"))}\n`);
	store.delete("cred.a");
	store.delete("cred.a");
	trace(`deleted ${text(store.get("cred.a"))}\n`);
	store.put("kept", blob(5, 3));
	exit(0);
} else if (environment("MODE") === "read") {
	trace(`kept ${text(store.get("kept"))}\n`);
	exit(0);
} else {
	// Each blob says in its first byte how it goes on.
	for (let n = 0; ; n++) {
		const bytes = blob(1 + (n % 4) * 1000, n);
		store.put("cut", bytes);
		if (n % 50 === 20) trace(`written ${n}\n`);
	}
}
