/**
 * The time from a server, SNTP (RFC 4330): the query, the answer, and whether it may be believed. No I/O.
 *
 * Refused with Fault clock.server: anything but an answer to this very query, a server that is not synchronised itself (leap 3,
 * stratum 0 or 16, transmit time 0: it would set a clock to 7 February 2036), versions other than 3 and 4.
 */
import { Fault } from "../fault.ts";
import { equal } from "./bytes.ts";

export const SNTP_PORT = 123;
export const NONCE_BYTES = 8;
const PACKET_BYTES = 48;
const VERSION = 4;
const CLIENT = 3;
const SERVER = 4;
const MOST_STRATUM = 15;
/** 1900 to 1970, seconds. */
const UNIX = 2_208_988_800;
const ERA = 2 ** 32;

/** `nonce`: stands for our transmit time, which is nobody's business, and comes back. */
export function encodeQuery(nonce: Uint8Array): Uint8Array {
	const packet = new Uint8Array(PACKET_BYTES);
	packet[0] = (VERSION << 3) | CLIENT;
	packet.set(nonce, PACKET_BYTES - NONCE_BYTES);
	return packet;
}

/** Milliseconds since 1970. */
export function readAnswer(packet: Uint8Array, nonce: Uint8Array): number {
	if (packet.length < PACKET_BYTES) throw refused(`${packet.length} bytes, expected ${PACKET_BYTES}`);
	const [first = 0, stratum = 0] = packet;
	const version = (first >> 3) & 7;
	if ((first & 7) !== SERVER || version < 3 || version > VERSION) throw refused("not a server's answer");
	if (!equal(packet.subarray(24, 32), nonce)) throw refused("an answer to another query");
	if (first >> 6 === 3) throw refused("it is not synchronised (leap 3)");
	if (stratum < 1 || stratum > MOST_STRATUM) throw refused(`it is not synchronised (stratum ${stratum})`);
	const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
	const seconds = view.getUint32(40);
	const fraction = view.getUint32(44);
	if (seconds === 0 && fraction === 0) throw refused("no transmit time");
	// RFC 4330 section 3: the era that began in 1900 has its first bit set from 1968 on, the next one begins in 2036.
	const since1900 = seconds >= ERA / 2 ? seconds : seconds + ERA;
	return (since1900 - UNIX) * 1000 + Math.round((fraction * 1000) / ERA);
}

export interface Plausible {
	/** This code cannot run before it was released. */
	readonly released: number;
	/** Of what the device knows, the certificate's end for one: later is possible, yet not on one server's word. */
	readonly latest: number;
}

/** How far two servers may be apart. */
const AGREEMENT_MS = 60_000;

/** What a server has said: milliseconds since 1970. */
export interface Word {
	readonly server: string;
	readonly time: number;
}

/**
 * "again": another server has to say the same as `word`. Throws Fault clock.server on a time that cannot be. `before`: what one has
 * said, brought up to now; nobody is his own witness.
 */
export function judgeTime(
	{ server, time }: Word,
	{ released, latest }: Plausible,
	before: Word | undefined,
): "believed" | "again" {
	if (time < released) throw refused(`${new Date(time).toISOString()} is before the release of this version`);
	if (time <= latest) return "believed";
	const witness = before !== undefined && before.server !== server;
	return witness && Math.abs(time - before.time) <= AGREEMENT_MS ? "believed" : "again";
}

function refused(what: string): Fault {
	return new Fault("clock.server", `the time server: ${what}`);
}
