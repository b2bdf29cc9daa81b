/** `ssl/sdk-state`: what the SDK's messages and records keep in a session, under their names. */
import type { Digest } from "crypt";

export class SdkState {
	readonly connectionEnd = true;
	readonly protocolVersion = 0x0303;
	readonly minProtocolVersion = 0x0303;
	readonly maxProtocolVersion = 0x0303;
	clientCipher: object | undefined;
	serverCipher: object | undefined;
	clientRandom!: ArrayBuffer;
	serverRandom!: ArrayBuffer;
	serverSessionID: ArrayBuffer | undefined;
	masterSecret: ArrayBuffer | undefined;
	/** Of records that could be opened. */
	readSeqNum: bigint | undefined;
	dhparams: { named_curve: number; dh_Ys: ArrayBuffer } | undefined;
	/** Undefined: no certificate was asked for. */
	clientCerts: readonly Uint8Array[] | undefined;
	handshakeDigests: Record<string, Digest> | undefined;
	sha384: Digest | undefined;
	/** Set by the SDK when our Certificate was not empty. */
	myCert: Uint8Array | undefined;
	alert: { level: number; description: number } | undefined;

	/** Its own tracing. */
	traceProtocol(): void {}
}
