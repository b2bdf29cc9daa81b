/** `enrollee bundle` and `enrollee run --slots`: a release as an operator makes it, and a device that installs it. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { CLI, enrollee as command } from "../support/command.ts";
import { withCloud } from "../support/device.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { standInImage } from "../support/release.ts";

const enrollee = (...args: string[]) => execFileSync(process.execPath, [...CLI, ...args], { encoding: "utf8" });

test("a bundle packed on the command line is offered, installed and confirmed; an interrupt ends the device", () =>
	withCloud({}, async (cloud) => {
		const folder = mkdtempSync(join(tmpdir(), "enrollee-run-"));
		const file = (name: string) => join(folder, name);
		const { downloads } = cloud;
		try {
			writeFileSync(file("image.bin"), standInImage(2));
			enrollee("bundle", "key", "--out", file("release.pem"), "--pub", file("release.pub"));
			const what = ["--image", file("image.bin"), "--class", "esp32/devkit/4m", "--sequence", "5"];
			const how = ["--uri", downloads.url("image.bin"), "--key", file("release.pem"), "--out", file("agent.suit")];
			enrollee("bundle", "pack", "--component", "fw", ...what, ...how);
			downloads.publish("image.bin", readFileSync(file("image.bin"))); // as `pack` has numbered it
			downloads.publish("agent.suit", readFileSync(file("agent.suit")));

			const device = spawn(
				process.execPath,
				[
					...[...CLI, "run", "--json", "--slots", "--state", file("state"), "--id-scope", cloud.idScope],
					...["--dps", `${cloud.host}:${cloud.port}`, "--registration-id", cloud.registrationId, "--ca", cloud.rootCa],
					...["--release-key", file("release.pub"), "--update-class", "esp32/devkit/4m"],
				],
				{ env: { ...process.env, ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey }, stdio: ["ignore", "pipe", "inherit"] },
			);
			const lines: string[] = [];
			for await (const line of createInterface(device.stdout)) {
				lines.push(line);
				const isFirst = lines.filter((one) => one.includes("telemetry.acknowledged")).length === 1;
				if (line.includes("telemetry.acknowledged") && isFirst)
					cloud.operator.offerUpdate(cloud.registrationId, "agent.suit");
				if (line.includes("ota.confirmed")) device.kill("SIGINT");
			}
			const steps = ["ota.offered", "ota.download", "ota.restart", "ota.boot", "ota.confirmed"];
			const seen = steps.filter((step) => lines.some((line) => line.includes(step)));
			assert.deepEqual(seen, steps, lines.join("\n"));
			const entries: unknown = JSON.parse(readFileSync(join(file("state"), "otadata.json"), "utf8"));
			assert.ok(JSON.stringify(entries).includes("valid"));
			assert.equal(cloud.registrations.length, 1);
		} finally {
			rmSync(folder, { recursive: true, force: true });
		}
	}));

test("slots by enrollee.json are beside it; by a variable they can be off, which is no folder's name", () =>
	withCloud({ polls: 0 }, async (cloud) => {
		const folder = temporaryFolder({ "enrollee.json": '{ "slots": "parts" }' });
		const cwd = join(folder, "sub");
		mkdirSync(cwd);
		const device = ["--dps", `${cloud.host}:${cloud.port}`, "--id-scope", cloud.idScope, "--ca", cloud.rootCa];
		const args = ["run", "--once", ...device, "--registration-id", cloud.registrationId];
		const environment = { ENROLLEE_SYMMETRIC_KEY: cloud.symmetricKey };
		for (const slots of [undefined, "false", "0"]) {
			const run = await command(args, {
				cwd,
				environment: { ...environment, ...(slots && { ENROLLEE_SLOTS: slots }) },
			});
			assert.equal(run.code, 0, run.stderr);
		}
		assert.deepEqual(readdirSync(folder).sort(), [".enrollee", "enrollee.json", "parts", "sub"]);
		assert.deepEqual(readdirSync(cwd), []);
	}));
