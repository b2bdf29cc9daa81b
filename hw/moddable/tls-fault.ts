import { Fault, isFaultCode } from "../../src/fault.ts";

/**
 * What has ended a connection to `peer` (host:port). A TLSError carries one of our codes; anything else thrown is TLS tripping over the
 * peer's bytes. `reached`: over TCP.
 */
export function faultOf(peer: string, thrown: unknown, reached: boolean): Fault {
	if (thrown instanceof Fault) return thrown;
	if (!reached) return new Fault("wire.refused", `${peer}: no TCP connection`, { cause: thrown });
	const { code, message } = thrown as { code?: string; message?: string };
	const text = `${peer}: ${message ?? String(thrown)}`;
	return new Fault(isFaultCode(code) ? code : "tls.protocol", text, { cause: thrown });
}
