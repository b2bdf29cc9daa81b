import Timer from "timer";

export const server = { asked: [], answer: 1 };

export default class SNTP {
	static time = 1;
	static retry = 2;
	static error = -1;
	constructor({ host }, callback) {
		server.asked.push(host);
		Timer.set(() => {
			callback.call(this, SNTP.retry);
			callback.call(this, server.answer, server.answer === SNTP.time ? 1_700_000_000 : "no answer");
		});
	}
}
