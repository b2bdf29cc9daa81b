/** An application that takes the whole machine down: XS aborts on an exception that nobody handles. */
export default function crashes(device) {
	device.telemetry({ app: "crashes" });
	Promise.reject(new Error("nobody handles it"));
}
