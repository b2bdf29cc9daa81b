/** What mqtt-packet uses of Node's EventEmitter: one listener for each event. */
export class EventEmitter {
	#listeners = {};

	on(event, listener) {
		this.#listeners[event] = listener;
		return this;
	}

	emit(event, value) {
		const listener = this.#listeners[event];
		if (listener !== undefined) listener(value);
		else if (event === "error") throw value;
		return listener !== undefined;
	}
}
