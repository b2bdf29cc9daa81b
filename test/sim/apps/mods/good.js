/** An application that works: it says so once the hub has heard of it. */
export default function good(device) {
	device.telemetry({ app: "good" }, {}, (fault) => fault || device.confirm());
	return { methods: { version: (_, respond) => respond(200, "good") } };
}
