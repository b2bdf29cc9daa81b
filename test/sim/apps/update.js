/** One boot of a device that takes updates: fetches, applies, or confirms what it finds; traces the outcome. */
import { createPorts, readConfig } from "enrollee";
import { openSlot } from "enrollee/slot";
import { classUuid, defaultVendor, fetchBundle, fetchImage, readOffer, Updater } from "enrollee/update";
import { environment, exit } from "simulator";

const { wire, store, clock } = createPorts();
const vendor = defaultVendor();
const slot = openSlot();
const updater = new Updater({
	slot,
	store,
	clock,
	keys: [Uint8Array.fromHex(environment("RELEASE_KEY"))],
	vendor,
	class: classUuid(vendor, "esp32/devkit/4m"),
});
const report = (what) => trace(`${what} ${slot.running} ${JSON.stringify(updater.status)}\n`);
const ports = { wire, clock, anchors: readConfig().anchors };

function fetch() {
	fetchImage(ports, updater, (fault) => {
		if (fault) return end(fault);
		report("staged");
		updater.apply();
	});
}

function end(fault) {
	report(fault ? fault.message : "done");
	exit(fault ? 3 : 0);
}

const decision = updater.boot();
report(decision);
if (decision === "trial") {
	updater.confirm();
	end();
} else if (decision === "fetch") fetch();
else {
	const offer = readOffer(JSON.parse(environment("OFFER")));
	try {
		updater.admit(offer.sequence);
		fetchBundle(ports, offer.url, (result) => {
			if (!(result instanceof Uint8Array)) return end(result);
			updater.offer(result, offer.sequence);
			fetch();
		});
	} catch (fault) {
		end(fault);
	}
}
