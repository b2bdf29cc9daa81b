// setup/network over a radio of our own: away at power-up, then there, lost, and there again.
import { radio } from "embedded:network/interface/wifi";
import { server } from "enrollee/sntp";
import network from "setup-network";
import { exit } from "simulator";
import Timer from "timer";

let ready = 0;
const say = (what) =>
	trace(`${what}: connects ${radio.connects.length}, asked ${server.asked.length}, ready ${ready}\n`);
const later = (seconds) => new Promise((resolve) => Timer.set(resolve, seconds * 1000 + 200));

async function run() {
	radio.fails = 1;
	network(() => ready++);
	say("power-up, connect fails");
	await later(1);
	say("tried again");
	radio.changed(200);
	radio.changed(200);
	await later(2);
	say("no access point, tried again");
	radio.changed(400);
	say("associated");
	radio.changed(500);
	await later(0);
	say("address");
	radio.changed(200);
	await later(1);
	say("lost, tried again");
	radio.changed(500);
	await later(0);
	say("back");
	trace(`${JSON.stringify(radio.connects[0])}\n`);
	exit(0);
}
run();
