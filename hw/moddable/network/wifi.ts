/** The link over Wi-Fi, from the configuration's `ssid` and `password`. */
import WiFi from "embedded:network/interface/wifi";
import config from "mc/config";
import Timer from "timer";
import type { LinkChanged } from "./link.ts";

/** `connection` of ECMA-419's network interface, from here on: an address. */
const ADDRESSED = 500;
const ASSOCIATED = 400;
const FIRST_PAUSE_SECONDS = 1;
const LONGEST_PAUSE_SECONDS = 60;

export function openLink(changed: LinkChanged): boolean {
	if (config.ssid === undefined) {
		trace("no ssid, no Wi-Fi\n");
		return false;
	}
	const SSID = String(config.ssid);
	const credentials =
		config.password === undefined ? { SSID } : { SSID, password: String(config.password), secure: true };
	let pause = FIRST_PAUSE_SECONDS;
	let again: Timer | undefined;
	let up = false;

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
			const addressed = wifi.connection >= ADDRESSED;
			if (addressed !== up) {
				up = addressed;
				changed(addressed ? wifi.address : undefined);
			}
			if (addressed) pause = FIRST_PAUSE_SECONDS;
			else if (wifi.connection < ASSOCIATED) connectLater();
		},
	});
	connect();
	return true;
}
