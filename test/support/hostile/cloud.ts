/**
 * The local cloud with somebody in it who changes what it sends, by the row that is played. All of the rest stays the cloud's: TLS,
 * credentials, sessions.
 */
import type { ServerResponse } from "node:http";
import { type Packet, parser } from "mqtt-packet";
import { type Cloud, startCloud } from "../../../cloud/cloud.ts";
import type { Link } from "../../../cloud/session.ts";
import { endsByFault, enrols, publish, type Row } from "./row.ts";
import { RSA } from "./rsa-authority.ts";

export interface Ended {
	readonly how: string;
	readonly codes: readonly string[];
	/** That the application got. */
	readonly messages: number;
	/** Every Fault that was logged, code and message. */
	readonly faults?: readonly string[];
	/** It has reached the hub. */
	readonly isConnected?: boolean;
}

export class HostileCloud {
	readonly cloud: Cloud;
	#row: Row | undefined;
	/** Behind it. */
	#call = "";
	/** Of TLS records to a device that asks for nothing; undefined: 16 KB. */
	recordBytes: number | undefined;
	/** Of this row: what stands behind the first twin's answer has gone out. */
	#pushed = false;

	private constructor(cloud: Cloud) {
		this.cloud = cloud;
	}

	static async start(): Promise<HostileCloud> {
		const cloud = await startCloud({ polls: 0 });
		const hostile = new HostileCloud(cloud);
		const { ca, service, downloads } = cloud;
		const open = service.open.bind(service);
		service.open = (peer, link) =>
			open(peer, { write: (bytes) => hostile.#write(bytes, link), close: () => link.close() });
		const answer = downloads.answer.bind(downloads);
		downloads.answer = (request, response) => {
			const bytes = hostile.#row?.http?.(request.url?.split("/").at(-1) ?? "");
			if (bytes === undefined) answer(request, response);
			else respond(response, bytes);
		};
		const [issue, examine] = [ca.issue.bind(ca), ca.examine.bind(ca)];
		ca.issue = (request, done) => {
			const authority = hostile.#row?.authority;
			issue(request, (issued) => {
				if (authority === undefined || "error" in issued) done(issued);
				else void authority.reissue(issued).then(done);
			});
		};
		ca.examine = (chain, ...more) => RSA.examine(chain) ?? examine(chain, ...more);
		return hostile;
	}

	/** From here on this row is played, to a device that is careful (src/base/starts.ts) or not; what a driver (driver.js) is to do for it. */
	async play(row: Row, isCareful = false): Promise<string> {
		this.cloud.disarm();
		this.#row = row;
		this.#call = isCareful ? "enrollee.status" : "done";
		this.#pushed = false;
		if (this.recordBytes !== undefined) this.cloud.arm(`record-size=${this.recordBytes}`);
		if (row.arm !== undefined) this.cloud.arm(row.arm);
		const port = await row.port?.();
		const words = [
			enrols(row) ? "fresh" : isCareful ? "careful" : "keep",
			row.phase === "renewal" ? `renewal:${isCareful ? 0 : row.faults.length}` : endsByFault(row) ? "fault" : "call",
		];
		return [...words, ...(port === undefined ? [] : [port])].join(" ");
	}

	close(): Promise<void> {
		return this.cloud.close();
	}

	#write(bytes: Uint8Array, link: Link): void {
		const row = this.#row;
		const packet = packetOf(bytes);
		const changed = packet && row?.change?.(packet);
		for (const piece of changed ?? [bytes]) link.write(piece);
		if (changed && row?.thenEnds) link.close();
		if (this.#pushed || !row || packet?.cmd !== "publish" || !packet.topic.startsWith("$iothub/twin/res/")) return;
		if (packet.topic.startsWith("$iothub/twin/res/204")) return;
		this.#pushed = true;
		for (const piece of row.pushes?.() ?? []) link.write(piece);
		if (!endsByFault(row)) link.write(publish(`$iothub/methods/POST/${this.#call}/?$rid=done`, "{}"));
	}
}

function packetOf(bytes: Uint8Array): Packet | undefined {
	let found: Packet | undefined;
	const reader = parser({ protocolVersion: 4 });
	reader.on("packet", (packet) => {
		found = packet;
	});
	reader.on("error", () => {});
	reader.parse(Buffer.from(bytes));
	return found;
}

/** As they are: a hostile server writes its own head. */
function respond(response: ServerResponse, bytes: Uint8Array): void {
	response.socket?.on("error", () => {});
	response.socket?.end(bytes);
}
