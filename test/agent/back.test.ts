/** What befalls a device in its life at a hub: it is back by itself, with its queue, its twin and its methods. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import { utf8Text } from "../../src/base/bytes.ts";
import { METHODS, subscribed, withApplication } from "../support/application.ts";

interface Blow {
	readonly what: string;
	readonly strike: (cloud: Cloud) => Promise<void> | void;
	/** Registrations with DPS until it is back, the first one included. */
	readonly registrations: number;
	readonly hub?: string;
}

const ID = "dev-001";

const blows: readonly Blow[] = [
	{ what: "a lost connection", strike: ({ operator }) => operator.disconnect(ID), registrations: 1 },
	{ what: "a revoked certificate", strike: ({ operator }) => operator.withdraw(ID, "revoked"), registrations: 2 },
	{ what: "a rolled CA that is trusted no more", strike: ({ operator }) => operator.rollCa(true), registrations: 2 },
	{
		what: "a move to another hub",
		strike: ({ operator }) => operator.move(ID, "127.0.0.1"),
		registrations: 2,
		hub: "127.0.0.1",
	},
	{
		what: "a hub without room for connections",
		strike(cloud) {
			cloud.arm("connack=3:1");
			cloud.operator.disconnect(ID);
		},
		registrations: 1,
	},
];

describe("the agent is back after", () => {
	for (const { what, strike, registrations, hub = "localhost" } of blows)
		test(what, () =>
			withApplication({ operations: "status" }, async (application, cloud) => {
				assert.equal(await application.telemetry({ n: 1 }), "ok");
				await subscribed(cloud, METHODS);
				const at = await application.until("all");
				await strike(cloud);
				await application.until("waiting", at);
				const waiting = [2, 3, 4].map((n) => application.telemetry({ n }));
				cloud.operator.pushDesired(ID, { after: what });
				const reported = application.report({ seen: what });
				assert.deepEqual(await Promise.all(waiting), ["ok", "ok", "ok"]);
				assert.deepEqual(
					cloud.telemetry.map(({ body }) => utf8Text(body)),
					['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}'],
				);
				await application.until(`all ${JSON.stringify({ after: what })}`, at);
				assert.equal(await reported, 2);
				await subscribed(cloud, METHODS, 2);
				const status = await cloud.operator.callMethod(ID, "enrollee.status");
				assert.equal("status" in status && status.status, 200);
				assert.equal(cloud.registrations.length, registrations);
				assert.match(cloud.connections.at(-1)!.username, new RegExp(`^${hub}/`));
			}),
		);
});
