/** How a session ends badly. */
import { Fault, type FaultCode } from "../fault.ts";
import type { ServerPacket } from "./packet.ts";

/** CONNACK return codes, table 3.1. */
const REFUSALS: readonly FaultCode[] = [
	"mqtt.version",
	"mqtt.client-id",
	"mqtt.unavailable",
	"mqtt.credentials",
	"mqtt.unauthorized",
];

export function refused(returnCode: number): Fault {
	return new Fault(REFUSALS[returnCode - 1] ?? "mqtt.refused", `CONNACK return code ${returnCode}`);
}

export function late(answer: string): Fault {
	return new Fault("mqtt.timeout", `no ${answer} in time`);
}

export function closed(what: string, cause?: Fault): Fault {
	return new Fault("mqtt.closed", what, { cause });
}

export function unexpected({ type }: ServerPacket, where: string): Fault {
	return new Fault("mqtt.protocol", `unexpected ${type.toUpperCase()} ${where}`);
}
