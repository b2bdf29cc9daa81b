// The SDK's embedded:network/interface/wifi, driven by the test app.
export const radio = { connects: [], fails: 0, changed: undefined };

export default class WiFi {
	connection = 0;
	address = undefined;
	constructor({ onChanged }) {
		radio.changed = (connection) => {
			this.connection = connection;
			this.address = connection >= 500 ? "192.0.2.7" : undefined;
			onChanged.call(this, "connection");
		};
	}
	connect(options) {
		radio.connects.push(options);
		if (radio.fails-- > 0) throw new Error("connect failed");
	}
}
