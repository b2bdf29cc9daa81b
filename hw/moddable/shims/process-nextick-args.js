/** mqtt-packet defers the end of a corked stream; its `generate` collects bytes without one. */
export function nextTick(callback, ...values) {
	Promise.resolve().then(() => callback(...values));
}
