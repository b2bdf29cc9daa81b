// In place of enrollee/sntp: counts who asks.
import Timer from "timer";

export const server = { asked: [] };

export function askTime(done) {
	server.asked.push("time");
	Timer.set(done);
}
