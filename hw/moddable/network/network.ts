/**
 * `setup/network` on ESP32, by Moddable's convention: the link (link.ts), then the time (`sntp`), then `main`, once. Takes
 * the place of the SDK's module, which connects once: with the access point away at power-up main would never run, and
 * after a loss nobody would connect again.
 */
import { openLink } from "enrollee/link";
import { askTime } from "../sntp.ts";

export default function network(done: () => void): void {
	let started = false;
	const configured = openLink((address) => {
		trace(address === undefined ? "network: lost\n" : `network: ${address}\n`);
		if (address === undefined || started) return;
		started = true;
		askTime(() => done());
	});
	if (!configured) done();
}
