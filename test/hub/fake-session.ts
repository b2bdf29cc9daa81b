import { utf8Text } from "../../src/base/bytes.ts";
import type { Fault } from "../../src/fault.ts";
import type { HubSession } from "../../src/hub/hub-session.ts";

/** A session whose subscriptions are acknowledged when told. */
export class FakeSession implements HubSession {
	readonly apiVersion = "2021-04-12";
	readonly hub: string = "hub.example.net";
	readonly deviceId = "dev-001";
	readonly filters: string[] = [];
	/** "topic payload", of QoS 0. */
	readonly sent: string[] = [];
	/** "topic payload", of QoS 1; none is acknowledged. */
	readonly published: string[] = [];
	#open: ((fault?: Fault) => void)[] = [];

	telemetry(): void {}
	close(): void {}

	subscribe(filter: string, done: (fault?: Fault) => void): void {
		this.filters.push(filter);
		this.#open.push(done);
	}

	publish(topic: string, payload: Uint8Array): void {
		this.published.push(`${topic} ${utf8Text(payload)}`);
	}

	send(topic: string, payload: Uint8Array): void {
		this.sent.push(`${topic} ${utf8Text(payload)}`.trim());
	}

	acknowledge(fault?: Fault): void {
		this.#open.shift()!(fault);
	}

	acknowledgeAll(fault?: Fault): void {
		while (this.#open.length > 0) this.acknowledge(fault);
	}
}
