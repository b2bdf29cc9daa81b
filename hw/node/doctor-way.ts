/**
 * What `enrollee doctor` finds of the way to DPS, which it goes as the agent does: through the proxy of HTTPS_PROXY, on port
 * 8883 or 443.
 */
import { lookup } from "node:dns/promises";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Endpoint, formatEndpoint, MQTT_TLS_PORT } from "../../src/base/endpoint.ts";
import { Fault } from "../../src/fault.ts";
import { openTunnel, proxyFor } from "./proxy.ts";
import { tlsFault } from "./tls-fault.ts";

export interface Finding {
	readonly name: string;
	/** `note`: needed for some things only. */
	readonly state: "good" | "note" | "bad";
	readonly text: string;
	readonly remedy?: string;
}

export const PATIENCE_MS = 5000;
/** MQTT over WebSocket, and what updates are usually served by. */
const HTTPS_PORT = 443;

export const good = (name: string, text: string): Finding => ({ name, state: "good", text });

export const bad = (name: string, { code, message, remedy }: Fault): Finding => ({
	name,
	state: "bad",
	text: message.startsWith(code) ? message : `${code}: ${message}`,
	remedy,
});

/** Tells of name, proxy and ports; the connection by which the agent would come through, if there is one. */
export async function examineWay(
	{ host, port }: Endpoint,
	transport: string,
	tell: (finding: Finding) => void,
	environment: NodeJS.ProcessEnv = process.env,
): Promise<Socket | undefined> {
	const proxy = proxyFor(host, port, environment);
	if (proxy instanceof Fault) tell(bad("proxy", proxy));
	else if (proxy !== undefined) tell(good("proxy", `${proxy.host}, which resolves ${host}`));
	else {
		const name = await dns(host);
		tell(name);
		if (name.state === "bad") return undefined;
	}
	const isAzure = port === MQTT_TLS_PORT;
	const first = isAzure && transport === "ws" ? HTTPS_PORT : port;
	const socket = await reach(host, first, environment);
	const other = isAzure && first !== HTTPS_PORT && (socket instanceof Fault ? transport === "auto" : !isLocal(host));
	const second = other ? await reach(host, HTTPS_PORT, environment) : undefined;
	if (socket instanceof Fault && second !== undefined && !(second instanceof Fault)) {
		const { state: _bad, ...finding } = bad(`port ${first}`, socket);
		tell({ ...finding, state: "note", remedy: WAY_ROUND });
	} else tell(found(host, first, socket));
	if (second !== undefined) tell(found(host, HTTPS_PORT, second));
	if (!(socket instanceof Fault)) {
		if (second !== undefined && !(second instanceof Fault)) second.destroy();
		return socket;
	}
	return second instanceof Fault ? undefined : second;
}

const WAY_ROUND = "MQTT goes over WebSocket on 443 instead; --transport ws spares trying this one at each start.";

const isLocal = (host: string): boolean => host === "localhost" || host.startsWith("127.");

const found = (host: string, port: number, socket: Socket | Fault): Finding =>
	socket instanceof Fault ? bad(`port ${port}`, socket) : good(`port ${port}`, `${host} answers`);

async function dns(host: string): Promise<Finding> {
	if (isIP(host) !== 0) return good("dns", `${host} is an address`);
	try {
		const addresses = await lookup(host, { all: true });
		return good("dns", `${host}: ${addresses.map(({ address }) => address).join(", ")}`);
	} catch (cause) {
		return bad("dns", new Fault("wire.dns", `${host}: ${(cause as NodeJS.ErrnoException).code}`));
	}
}

/** Connected, through the proxy where there is one. */
function reach(host: string, port: number, environment: NodeJS.ProcessEnv): Promise<Socket | Fault> {
	const proxy = proxyFor(host, port, environment);
	if (proxy instanceof Fault) return Promise.resolve(proxy);
	return new Promise((resolve) => {
		const timeout = new Fault("wire.timeout", `${host}:${port}: no answer after ${PATIENCE_MS / 1000} s`);
		if (proxy !== undefined) {
			const abandon = openTunnel(proxy, host, port, (tunnel) => {
				clearTimeout(timer);
				if (!(tunnel instanceof Fault)) tunnel.on("error", () => {});
				resolve(tunnel);
			});
			const timer = setTimeout(() => {
				abandon();
				resolve(timeout);
			}, PATIENCE_MS);
			return;
		}
		const socket = connectTcp({ host, port });
		const end = (fault: Fault): void => {
			socket.destroy();
			resolve(fault);
		};
		socket.setTimeout(PATIENCE_MS, () => end(timeout));
		socket.on("error", ({ message }) => end(new Fault("wire.refused", message)));
		socket.on("connect", () => {
			socket.setTimeout(0);
			resolve(socket);
		});
	});
}

/** Over a connection that stands; it is ended. */
export function examineTls(socket: Socket, endpoint: Endpoint, ca: readonly string[] | undefined): Promise<Finding> {
	const { host } = endpoint;
	const peer = formatEndpoint(endpoint);
	return new Promise((resolve) => {
		const secured = connectTls({
			socket,
			host,
			...(isIP(host) === 0 && { servername: host }),
			...(ca && { ca: [...ca] }),
		});
		const end = (finding: Finding): void => {
			secured.destroy();
			resolve(finding);
		};
		secured.setTimeout(PATIENCE_MS, () => end(bad("tls", new Fault("wire.timeout", peer))));
		secured.on("error", (error) => end(bad("tls", tlsFault(error, peer, false))));
		secured.on("secureConnect", () => {
			const { issuer, valid_to } = secured.getPeerCertificate();
			end(good("tls", `${secured.getProtocol()}, issued by ${issuer?.CN ?? "?"}, until ${valid_to}`));
		});
	});
}
