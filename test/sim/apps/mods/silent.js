/** An application that runs and never says that it works. */
export default function silent(device) {
	device.telemetry({ app: "silent" });
}
