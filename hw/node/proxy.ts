/**
 * HTTP CONNECT (RFC 9110 section 9.3.6) through the proxy that HTTPS_PROXY names, by node:http. NO_PROXY is honoured: `*`,
 * names with all below them, `name:port`. Loopback is never reached through a proxy.
 *
 * User and password of the proxy go to the proxy and into no message.
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import { Fault, printable } from "../../src/fault.ts";

/** The proxy for that server, undefined for none, or Fault config.invalid. */
export function proxyFor(host: string, port: number, environment: NodeJS.ProcessEnv): URL | Fault | undefined {
	const text = environment.https_proxy || environment.HTTPS_PROXY;
	if (!text || isExempt(host, port, environment.no_proxy || environment.NO_PROXY || "")) return undefined;
	const address = text.includes("://") ? text : `http://${text}`;
	if (URL.canParse(address)) {
		const proxy = new URL(address);
		if (/^https?:$/.test(proxy.protocol) && proxy.hostname !== "" && isDecodable(proxy.username + proxy.password))
			return proxy;
	}
	return new Fault(
		"config.invalid",
		"HTTPS_PROXY: expected http://HOST:PORT or https://HOST:PORT, with %XX for what is special in user and password",
	);
}

/** HOST:PORT. */
export function proxyName({ protocol, hostname, port }: URL): string {
	return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
}

/** `done` once, unless abandoned: a connection through to the server, or why there is none. Gives the way to abandon it. */
export function openTunnel(proxy: URL, host: string, port: number, done: (tunnel: Socket | Fault) => void): () => void {
	const refuse = (reason: string, cause?: unknown) =>
		done(new Fault("wire.proxy", `${proxyName(proxy)} for ${host}:${port}: ${reason}`, { cause }));
	const credentials = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
	const authorization = { "proxy-authorization": `Basic ${Buffer.from(credentials).toString("base64")}` };
	const request = (proxy.protocol === "https:" ? requestHttps : requestHttp)({
		method: "CONNECT",
		host: proxy.hostname,
		...(proxy.port !== "" && { port: proxy.port }),
		path: `${host}:${port}`,
		headers: { host: `${host}:${port}`, ...(proxy.username !== "" && authorization) },
		agent: false,
	});
	let isOver = false;
	const once = (step: () => void) => {
		if (!isOver) step();
		isOver = true;
	};
	request.once("connect", ({ statusCode = 0, statusMessage }, socket: Socket, head) => {
		once(() => {
			// Section 9.3.6: only behind the head of a 2xx the tunnel begins; what comes with a refusal is its content.
			const isOpen = statusCode >= 200 && statusCode < 300;
			if (isOpen && head.length === 0) return done(socket);
			socket.destroy();
			refuse(isOpen ? "spoke before we did" : `answers ${statusCode} ${printable(statusMessage)}`);
		});
	});
	request.once("response", ({ statusCode }) => {
		once(() => refuse(`answers ${statusCode}`));
		request.destroy();
	});
	request.on("error", (error) => once(() => refuse(printable(error.message), error)));
	request.end();
	return () => once(() => request.destroy());
}

function isDecodable(text: string): boolean {
	try {
		decodeURIComponent(text);
		return true;
	} catch {
		return false;
	}
}

function isExempt(host: string, port: number, list: string): boolean {
	if (host === "localhost" || /^127\./.test(host)) return true;
	return list.split(/[\s,]+/).some((entry) => {
		const [, name = "", only] = /^\*?\.?([^:]*)(?::(\d+))?$/.exec(entry.toLowerCase()) ?? [];
		if (entry === "*") return true;
		if (name === "" || (only !== undefined && Number(only) !== port)) return false;
		return host === name || host.endsWith(`.${name}`);
	});
}
