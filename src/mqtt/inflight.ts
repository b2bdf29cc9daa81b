/**
 * The operations that wait for the broker's answer, by packet id (MQTT 3.1.1, 2.3.1). An id is free again once its
 * answer has come. Their number is bounded: a broker that leaves more of them open does not keep up.
 */
import { Fault } from "../fault.ts";
import type { ServerPacket } from "./packet.ts";

/** Called once; the fault is absent when the broker acknowledged. */
export type Done = (fault?: Fault) => void;

export type Acknowledgement = Extract<ServerPacket, { type: "puback" | "suback" }>;

export interface Operation {
	/** What answers it. */
	readonly type: Acknowledgement["type"];
	readonly deadline: number;
	readonly done: Done;
}

const LIMIT = 100;

export class InFlight {
	/** In the order they were sent, all with the same patience: the first one is due first. */
	readonly #operations = new Map<number, Operation>();
	#lastId = 0;

	/** When the first answer is due. */
	get deadline(): number {
		const [operation] = this.#operations.values();
		return operation?.deadline ?? Number.POSITIVE_INFINITY;
	}

	freeId(): number {
		if (this.#operations.size >= LIMIT) throw new Fault("mqtt.busy", `${LIMIT} operations wait for the broker`);
		do this.#lastId = this.#lastId === 0xffff ? 1 : this.#lastId + 1;
		while (this.#operations.has(this.#lastId));
		return this.#lastId;
	}

	add(id: number, operation: Operation): void {
		this.#operations.set(id, operation);
	}

	/** The operation that this packet answers; undefined when there is none. */
	take({ id, type }: Acknowledgement): Operation | undefined {
		const operation = this.#operations.get(id);
		if (operation?.type !== type) return undefined;
		this.#operations.delete(id);
		return operation;
	}

	/** The first operation whose time is over. */
	takeLate(now: number): Operation | undefined {
		const [first] = this.#operations;
		if (first === undefined || now < first[1].deadline) return undefined;
		this.#operations.delete(first[0]);
		return first[1];
	}

	takeAll(): Operation[] {
		const all = [...this.#operations.values()];
		this.#operations.clear();
		return all;
	}
}
