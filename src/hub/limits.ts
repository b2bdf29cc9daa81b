/** What IoT Hub and MQTT allow, and what we allow the hub: every number in one place. */
import { Fault } from "../fault.ts";

/** Device to cloud: body and encoded properties. */
export const MOST_TELEMETRY_BYTES = 256 * 1024;
/** Cloud to device: body and properties, names and values decoded. */
export const MOST_MESSAGE_BYTES = 64 * 1024;
/** A direct method's payload, either way. */
export const MOST_METHOD_BYTES = 128 * 1024;
/** Desired and reported properties, each, as the hub counts them: section.ts. */
export const MOST_SECTION_BYTES = 32 * 1024;
/** Patches that wait, as the JSON that is held and sent: what the device can spare, the hub does not count it. */
export const MOST_PATCH_BYTES = 64 * 1024;

/** Below the section itself. */
export const MOST_TWIN_LEVELS = 10;
export const MOST_TWIN_NAME_BYTES = 1024;
export const MOST_TWIN_TEXT_BYTES = 4096;
export const LEAST_TWIN_INTEGER = -4503599627370496;
export const MOST_TWIN_INTEGER = 4503599627370495;

/** Objects and arrays within each other, in whatever JSON the hub sends. */
export const MOST_JSON_LEVELS = 32;
/** Encoded: MQTT's 64 KB for a topic (3.1.1, 1.5.3), and what stands around the longest device id, of 128 characters. */
export const MOST_PROPERTIES_BYTES = 0xffff - 128 - "devices//messages/events/".length;

/** Calls of methods that are not answered yet. */
export const MOST_OPEN_METHODS = 8;
/** The longest the hub lets a caller wait for a method. */
export const METHOD_SECONDS = 300;
/** For the answer to a twin request. */
export const TWIN_ANSWER_SECONDS = 60;

/** Throws Fault hub.too-large. */
export function checkSize(what: string, bytes: number, most: number): void {
	if (bytes > most) throw new Fault("hub.too-large", `${what} of ${bytes} bytes, at most ${most}`);
}
