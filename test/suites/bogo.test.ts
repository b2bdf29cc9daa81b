/**
 * BoGo, BoringSSL's TLS runner (ssl/test/runner of its source, `go test -c`), against hw/moddable/tls on XS: its server deviates from the
 * standard in every way that somebody has thought of, in first handshakes and in resumed ones. Once as bytes come, once one at a time.
 *
 * $BOGO_RUNNER: the runner, or the folder of its source, which it reads keys from, with runner.test in it. What the shim does not
 * know (servers, TLS 1.3, DTLS) it skips; the tests that we end otherwise by choice are in bogo/config.json, each with the reason.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { buildForXs, skip as noSdk } from "../../hw/simulator/harness.ts";
import { listen } from "./bogo/relay.ts";

const given = process.env.BOGO_RUNNER || undefined;
const runner = given && statSync(given).isDirectory() ? join(given, "runner.test") : given;
const skip = noSdk || (runner === undefined ? "SKIPPED: no BoGo runner in $BOGO_RUNNER" : false);
/** Client tests that apply, of the middle of 2024: fewer would mean that the shim no longer understands the runner. */
const LEAST_PASSED = 240;

describe("BoGo on XS", { skip }, () => {
	let folder: string;
	let shim: string;
	let stop = (): void => {};
	before(async () => {
		folder = mkdtempSync(join(tmpdir(), "enrollee-bogo-"));
		shim = join(folder, "shim");
		const app = await buildForXs({
			name: "bogo",
			build: "release",
			manifest: {
				include: [
					"$(ENROLLEE)/hw/moddable/tls/manifest.json",
					"$(MODDABLE)/examples/manifest_base.json",
					"$(MODDABLE)/modules/files/file/manifest.json",
					"$(ENROLLEE)/hw/simulator/lib/manifest.json",
				],
				creation: { stack: 768 },
				modules: { "*": "$(ENROLLEE)/test/suites/bogo/flags", main: "$(ENROLLEE)/test/suites/bogo/shim" },
			},
		});
		const { port, server } = await listen();
		stop = () => void server.close();
		// 90 is the runner's for what must never be: a crash, or an endless loop, might pass for a refusal otherwise.
		const script = `#!/bin/sh
case " $* " in *" -is-handshaker-supported "*) echo No; exit 0;; esac
ulimit -t 20
BOGO_FLAGS=$(printf '%s\\n' "$@" .) BOGO_RELAY=${port} ${app.command.map((word) => `'${word}'`).join(" ")}
code=$?
[ $code -lt 100 ] || exit 90
exit $code
`;
		writeFileSync(shim, script, { mode: 0o755 });
	});
	after(() => {
		stop();
		rmSync(folder, { recursive: true });
	});

	for (const [how, flags] of [
		["as bytes come", ""],
		["byte by byte", "-async"],
	] as const)
		test(how, async () => {
			const results = join(folder, `results${flags}.json`);
			const child = spawn(
				runner!,
				[
					["-shim-path", shim, "-shim-extra-flags", flags],
					["-shim-config", join(import.meta.dirname, "bogo/config.json"), "-json-output", results],
					["-loose-errors", "-allow-unimplemented", "-idle-timeout", "30s", "-num-workers", "6", "-pipe"],
				].flat(),
				{ cwd: dirname(runner!), stdio: ["ignore", "pipe", "inherit"] },
			);
			let output = "";
			child.stdout.setEncoding("utf8").on("data", (text: string) => {
				output += text;
			});
			const [code] = await once(child, "close");
			const failures = output.split(/\n(?=PASSED|FAILED|UNIMPLEMENTED)/).filter((line) => line.startsWith("FAILED"));
			assert.deepEqual(failures, []);
			assert.equal(code, 0, output.slice(-2000));
			const { PASS = 0, FAIL = 0 } = JSON.parse(readFileSync(results, "utf8")).num_failures_by_type;
			assert.equal(FAIL, 0);
			assert.ok(PASS >= LEAST_PASSED, `${PASS} passed`);
		});
});
