/**
 * `setup/network` on ESP32, by Moddable's convention: Wi-Fi from the configuration's `ssid` and `password`, then the time
 * (`sntp`), then `main`. Takes the place of the SDK's module, which connects once: with the access point away at power-up
 * main would never run, and after a loss nobody would connect again.
 */
import WiFi from "embedded:network/interface/wifi";
import config from "mc/config";
import Timer from "timer";
import { askTime } from "./sntp.ts";

/** `connection` of ECMA-419's network interface, from here on: an address. */
const ADDRESSED = 500;
const ASSOCIATED = 400;
const FIRST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 60;

export default function network(done: () => void): void {
	if (config.ssid === undefined) {
		trace("no ssid, no Wi-Fi\n");
		done();
		return;
	}
	const SSID = String(config.ssid);
	const credentials =
		config.password === undefined ? { SSID } : { SSID, password: String(config.password), secure: true };
	let pause = FIRST_PAUSE_SECONDS;
	let again: Timer | undefined;
	let started = false;

	const connect = (): void => {
		again = undefined;
		try {
			wifi.connect(credentials);
		} catch {
			connectLater();
		}
	};
	const connectLater = (): void => {
		if (again !== undefined) return;
		trace(`Wi-Fi: again in ${pause} s\n`);
		again = Timer.set(connect, pause * 1000);
		pause = Math.min(2 * pause, LONGEST_PAUSE_SECONDS);
	};
	const wifi = new WiFi({
		onChanged() {
			if (wifi.connection < ASSOCIATED) return connectLater();
			if (wifi.connection < ADDRESSED) return;
			trace(`Wi-Fi: ${wifi.address}\n`);
			pause = FIRST_PAUSE_SECONDS;
			if (started) return;
			started = true;
			askTime(done);
		},
	});
	connect();
}
