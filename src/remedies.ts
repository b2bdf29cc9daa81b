/** Everything that can go wrong, each with what an operator can do about it: the closed list behind Fault.code (fault.ts). */
export const FAULTS = {
	// Configuration
	"config.missing":
		"Set the named field: a flag, an ENROLLEE_* variable, enrollee.json, the manifest's config block, or NVS.",
	"config.invalid": "Correct the named field.",
	"config.exists": "Nothing was written: name another file, or add --force to replace this one.",
	"config.foreign": "Nothing was removed: name an empty or a new folder.",
	"config.other-identity":
		"Name the folder of this device (--state), or give up the stored identity: --re-enrol, or enrollee reset.",
	// The development host
	"host.locked": "Wait for that process or end it; where there is none, remove the lock file.",
	"host.port": "Choose another port (0 takes any free one), or end what listens there.",
	"host.unfit": "The line of each of them says what to do about it.",
	"host.output": "Whoever read the output has gone: nothing to do, or write to a file.",
	// Flash
	"store.damaged": "None needed: the device enrols again. Frequent: the flash is worn or power is unstable.",
	"store.newer": "The record was written by a newer version: install that version again, or erase the record by hand.",
	"store.full": "Make the nvs partition larger or remove what else is stored there.",
	"store.low":
		"Nothing has failed yet: make the nvs partition larger or remove what else is stored there, before a record finds no room.",
	"store.empty": "Nothing is stored there yet: let the device enrol (enrollee run), or name its folder (--state).",
	"store.failed": "Check the flash or the folder's permissions and free space.",
	"store.clear":
		"Who has the board reads these keys from flash: encrypt flash and NVS (enrollee factory --encrypt; SECURITY.md), or keep the key in a secure element.",
	// Keys, certificates
	"key.invalid": "The key is not a scalar in 1..n-1 of its curve: remove it and let the device make a new one.",
	"key.curve":
		"The key's curve is refused, or cannot be made here: the device tries the other one where it may; else set `key`, or ask for a policy with this curve.",
	"key.locked": "The chip's key slots are locked or taken: set `renewKey` to `same`, or configure two free slots.",
	"key.lost": "The hardware with the key does not answer: check its power and wiring, or put the chip back.",
	"key.replaced":
		"The hardware has another key than the one that was certified: put the old chip back, or erase the credential records to enrol anew.",
	"key.fault":
		"A computation with the key failed its checks: unstable power, worn flash or an attack. Restart; replace the board if it recurs.",
	"x509.der": "The bytes are not strict DER: ask whoever issued them.",
	"x509.pem": "The text is not PEM or base64: ask whoever issued it, or convert the file with OpenSSL.",
	"x509.certificate": "The certificate cannot be read: ask whoever issued it.",
	"x509.csr": "The certificate signing request cannot be read or does not match its key.",
	"x509.algorithm":
		"Nothing says that the signature is wrong: make it with ECDSA on P-256 (SHA-256) or P-384, or with RSA (PKCS#1 v1.5, SHA-2).",
	"x509.key": "The private key file cannot be read: use PKCS#8 or SEC1 PEM without a passphrase.",
	"x509.registration-id":
		"Use 1 to 64 of [A-Za-z0-9-._:], the first one alphanumeric, the last one alphanumeric or '-'.",
	"cert.missing": "The service assigned a hub but issued no certificate: link the enrolment to a certificate policy.",
	"cert.key-mismatch": "The issued certificate carries another key: the service mixed up requests; enrol again.",
	"cert.name-mismatch": "The issued certificate names another device: check the enrolment's policy.",
	"cert.chain": "The issued chain does not verify link by link: check the service's issuing authority.",
	"cert.unverified":
		"The issued chain has a signature that is not verified here (RSA, or unknown): nothing says it is wrong, and the device goes on. To have it verified, issue with ECDSA on P-256 (SHA-256) or P-384.",
	"cert.expired": "The issued certificate has expired: check the clock, then the policy's validity.",
	"cert.not-yet-valid": "The clock is behind the certificate: check SNTP. The device goes on.",
	// Clock
	"clock.unset": "The clock has not been set: allow SNTP (UDP 123) or name a reachable server.",
	"clock.server": "The time server has no time, or one that cannot be: name others (sntp).",
	"clock.implausible": "The clock is outside what the certificates allow: check the SNTP server.",
	// Wire and TLS
	"wire.dns": "The host name does not resolve: check the name and the network.",
	"wire.refused": "Nothing listens there: check host, port and firewall.",
	"wire.closed": "The peer closed the connection in the middle: usually passes by itself.",
	"wire.websocket":
		"The server does not take MQTT over WebSocket: check host and port, and whether a gateway answers in its place.",
	"wire.proxy":
		"The proxy does not let the connection through: check HTTPS_PROXY, its user and password, and its rules.",
	"wire.timeout": "No answer in time: check the network; usually passes by itself.",
	"tls.untrusted": "The server's chain does not end at a configured anchor: configure its root (--ca).",
	"tls.algorithm":
		"Nothing says that the server's chain is forged, but a signature or key in it is not taken here: use ECDSA on P-256 or P-384 (SHA-256, SHA-384), or RSA of 2048 to 4096 bits (PKCS#1 v1.5, SHA-2).",
	"tls.name": "The server's certificate is for another name: check the host name.",
	"tls.expired": "The server's certificate is outside its dates: check the device's clock, then the server.",
	"tls.rejected": "The server refused our certificate during the handshake.",
	"tls.protocol": "The peer broke TLS or offers nothing we accept (TLS 1.2, ECDHE, AES-GCM).",
	"tls.record":
		"The server sends larger records than this device can hold, and knows no max_fragment_length: send smaller messages, or raise maxMessageBytes where there is memory. For downloads it must know Range.",
	"tls.key": "This platform's TLS cannot use that kind of key.",
	// MQTT
	"mqtt.protocol": "The peer broke MQTT 3.1.1.",
	"mqtt.too-large": "A packet exceeds the limit: raise the limit or send less.",
	"mqtt.timeout": "The broker did not answer in time: usually passes by itself.",
	"mqtt.closed": "The connection ended before the operation: usually passes by itself.",
	"mqtt.version": "The broker does not speak MQTT 3.1.1 (CONNACK 1).",
	"mqtt.client-id": "The broker refused the client id (CONNACK 2).",
	"mqtt.unavailable": "The broker is unavailable (CONNACK 3): passes by itself.",
	"mqtt.credentials": "The broker refused user name or password (CONNACK 4).",
	"mqtt.unauthorized": "The broker refused this client (CONNACK 5).",
	"mqtt.refused": "The broker refused the connection with an unknown code.",
	"mqtt.busy": "The broker does not keep up: send less often.",
	"mqtt.subscribe": "The broker refused the subscription.",
	// DPS
	"dps.bad-request": "The service refused the request (400): see its message.",
	"dps.csr-rejected":
		"The service refused the CSR: check the registration id, and whether its policy wants another curve (`key`).",
	"dps.unauthorized":
		"The service refused the credential (401): check key, certificate, ID scope and the clock; a group's key wants ids in lower case.",
	"dps.forbidden": "The service forbids this device (403): check the enrolment.",
	"dps.not-found": "No enrolment or registration for this id (404): create it, check the ID scope.",
	"dps.conflict": "Another operation is under way (409): usually passes by itself.",
	"dps.throttled": "Too many requests (429): the device waits as told.",
	"dps.unavailable": "The service has trouble (5xx): passes by itself.",
	"dps.failed": "The service could not assign a hub: see its message.",
	"dps.disabled": "The enrolment is disabled: enable it.",
	"dps.response":
		"The service's answer cannot be understood: report it with the log. The device waits long, since each attempt costs a certificate.",
	"dps.device-id":
		"The enrolment gives the device an id that no MQTT topic can hold: choose another, without + # and at most 128 characters.",
	"dps.payload":
		"What the custom allocation returns is too large to be kept: return less. The device goes on without it.",
	"dps.profile": "The assigned hub wants a connection profile this agent does not speak: use a classic hub.",
	"dps.timeout": "The service did not answer in time: usually passes by itself.",
	// Hub
	"hub.unauthorized": "The hub refused the device's credential: the device enrols again.",
	"hub.api-version": "The hub refused the preview api-version: the device goes on with the GA version.",
	"hub.response": "The hub's answer cannot be understood: report it with the log.",
	"hub.closed":
		"The hub ended the session: usually passes by itself. Again and again: one device, one id, one state folder; look for the other.",
	"hub.bad-request": "The hub refused the request (400): see its message.",
	"hub.conflict": "Another certificate request is active for this device (409).",
	"hub.csr-rejected": "The hub refused the CSR: check whether its policy wants another curve (`key`).",
	"hub.timeout": "The hub did not answer a certificate request: it may not offer renewal.",
	"hub.no-request": "The hub knows no request to replace (412): sent again without.",
	"hub.throttled": "Too many requests (429): the device waits as told.",
	"hub.queue-full": "More messages than the queue holds while offline: raise the limit or send less.",
	"hub.too-large":
		"More than the hub, the queue or this device takes: send less, or raise queueBytes or maxMessageBytes, where there is memory.",
	"hub.invalid": "The application gave what the hub cannot take: see the message, correct the application.",
	"hub.unavailable": "The hub has trouble (5xx): passes by itself.",
	// Updates over the air
	"ota.disabled": "No release key is built into this image: build one with a key, or update by cable.",
	"ota.format": "The bundle is not a SUIT envelope of our profile: make it with `enrollee bundle pack`.",
	"ota.signature":
		"The bundle is not signed by a release key of this device: sign it with the current or the next key.",
	"ota.sequence": "The bundle's sequence number is not above the installed one: pack it again with a higher one.",
	"ota.failed-before": "This sequence number failed on this device before: fix the image, pack it with a higher one.",
	"ota.class": "The bundle is for another vendor, class or component: offer the one that was packed for this device.",
	"ota.too-large": "The image does not fit the slot: make it smaller, or use a partition map with larger slots.",
	"ota.uri": "Use an absolute https URI without user name or fragment.",
	"ota.busy": "Another update is under way or on trial: wait for its outcome.",
	"ota.http": "The server's answer cannot be used: check the URI and the server.",
	"ota.missing":
		"The server has no such file (404): upload it, or correct the URI. The device looks for it for about an hour.",
	"ota.redirect":
		"The server redirects to where this device may not follow: put the final URI into the bundle, or name the host in updateHosts.",
	"ota.chunked": "The server sends chunks without a length: serve the file with Content-Length.",
	"ota.length": "The server's length is not the signed one: serve the image that was packed.",
	"ota.digest":
		"The image in flash is not the signed one: serve the image that was packed. Frequent: the flash is worn.",
	"ota.image": "The image is not one for this chip: check what was packed.",
	"ota.secure-version":
		"The chip's eFuse does not take the image's secure_version (anti-rollback): build it with CONFIG_BOOTLOADER_APP_SECURE_VERSION in the chip's range, pack a higher number.",
	"ota.flash": "Reading or writing the image slot failed: check the flash.",
	"ota.aborted": "The new image was reset before it was confirmed: power, or it crashes. It is tried a few times.",
	"ota.withdrawn": "The offer was taken back while the update was under way: nothing to do.",
	"ota.rejected": "The new image could not reach the hub in time and was rolled back: fix it, pack a higher number.",
	// The application that came over the air
	"app.held": "New firmware is on trial: the application runs again once it is confirmed.",
	"app.unstable": "The application, power or flash ends each start: look at the log, offer a corrected application.",
	"app.failed": "The application threw: correct it, offer it with a higher sequence number.",
	// The agent itself
	"device.unstable":
		"Start after start ended early: look for what the hub holds for the application or its update, call enrollee.resume; an hour of connection does the same.",
	"agent.failed": "An unexpected error inside the agent: report it with the log.",
	"agent.callback": "A callback of the application threw: correct the application; the agent goes on.",
	"agent.closed": "The agent was closed by the application.",
} as const;
