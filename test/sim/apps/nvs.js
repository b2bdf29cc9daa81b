// hw/moddable's store and settings for ESP32, over NVS in memory.
import keyValue, { partition } from "embedded:storage/key-value";
import { setting } from "nvs/settings";
import { openStore } from "nvs/store";
import { exit } from "simulator";

const text = (bytes) => (bytes === undefined ? "none" : bytes.toHex());
const attempt = (body) => {
	try {
		return body();
	} catch (fault) {
		return fault.code;
	}
};

trace(`setting ${setting("idScope")}\n`);
keyValue.put("enrollee", "idScope", ArrayBuffer.fromString("0ne00ABCDEF"));
keyValue.put("enrollee", "payload", ArrayBuffer.fromString('{"site":"Zürich"}'));
keyValue.put("enrollee", "dialect", "a string, not a blob");
keyValue.put("enrollee", "hub", Uint8Array.of(0xff, 0xfe).buffer);
trace(`setting ${setting("idScope")} ${setting("payload")}\n`);
trace(`setting ${attempt(() => setting("dialect"))} ${attempt(() => setting("hub"))}\n`);

const store = openStore();
trace(`clear ${store.isClear}\n`);
trace(`store ${text(store.get("cred.a"))}\n`);
const source = Uint8Array.of(9, 1, 2, 3, 9);
store.put("cred.a", source.subarray(1, 4));
trace(`store ${text(store.get("cred.a"))} ${text(openStore().get("cred.a"))}\n`);
store.delete("cred.a");
store.delete("cred.a");
trace(`store ${text(store.get("cred.a"))}\n`);
partition.freeBytes = 10;
trace(`store ${attempt(() => store.put("cred.b", new Uint8Array(11)))}\n`);
trace(`store ${attempt(() => store.put("a name too long for it", new Uint8Array(1)))}\n`);
trace(`usage ${JSON.stringify(store.usage())}\n`);
exit(0);
