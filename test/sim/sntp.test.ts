/** hw/moddable/sntp.ts on XS over real UDP, against servers that have no time, the wrong time, and the right one. */
import assert from "node:assert/strict";
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { test } from "node:test";
import { runOnXs, skip } from "../../hw/simulator/harness.ts";

const UNIX = 2_208_988_800;
const now = (): number => Math.floor(Date.now() / 1000);

interface Said {
	readonly leap?: number;
	readonly stratum?: number;
	readonly seconds?: number;
	readonly nonce?: boolean;
}

async function serve(answer: Said): Promise<{ socket: Socket; name: string; asked: () => number }> {
	const socket = createSocket("udp4");
	let asked = 0;
	socket.on("message", (query, from) => {
		asked++;
		const { leap = 0, stratum = 2, seconds = now(), nonce = true } = answer;
		const packet = Buffer.alloc(48);
		packet[0] = (leap << 6) | (4 << 3) | 4;
		packet[1] = stratum;
		if (nonce) query.copy(packet, 24, 40, 48);
		if (seconds > 0) packet.writeUInt32BE((seconds + UNIX) % 2 ** 32, 40);
		socket.send(packet, from.port, from.address);
	});
	socket.bind(0, "127.0.0.1");
	await once(socket, "listening");
	return { socket, name: `127.0.0.1:${socket.address().port}`, asked: () => asked };
}

async function ask(...answers: readonly Said[]): Promise<{ set: number | undefined; asked: number[] }> {
	const servers = await Promise.all(answers.map(serve));
	try {
		const { exitCode, output } = await runOnXs({
			name: "sntp",
			build: "release",
			manifest: {
				include: [
					"$(MODDABLE)/examples/manifest_base.json",
					"$(MODDABLE)/examples/manifest_net.json",
					"$(MODDABLE)/modules/io/manifest.json",
					"$(ENROLLEE)/hw/moddable/tls/manifest.json",
					"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				],
				config: { sntp: servers.map(({ name }) => name).join(",") },
				modules: {
					"*": [],
					main: "$(ENROLLEE)/test/sim/apps/asking",
					"enrollee/sntp": "$(ENROLLEE)/dist/moddable/sntp",
				},
			},
		});
		assert.equal(exitCode, 0, output);
		const set = /SET (\d+)/.exec(output)?.[1];
		return { set: set === undefined ? undefined : Number(set), asked: servers.map(({ asked }) => asked()) };
	} finally {
		for (const { socket } of servers) socket.close();
	}
}

test("a server without time is passed over for one that has it", { skip }, async () => {
	const { set, asked } = await ask({ leap: 3, stratum: 16, seconds: 0 }, {});
	assert.ok(Math.abs(set! - now()) < 60, `set to ${set}`);
	assert.deepEqual(asked, [1, 1]);
});

test("2036 on one server's word is not believed; two that agree are", { skip }, async () => {
	const seconds = Date.parse("2036-02-07T06:28:20Z") / 1000;
	const alone = await ask({ seconds }, {});
	assert.ok(Math.abs(alone.set! - now()) < 60, `set to ${alone.set}`);
	const { set } = await ask({ seconds }, { seconds });
	assert.ok(Math.abs(set! - seconds) < 60, `set to ${set}`);
	assert.deepEqual(await ask({ seconds }, { stratum: 16 }), { set: undefined, asked: [3, 3] });
});
