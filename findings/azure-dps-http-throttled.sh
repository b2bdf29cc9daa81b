#!/usr/bin/env bash
# Guess: the Azure SDK for Node's DPS client over HTTPS waits and tries again when it is answered 429 or 503, as one of its own
#   numbered requirements has it (06_012: still registering, no error) and as it does over MQTT.
# Behaviour: it gives up at once with ThrottlingError or ServiceUnavailableError. The REST client below it makes an error of every
#   status from 300 up, so that the branch that waits is never reached; Retry-After is not looked at.
# Versions: azure-iot-provisioning-device-http 1.9.1 with azure-iot-http-base 1.12.1, Node 20.20
# Date: 2026-11-29
set -uo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 2
npm install --silent --no-audit --no-fund --ignore-scripts --prefix . azure-iot-provisioning-device@1.9.1 \
	azure-iot-provisioning-device-http@1.9.1 azure-iot-security-symmetric-key@1.8.2 >/dev/null 2>&1 || { echo "the packages could not be had"; exit 2; }
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost \
	-addext subjectAltName=DNS:localhost -days 2 2>/dev/null || exit 2
cat >run.cjs <<'JS'
const { createServer } = require("node:https");
const { readFileSync } = require("node:fs");
const { Socket } = require("node:net");
const { ProvisioningDeviceClient } = require("azure-iot-provisioning-device");
const { Http } = require("azure-iot-provisioning-device-http");
const { SymmetricKeySecurityClient } = require("azure-iot-security-symmetric-key");

// The SDK has port 443 fixed; in this process it is the server's.
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...given) {
	const [first] = given;
	const options = Array.isArray(first) ? first[0] : first;
	if (Number(options.port) === 443) options.port = server.address().port;
	return connect.apply(this, given);
};

let requests = 0;
let status = 429;
const server = createServer({ key: readFileSync("key.pem"), cert: readFileSync("cert.pem") }, (request, response) => {
	requests++;
	request.resume();
	response.writeHead(status, { "content-type": "application/json", "retry-after": "1" });
	response.end(JSON.stringify({ errorCode: status * 1000 + 1, message: "later, please" }));
});
server.listen(0, "127.0.0.1", async () => {
	let changed = false;
	for (const [answered, name] of [
		[429, "ThrottlingError"],
		[503, "ServiceUnavailableError"],
	]) {
		status = answered;
		requests = 0;
		const security = new SymmetricKeySecurityClient("dev-001", Buffer.alloc(32, 1).toString("base64"));
		const client = ProvisioningDeviceClient.create("localhost", "0ne00000000", new Http(), security);
		const error = await Promise.race([
			client.register().then(() => undefined, (error) => error),
			new Promise((resolve) => setTimeout(() => resolve({ name: "still waiting" }), 5000)),
		]);
		console.log(`answered ${status} with Retry-After: 1: ${requests} request(s), ${error?.name}`);
		if (requests !== 1 || error?.name !== name) changed = true;
	}
	process.exit(changed ? 1 : 0);
});
JS
NODE_EXTRA_CA_CERTS=cert.pem node run.cjs
