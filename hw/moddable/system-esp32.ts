/** `enrollee/system` on ESP32: restart, and the time from the network (SNTP, RFC 4330) by the SDK's client. */
import config from "mc/config";
import SNTP from "sntp";
import Time from "time";

const SERVER = "pool.ntp.org";

export const restart = (): never => System.restart();

/** Without an answer the clock stays as it is. */
export function sync(): void {
	new SNTP({ host: String(config.sntp ?? SERVER) }, (message, seconds) => {
		if (message === SNTP.time && seconds !== undefined) Time.set(seconds);
	});
}
