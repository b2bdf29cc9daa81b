/** `enrollee run --telemetry -` with an input that never ends a line: bounded, and no exception. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cloud } from "../../cloud/cloud.ts";
import { enrollee } from "../support/command.ts";
import { withCloud } from "../support/device.ts";
import { temporaryFolder } from "../support/openssl.ts";

const parse = (line: string) => JSON.parse(line);

const flags = (cloud: Pick<Cloud, "host" | "port" | "idScope" | "registrationId" | "rootCa">): string[] => [
	...["run", "--state", temporaryFolder(), "--dps", `${cloud.host}:${cloud.port}`, "--id-scope", cloud.idScope],
	...["--registration-id", cloud.registrationId, "--ca", cloud.rootCa, "--telemetry", "-", "--json"],
];

test("a line that is no message however it goes on is skipped, and its memory bounded; the next ones arrive", () =>
	withCloud({ polls: 0 }, async (cloud) => {
		const long = `"${"x".repeat(300_000)}"`;
		const input = `${long}\n{"n":"next"}\n${long}${long}\n{"n":"last"}\n${long}`;
		const environment = { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey };
		const { code, stdout, stderr } = await enrollee(flags(cloud), { environment, input });
		assert.equal(code, 1);
		assert.match(parse(stderr).message, /^hub\.invalid: standard input, line 1: more than 262144 characters/);
		const refused = stdout
			.trim()
			.split("\n")
			.map(parse)
			.filter(({ event }) => event === "telemetry.refused");
		assert.deepEqual(
			refused.map(({ line }) => line),
			[1, 3, 5],
		);
		const bodies = cloud.telemetry.map(({ body }) => Buffer.from(body).toString());
		assert.deepEqual(bodies, ['{"n":"next"}', '{"n":"last"}']);
	}));
