/** `enrollee/settings` on ESP32: blobs of UTF-8 in the NVS namespace `enrollee`, written by `enrollee factory`. */
import keyValue from "embedded:storage/key-value";
import { utf8Text } from "../../src/base/bytes.ts";
import { Fault } from "../../src/fault.ts";

const NAMESPACE = "enrollee";

export function setting(name: string): string | undefined {
	// Opened for writing, which makes the namespace when there is none.
	const domain = keyValue.open({ path: NAMESPACE, format: "buffer" });
	try {
		const bytes = domain.read(name);
		return bytes === undefined ? undefined : utf8Text(new Uint8Array(bytes as ArrayBuffer));
	} catch (cause) {
		throw new Fault("config.invalid", `${name}: NVS holds no UTF-8 blob of that name`, { cause });
	} finally {
		domain.close();
	}
}
