/** Connections of downloads: of however many are asked for there is one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../src/fault.ts";
import type { WireEvents, WireOptions } from "../../src/port.ts";
import { OneAtATime } from "../../src/update/one-at-a-time.ts";

function bench() {
	const made: string[] = [];
	const closed: string[] = [];
	const heard: string[] = [];
	const events: WireEvents[] = [];
	const wire = new OneAtATime({
		connect({ host }, its) {
			made.push(host);
			events.push(its);
			return { write: (bytes) => void heard.push(`${host} ${bytes}`), close: () => void closed.push(host) };
		},
	});
	const connect = (host: string) =>
		wire.connect({ host, port: 443, anchors: [], timeoutSeconds: 1 } satisfies WireOptions, {
			onOpen: () => heard.push(`${host} open`),
			onData: (bytes) => heard.push(`${host} gets ${bytes}`),
			onClose: (fault) => heard.push(`${host} ${fault?.code}`),
		});
	return { made, closed, heard, events, connect };
}

test("the next one begins once the one before has closed, whoever closed it", () => {
	const { made, closed, heard, events, connect } = bench();
	const a = connect("a");
	connect("b");
	const c = connect("c");
	a.close();
	assert.deepEqual([made, closed], [["a"], ["a"]]);
	events[0]!.onClose();
	assert.deepEqual(made, ["a", "b"]);
	events[1]!.onClose(new Fault("wire.closed", "lost"));
	assert.deepEqual(
		[made, heard],
		[
			["a", "b", "c"],
			["a undefined", "b wire.closed"],
		],
	);
	c.close();
	events[2]!.onClose();
	connect("d");
	assert.deepEqual(made, ["a", "b", "c", "d"]);
});

test("one that is closed before its turn, twice even, is never made and hears nothing", () => {
	const { made, heard, events, connect } = bench();
	connect("a");
	for (let i = 0; i < 100; i++) {
		const one = connect("b");
		one.close();
		one.close();
	}
	connect("c");
	events[0]!.onClose();
	assert.deepEqual([made, heard], [["a", "c"], ["a undefined"]]);
});

test("it has what a connection has", () => {
	const { heard, events, connect } = bench();
	const a = connect("a");
	events[0]!.onOpen();
	a.write(Uint8Array.of(1));
	events[0]!.onData(Uint8Array.of(2));
	assert.deepEqual(heard, ["a open", "a 1", "a gets 2"]);
});
