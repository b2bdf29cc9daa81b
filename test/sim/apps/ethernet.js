// The SDK's embedded:network/interface/ethernet, driven by the test app. As the SDK's: 300 while DHCP runs, 500 with an address.
export const cable = { connects: 0, changed: undefined };

export default class Ethernet {
	connection = 200;
	address = undefined;
	constructor({ onChanged }) {
		cable.changed = (connection) => {
			this.connection = connection;
			this.address = connection >= 500 ? "192.0.2.8" : undefined;
			onChanged.call(this, "connection");
		};
	}
	connect() {
		if (this.connection === 300) throw new Error("already connecting");
		cable.connects++;
		this.connection = 300;
	}
}
