/** What a TLS socket is made with. */
import type TCP from "embedded:io/socket/tcp";
import type { TCPOptions } from "embedded:io/socket/tcp";
import type { ClientKey } from "./client.ts";
import type { Resumption } from "./resumption.ts";

/** DER. */
export type Bytes = Uint8Array | ArrayBuffer;

export interface SecureOptions {
	/** Default: `host`. */
	readonly serverName?: string;
	/** Default, also for an empty list: the built-in ones. */
	readonly anchors?: readonly Bytes[];
	/** Trusted on top of those. */
	readonly additionalAnchors?: readonly Bytes[];
	/** Leaf first; with the leaf's key. */
	readonly clientCertificates?: readonly Bytes[] | undefined;
	readonly clientKey?: ClientKey | undefined;
	/** Of the plaintext of one record; a larger one ends the connection. Default: what TLS allows, 16,384. */
	readonly maxRecordBytes?: number | undefined;
	/** It is that late at least, ms since 1970: see WireOptions. */
	readonly notBefore?: number | undefined;
	/** One for several connections in turn: each goes on from the last one's session where it may. */
	readonly resumption?: Resumption | undefined;
}

/** What callbacks are called on: the socket, as far as they need it. */
export interface Calling {
	readonly target: unknown;
	readonly isConnected: boolean;
}

/** All of it is handed on to the TCP class as well. */
export interface TLSOptions {
	/** Name of the server. */
	readonly host: string;
	/** Its IP address. */
	readonly address: string;
	readonly port: number;
	readonly TCP: {
		readonly io: new (options: TCPOptions) => TCP;
	};
	readonly secure?: SecureOptions;
	/** The socket's property of that name: callbacks are called on the socket, and need no closure to find their owner (ECMA-419). */
	readonly target?: unknown;
	readonly onReadable?: (this: Calling, count: number) => void;
	readonly onWritable?: (this: Calling, count: number) => void;
	readonly onError?: (this: Calling, error?: unknown) => void;
}
