/** What a session tells its user, and what it needs of the connection. */
import type { Fault } from "../fault.ts";

export interface SessionEvents {
	onOpen(sessionPresent: boolean): void;
	/** A QoS 1 message is acknowledged after this returned. */
	onMessage(topic: string, payload: Uint8Array): void;
	/**
	 * A message over maxPacketBytes begins: where its payload goes; undefined, or no such callback: nowhere. It is acknowledged
	 * as any other, after the sink's `end`.
	 */
	onLarge?(topic: string, bytes: number): Sink | undefined;
	/** Exactly once, after every pending operation. `fault` is absent only when we closed. */
	onClose(fault?: Fault): void;
}

/** Takes a payload piece by piece. Without an `end` the connection ended first. */
export interface Sink {
	push(bytes: Uint8Array): void;
	end(): void;
}

/** Where the session's bytes go. */
export interface Outlet {
	write(bytes: Uint8Array): void;
	/** Nothing more will be written. */
	close(): void;
}
