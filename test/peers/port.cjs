/**
 * Preloaded into a peer (`--require`): its connections to port 443, which the SDK has fixed for WebSocket and HTTPS, go to
 * the port in PEER_PORT. The SDK itself stays as it was published.
 */
const { Socket } = require("node:net");

const { connect } = Socket.prototype;
Socket.prototype.connect = function (...given) {
	// tls.connect and net.connect hand on [options, callback], others options or (port, host).
	const [first] = given;
	const options = Array.isArray(first) ? first[0] : first;
	if (typeof options !== "object") throw new Error("a way to connect that this preload does not know");
	if (Number(options.port) === 443) options.port = Number(process.env.PEER_PORT);
	return connect.apply(this, given);
};
