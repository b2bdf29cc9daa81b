// setup/network over a cable of our own: power-up, an address, pulled out, put in again.
import { cable } from "embedded:network/interface/ethernet";
import { server } from "enrollee/sntp";
import network from "setup-network";
import { exit } from "simulator";
import Timer from "timer";

let ready = 0;
const say = (what) => trace(`${what}: connects ${cable.connects}, asked ${server.asked.length}, ready ${ready}\n`);
const soon = () => new Promise((resolve) => Timer.set(resolve, 100));

async function run() {
	network(() => ready++);
	say("power-up");
	cable.changed(300);
	say("link without an address");
	server.holds = true;
	cable.changed(500);
	cable.changed(500);
	await soon();
	say("address, told twice, no time yet");
	server.answer();
	say("time");
	cable.changed(200);
	say("cable out");
	cable.changed(300);
	cable.changed(500);
	await soon();
	say("cable in");
	exit(0);
}
run();
