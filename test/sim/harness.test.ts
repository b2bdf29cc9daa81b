import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { before, describe, test } from "node:test";
import { type App, buildForXs, skip } from "../../hw/simulator/harness.ts";

describe("an app on XS without a window", { skip }, () => {
	const manifest = {
		include: ["$(MODDABLE)/examples/manifest_base.json", "$(ENROLLEE)/hw/simulator/lib/manifest.json"],
		modules: { "*": [], main: "$(ENROLLEE)/test/sim/apps/hello" },
	};
	const apps: Partial<Record<"debug" | "release", App>> = {};
	before(async () => {
		for (const build of ["debug", "release"] as const)
			apps[build] = await buildForXs({ name: `harness-${build}`, manifest, build });
	});

	for (const build of ["debug", "release"] as const) {
		test(`${build}: the environment goes in, exit code and output come out`, async () => {
			const run = await apps[build]!.run({ environment: { WHO: "you", CODE: "7" } });
			const said = 'hello you <&"é>\n';
			const logged = build === "debug" ? said : "";
			assert.deepEqual(run, { exitCode: 7, output: said, logged, exceptions: [] });
		});

		test(`${build}: an unhandled exception is exit code 105`, async () => {
			const run = await apps[build]!.run({ environment: { MODE: "throw" } });
			assert.equal(run.exitCode, 105);
		});
	}

	test("a debug build's stops are reported with their place, and it goes on", async () => {
		const run = await apps.debug!.run({ environment: { MODE: "debugger" }, breakOnExceptions: true });
		assert.equal(run.exitCode, 0);
		assert.match(run.exceptions.join("\n"), /apps\/hello\.js:6/);
	});

	test("a machine of its own size is the same build, has that much and cannot grow", async () => {
		const machine = { chunk: 210_000, heap: 1024, stack: 384 };
		const environment = { MODE: "allocate" };
		assert.equal((await apps.release!.run({ environment })).exitCode, 0);
		for (const [name, it, code] of [
			["all that it needs", machine, 0],
			["less of chunks", { ...machine, chunk: 190_000 }, 101],
			["less of slots", { ...machine, heap: 100 }, 101],
			["less of stack", { ...machine, stack: 20 }, 102],
		] as const) {
			const app = await buildForXs({ name: "harness-release", manifest, build: "release", machine: it });
			assert.equal(app.library, apps.release!.library);
			assert.equal((await app.run({ environment })).exitCode, code, name);
		}
	});

	test("an app that hangs is ended by the timeout", async () => {
		const run = await apps.release!.run({ environment: { MODE: "hang" }, timeoutSeconds: 0.5 });
		assert.equal(run.exitCode, undefined);
	});

	test("a peer that ends while what it has said waits to be read has ended for the app, too", async () => {
		const include = [...manifest.include, "$(MODDABLE)/modules/io/manifest.json"];
		const modules = { "*": [], main: "$(ENROLLEE)/test/sim/apps/late" };
		const late = await buildForXs({ name: "harness-late", build: "release", manifest: { include, modules } });
		for (const isReset of [false, true]) {
			const server = createServer((socket) => {
				socket.on("error", () => {});
				socket.write(Buffer.alloc(1200), () =>
					isReset ? setTimeout(() => socket.resetAndDestroy(), 20) : socket.end(),
				);
			}).listen(0, "127.0.0.1");
			await once(server, "listening");
			const { port } = server.address() as AddressInfo;
			const { exitCode } = await late.run({ environment: { PORT: String(port) }, timeoutSeconds: 20 });
			server.close();
			assert.equal(exitCode, 0, isReset ? "reset" : "end");
		}
	});
});
