/** The platform's TCP socket (ECMA-419) and its names. */
// biome-ignore lint/style/useNodejsImportProtocol: the SDK's module, not Node's
import Net from "net";

export { default as Tcp } from "embedded:io/socket/tcp";

/** No matter for a resolver (RFC 6761 section 6.3); the simulator's would give up on ::1. */
const LOOPBACK = "127.0.0.1";

/** `done` gets an IPv4 address, at once for one, or undefined where the name has none. */
export function resolve(host: string, done: (address: string | undefined) => void): void {
	if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) done(host);
	else if (host === "localhost") done(LOOPBACK);
	else Net.resolve(host, (_name, address) => done(address));
}
