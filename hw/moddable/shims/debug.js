/** No tracing on the device. */
export default function debug() {
	return () => {};
}
