/**
 * A sensor: measures, sends, and lets the cloud set how often. Built into the firmware (main.ts) or brought over the air
 * (`npm run bundle -- app examples/sensor`) it is this one function.
 *
 * Desired `intervalSeconds` is applied and reported back; the method `measure` measures now; a message is shown.
 */
import type { Application, Device } from "enrollee/app";

export default function sensor(device: Device): Application {
	let intervalSeconds = 60;
	let cancel = (): void => {};
	send();

	return {
		/** Whatever does not fit is not applied, and the report shows what holds. */
		onDesired({ intervalSeconds: wanted }) {
			if (wanted === undefined) return;
			if (typeof wanted === "number" && wanted >= 1 && wanted <= 86_400) intervalSeconds = wanted;
			device.report({ intervalSeconds }, (fault) => device.log("reported", { intervalSeconds, code: fault?.code }));
			cancel();
			send();
		},
		methods: { measure: (_, respond) => respond(200, measure()) },
		onMessage: ({ body }) => device.log("display", { text: String.fromCharCode(...body) }),
	};

	function send(): void {
		device.telemetry(measure(), { kind: "climate" }, (fault) => {
			if (fault) device.log("lost", { code: fault.code });
			// What has been measured and has reached the cloud is what this sensor is for.
			else device.confirm();
		});
		cancel = device.after(intervalSeconds * 1000, send);
	}

	/** Stands for a real sensor: a day's wave between 15 and 25 degrees. */
	function measure(): { temperature: number } {
		const day = (device.now() % 86_400_000) / 86_400_000;
		return { temperature: Math.round((20 - 5 * Math.cos(2 * Math.PI * day)) * 10) / 10 };
	}
}
