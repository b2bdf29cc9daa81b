/** What a client's connection is to its transport: one packet after another, as it reads the answers, and others between. */
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { Carrier } from "../../cloud/carry.ts";
import type { Connection } from "../../cloud/connection.ts";

/** A transport without a network, and a connection that stands where it is told to, and throws when it is told to; a byte is a packet. */
function carried(standing: Connection["standing"] = "unknown") {
	const calls: string[] = [];
	const socket = Object.assign(new EventEmitter(), { writableNeedDrain: false });
	const note = (what: string) => () => void calls.push(what);
	let packets: number[] = [];
	const connection = {
		standing,
		defect: undefined as Error | undefined,
		add(bytes: Uint8Array) {
			assert.equal(packets.length, 0, "all before has been worked through");
			packets = [...bytes];
		},
		work() {
			if (packets.length > 0 && connection.defect) throw connection.defect;
			const packet = packets.shift();
			if (packet !== undefined && packet > 0) calls.push(`packet ${packet}`);
			return packet !== undefined;
		},
		lost() {
			if (connection.defect) throw connection.defect;
			calls.push("lost");
		},
		part: (reason: string) => calls.push(`part ${reason.split("\n")[0]}`),
	};
	const door = { wait: note("wait"), serve: note("serve"), done: note("done") };
	const carrier = new Carrier(connection as unknown as Connection, door, socket as unknown as TLSSocket, {
		pause: note("pause"),
		resume: note("resume"),
		destroy: note("destroy"),
	});
	return { calls, connection, socket, carrier };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("what throws on a client's bytes, or on its end, ends its connection and nothing else", () => {
	const { calls, connection, carrier } = carried();
	carrier.receive(Uint8Array.of(0));
	assert.deepEqual(calls, []);
	connection.defect = new Error("a defect");
	carrier.receive(Uint8Array.of(0));
	assert.deepEqual(calls.splice(0), ["part internal error: Error: a defect", "destroy"]);
	carrier.lost("gone");
	assert.deepEqual(calls, ["part internal error: Error: a defect", "destroy"]);
});

test("a client is served once its CONNECT is accepted, known once its credential has been looked at", () => {
	for (const [standing, expected] of [
		["unknown", []],
		["accepted", ["serve"]],
		["attested", ["done"]],
	] as const) {
		const { calls, carrier } = carried(standing);
		carrier.receive(Uint8Array.of(0));
		assert.deepEqual(calls, expected);
	}
});

test("a transport whose answers wait is paused until they have gone, in the middle of a piece, too", async () => {
	const { calls, socket, carrier } = carried();
	socket.writableNeedDrain = true;
	carrier.receive(Uint8Array.of(1, 2));
	assert.deepEqual(calls.splice(0), ["packet 1", "pause"]);
	await turn();
	socket.emit("drain");
	assert.deepEqual(calls.splice(0), [], "others have their turn");
	await turn();
	assert.deepEqual(calls.splice(0), ["packet 2"]);
	// What was on its way from WebSocket to here when that was paused.
	carrier.receive(Uint8Array.of(3));
	socket.writableNeedDrain = false;
	socket.emit("drain");
	await turn();
	assert.deepEqual(calls, ["packet 3", "resume"]);
});

test("what comes in one piece and takes long is answered in turns, and before the end of its connection", async (t) => {
	let now = 0;
	t.mock.method(performance, "now", () => {
		now += 8;
		return now;
	});
	const { calls, carrier } = carried();
	carrier.receive(Uint8Array.of(1, 2, 3, 4, 5));
	assert.deepEqual(calls.splice(0), ["packet 1", "packet 2", "pause"]);
	carrier.receive(Uint8Array.of(6));
	carrier.lost("gone");
	assert.deepEqual(calls.splice(0), []);
	await turn();
	assert.deepEqual(calls.splice(0), ["packet 3", "packet 4"]);
	await turn();
	assert.deepEqual(calls.splice(0), ["packet 5", "packet 6"]);
	await turn();
	assert.deepEqual(calls, ["lost"]);
});

test("answers that nobody will read any longer are waited for by nothing", () => {
	const { calls, socket, carrier } = carried();
	socket.writableNeedDrain = true;
	carrier.receive(Uint8Array.of(1, 2));
	carrier.lost("gone");
	assert.deepEqual(calls, ["packet 1", "pause", "packet 2", "lost"]);
});
