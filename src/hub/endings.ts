/**
 * What the end of a session says about the next. IoT Hub gives no reason when it closes a connection because the same device
 * connected anew (Microsoft Learn, "Use MQTT to communicate with IoT Hub"): two that share an identity evict each other for ever.
 */
import { Fault } from "../fault.ts";

/** A session shorter than this counts as a failure to connect: a hub that drops us at once must not be hammered. */
const SHORT_SESSION_MS = 60_000;
/** Sessions that the hub ends otherwise, for maintenance, are days apart. */
const EVICTED_MS = 3600_000;

export class Endings {
	/** Sessions that the hub closed within `EVICTED_MS`, in a row. */
	#evictions = 0;

	/** `lastedMs`: of the session, undefined where there was none. Gives the Fault to report, and whether it was a session at all. */
	judge(fault: Fault, lastedMs: number | undefined): { readonly fault: Fault; readonly lasting: boolean } {
		const lasting = lastedMs !== undefined && lastedMs >= SHORT_SESSION_MS;
		if (lastedMs === undefined) return { fault, lasting };
		this.#evictions = fault.code === "hub.closed" && lastedMs < EVICTED_MS ? this.#evictions + 1 : 0;
		if (this.#evictions < 2) return { fault, lasting };
		const why = "the hub ended the session, twice in a row within an hour: is the same device connected elsewhere?";
		return { fault: new Fault("hub.closed", why, { cause: fault.cause }), lasting };
	}
}
