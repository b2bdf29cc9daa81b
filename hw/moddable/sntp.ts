/** The time from the network (SNTP, RFC 4330) by the SDK's client, from the server that `config.sntp` names. */
import config from "mc/config";
import SNTP from "sntp";
import Time from "time";

const SERVER = "pool.ntp.org";

/** `done` is called once, also when nobody answered: then the clock stays as it is. */
export function askTime(done: () => void = () => {}): void {
	new SNTP({ host: String(config.sntp ?? SERVER) }, (message, seconds) => {
		if (message === SNTP.time && seconds !== undefined) Time.set(seconds);
		else if (message !== SNTP.error) return;
		done();
	});
}
