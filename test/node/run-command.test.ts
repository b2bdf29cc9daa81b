/** `enrollee run` and `enrollee demo` as a user runs them: exit codes, what is printed, what must never be. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { type Cloud, startCloud } from "../../cloud/cloud.ts";
import { enrollee, start } from "../support/command.ts";
import { withCloud } from "../support/device.ts";
import { noOpenssl, openssl, temporaryFolder } from "../support/openssl.ts";

const flags = (cloud: Cloud, state: string): string[] => [
	...["run", "--once", "--state", state, "--dps", `${cloud.host}:${cloud.port}`],
	...["--id-scope", cloud.idScope, "--registration-id", cloud.registrationId, "--ca", cloud.rootCa],
];

const KEY = ["--symmetric-key", Buffer.alloc(32, 7).toString("base64")];

test("the built command is a program by itself, as npx runs it", () => {
	assert.match(execFileSync("dist/node/cli.js", ["--help"], { encoding: "utf8" }), /Usage: enrollee /);
});

describe("enrollee run", () => {
	test("--once: exit 0, one acknowledged message, JSON lines; the key comes by variable", () =>
		withCloud({}, async (cloud) => {
			const args = [...flags(cloud, temporaryFolder()), "--json", "--telemetry", '{"t":21}'];
			const run = await enrollee(args, { environment: { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey } });
			assert.equal(run.code, 0, run.stderr);
			const events = run.stdout
				.trim()
				.split("\n")
				.map((line) => JSON.parse(line).event);
			assert.ok(events.includes("telemetry.acknowledged") && events.includes("credential.proven"));
			assert.equal(Buffer.from(cloud.telemetry[0]!.body).toString(), '{"t":21}');
			assert.ok(!run.stdout.includes(cloud.symmetricKey) && !run.stdout.includes("SharedAccessSignature"));
		}));

	test("by the variables of Azure's samples, certificate and key in one file, an own CSR", { skip: noOpenssl }, () =>
		withCloud({}, async (cloud) => {
			const folder = temporaryFolder({
				"store.pem": readFileSync(cloud.onboardingCert, "utf8") + readFileSync(cloud.onboardingKey, "utf8"),
			});
			const [key, csr] = [join(folder, "key.pem"), join(folder, "request.csr")];
			openssl(["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key]);
			openssl(["req", "-new", "-key", key, "-subj", `/CN=${cloud.registrationId}`, "-out", csr]);
			const run = await enrollee(
				["run", "--once", "--dps", `${cloud.host}:${cloud.port}`, "--state", join(folder, "state")],
				{
					environment: {
						AZ_IOT_PROVISIONING_ID_SCOPE: cloud.idScope,
						AZ_IOT_PROVISIONING_REGISTRATION_ID: cloud.registrationId,
						AZ_IOT_DEVICE_X509_CERT_PEM_FILE_PATH: join(folder, "store.pem"),
						AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH: cloud.rootCa,
						AZ_IOT_DEVICE_X509_OPERATIONAL_CSR_PEM_FILE_PATH: csr,
						AZ_IOT_DEVICE_X509_OPERATIONAL_KEY_PEM_FILE_PATH: key,
					},
				},
			);
			assert.equal(run.code, 0, run.stderr);
			assert.equal(cloud.telemetry.length, 1);
			assert.equal(cloud.connections[0]!.credential, "x509");
			assert.doesNotMatch(run.stdout, /key\.generated/);
		}),
	);

	test("a failure of the job: exit 1, the Fault and what to do about it on stderr", () =>
		withCloud({ faults: ["disabled"] }, async (cloud) => {
			const run = await enrollee(flags(cloud, temporaryFolder()), {
				environment: { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey },
			});
			assert.equal(run.code, 1);
			assert.match(run.stderr, /dps\.disabled: .*\n {2}The enrolment is disabled: enable it\./);
		}));

	test("wrong usage: exit 2, and the field by name", async () => {
		for (const [args, said] of [
			[["run", "--once", "--id-scope", "0ne"], /config\.missing: --registration-id \[ENROLLEE_REGISTRATION_ID\]/],
			[["run", "--no-such-flag"], /unknown option/],
			[["no-such-command"], /unknown command/],
			[["run", "--once", "--id-scope", "0ne", "--registration-id", "d", "--telemetry", "5", ...KEY], /--telemetry/],
		] as const) {
			const run = await enrollee(args);
			assert.equal(run.code, 2, args.join(" "));
			assert.match(run.stderr, said);
		}
	});

	test("until interrupted: SIGTERM ends the session in order, exit 0", async () => {
		const cloud = await startCloud({ polls: 0 });
		try {
			const args = flags(cloud, temporaryFolder()).filter((flag) => flag !== "--once");
			const child = start(args, { environment: { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey } });
			child.stdout.resume();
			await cloud.seen(({ event }) => event === "telemetry");
			const ended = new Promise((resolve) => child.on("close", resolve));
			child.kill("SIGTERM");
			assert.equal(await ended, 0);
			const left = await cloud.seen((event) => event.event === "disconnected" && event.service === "hub");
			assert.ok(left.event === "disconnected" && left.reason.includes("by the client"));
		} finally {
			await cloud.close();
		}
	});
});

test("enrollee demo: exit 0, every step printed, the certificate renewed once", async () => {
	const run = await enrollee(["demo", "--state", join(temporaryFolder(), "state")]);
	assert.equal(run.code, 0, run.stderr);
	for (const step of ["cloud.ready", "key.generated", "dps.assigned", "telemetry.acknowledged", "renewal.request"])
		assert.ok(run.stdout.includes(step), step);
	assert.match(run.stdout, /credential\.proven +sequence=2/);
});
