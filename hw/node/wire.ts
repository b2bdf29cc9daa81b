/**
 * The Wire port on Node: TLS 1.2 or 1.3 over TCP by node:tls.
 *
 * The server must show a chain to a configured anchor (none configured: Node's own roots) and the host's name or address in
 * its SAN; a common name is no substitute, and NODE_TLS_REJECT_UNAUTHORIZED changes nothing. The client's key goes from memory
 * to OpenSSL and never to disk.
 */
import { isIP } from "node:net";
import { type ConnectionOptions, checkServerIdentity, connect, rootCertificates, type TLSSocket } from "node:tls";
import { Fault } from "../../src/fault.ts";
import { curveOf } from "../../src/key/pair.ts";
import type { Connection, Identity, Wire, WireEvents, WireOptions } from "../../src/port.ts";
import { context, element, octetString, oid, sequence, smallInteger } from "../../src/x509/der.ts";
import { CURVES } from "../../src/x509/key.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { tlsFault } from "./tls-fault.ts";

/** How long the peer may take to answer our end of connection. */
const CLOSE_SECONDS = 5;

export function createWire(): Wire {
	return { connect: open };
}

function open(options: WireOptions, events: WireEvents): Connection {
	let socket: TLSSocket;
	try {
		socket = connect(connectionOptions(options));
	} catch (thrown) {
		const fault = contextFault(thrown);
		setImmediate(() => events.onClose(fault));
		return { write() {}, close() {} };
	}
	const peer = `${options.host}:${options.port}`;
	let state: "connecting" | "open" | "closing" = "connecting";
	let negotiated = false;
	let fault: Fault | undefined;
	const deadline = setTimeout(() => {
		fault ??= new Fault("wire.timeout", `${peer}: no TLS connection after ${options.timeoutSeconds} s`);
		socket.destroy();
	}, options.timeoutSeconds * 1000);
	let lingering: NodeJS.Timeout | undefined;

	socket.cork(); // nothing may leave before the server is known to be the right one
	socket.setNoDelay(true);
	socket.once("keylog", () => {
		negotiated = true; // the server's first flight has been read; the line itself is of no interest
	});
	socket.once("secureConnect", () => {
		clearTimeout(deadline);
		if (state !== "connecting") return;
		state = "open";
		socket.uncork();
		events.onOpen();
	});
	socket.on("data", (bytes: Buffer) => {
		if (state === "open") events.onData(new Uint8Array(bytes));
	});
	socket.on("error", (error) => {
		fault ??= tlsFault(error, peer, negotiated);
	});
	socket.once("close", () => {
		clearTimeout(deadline);
		clearTimeout(lingering);
		if (state === "connecting")
			fault ??= new Fault("wire.closed", `${peer} closed the connection during the handshake`);
		events.onClose(state === "closing" ? undefined : fault);
	});

	return {
		write(bytes) {
			if (state !== "closing") socket.write(bytes);
		},
		close() {
			if (state === "closing") return;
			const wasOpen = state === "open";
			state = "closing";
			if (!wasOpen) socket.destroy();
			else {
				socket.end();
				lingering = setTimeout(() => socket.destroy(), CLOSE_SECONDS * 1000);
			}
		},
	};
}

function connectionOptions({ host, port, anchors, additionalAnchors = [], identity }: WireOptions): ConnectionOptions {
	return {
		host,
		port,
		...(isIP(host) === 0 && { servername: host }),
		...(anchors.length + additionalAnchors.length > 0 && {
			ca: [...(anchors.length > 0 ? anchors.map(pem) : rootCertificates), ...additionalAnchors.map(pem)],
		}),
		...(identity !== undefined && {
			cert: identity.chain.map(pem).join(""),
			key: privateKey(identity),
		}),
		minVersion: "TLSv1.2",
		rejectUnauthorized: true,
		checkServerIdentity(name, certificate) {
			if (certificate.subjectaltname !== undefined) return checkServerIdentity(name, certificate);
			return Object.assign(new Error("the certificate has no SAN"), { code: "ERR_TLS_CERT_ALTNAME_INVALID" });
		},
	};
}

const pem = (certificate: Uint8Array): string => encodePem("CERTIFICATE", certificate);

/** PEM, in memory only: the one form of a key that node:tls takes. */
function privateKey(identity: Identity): string {
	if ("pkcs8" in identity) return encodePem("PRIVATE KEY", identity.pkcs8);
	const scalar = identity.signer.scalar?.();
	if (scalar === undefined) throw new Fault("tls.key", "the key cannot leave its hardware, and node:tls needs it");
	const curve = oid(CURVES[curveOf(identity.signer.publicKey)]);
	const sec1 = sequence(smallInteger(1), octetString(scalar), element(context(0), curve));
	return encodePem("EC PRIVATE KEY", sec1);
}

/** Of what goes into the connection only the port and the identity are not known to be sound. OpenSSL never quotes a key. */
function contextFault(thrown: unknown): Fault {
	if (thrown instanceof Fault) return thrown;
	const { code, reason, message } = thrown as { code?: string; reason?: string; message?: string };
	if (code === "ERR_SOCKET_BAD_PORT") return new Fault("config.invalid", "port: expected 1..65535", { cause: thrown });
	return new Fault("tls.key", `the client certificate or key cannot be used: ${reason ?? message}`, { cause: thrown });
}
