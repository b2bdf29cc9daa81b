/** `npm run board` as a command: its flags, what it says where a tool is missing, and that no board outlives it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { serveTime } from "../../hw/emulator/time.ts";
import { findTools } from "../../hw/emulator/tools.ts";
import { sntpSkew } from "../../hw/node/doctor.ts";
import { project } from "../../hw/simulator/harness.ts";
import { TYPESCRIPT } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";

const start = (args: readonly string[] = [], environment: NodeJS.ProcessEnv = {}) => {
	const command = [...TYPESCRIPT, join(project, "hw/emulator/run.ts"), ...args];
	const child = spawn(process.execPath, command, { env: { ...process.env, ...environment }, stdio: "pipe" });
	const said = { out: "", err: "" };
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		said.out += text;
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		said.err += text;
	});
	return { child, said, ended: once(child, "close") as Promise<[number | null]> };
};
const board = async (args?: readonly string[], environment?: NodeJS.ProcessEnv) => {
	const { said, ended } = start(args, environment);
	const [code] = await ended;
	return { code, ...said };
};

test("--help shows what there is, another flag is wrong usage; nothing is built", async () => {
	const help = await board(["--help"]);
	assert.deepEqual([help.code, help.err], [0, ""]);
	assert.match(help.out, /^npm run board \[-- --keep\]\n/);
	const wrong = await board(["--kep"]);
	assert.deepEqual([wrong.code, wrong.out], [2, ""]);
	assert.match(wrong.err, /--kep[\s\S]*npm run board \[-- --keep\]/);
});

test("what is missing is said in one line, and ends with 2", async () => {
	const folder = temporaryFolder();
	const bin = join(folder, "bin");
	const sdk = join(folder, "build/bin/lin/release");
	for (const path of [bin, sdk]) mkdirSync(path, { recursive: true });
	writeFileSync(join(sdk, "mcconfig"), "");
	symlinkSync("/usr/bin/env", join(bin, "env"));
	const tool = (name: string, prints: string): void => {
		writeFileSync(join(bin, name), `#!/bin/sh\necho '${prints}'\n`);
		chmodSync(join(bin, name), 0o755);
	};
	const qemu = (machine: string) => tool("qemu-system-riscv32", `Supported machines are:\n${machine} a board`);
	for (const name of ["cmake", "ninja", "riscv32-esp-elf-gcc"]) tool(name, "1.0");
	qemu("esp32c3");
	const exported = (script: string) => writeFileSync(join(folder, "export.sh"), script);
	const path = `export PATH=${bin}`;
	const expect = async (line: RegExp, environment: NodeJS.ProcessEnv = {}) => {
		const { code, out, err } = await board([], { MODDABLE: folder, IDF_PATH: folder, ...environment });
		assert.deepEqual([code, out], [2, ""], err);
		assert.match(err, /^[^\n]+\n$/);
		assert.match(err, line);
	};
	await expect(/^no Moddable SDK: set MODDABLE/, { MODDABLE: "", HOME: folder });
	// Not the one in the home folder, which is right.
	const home = join(folder, "home");
	mkdirSync(join(home, ".local/share"), { recursive: true });
	symlinkSync(folder, join(home, ".local/share/moddable"));
	await expect(/^no Moddable SDK at MODDABLE=\/nowhere, /, { MODDABLE: "/nowhere", HOME: home });
	await expect(/^no ESP-IDF v6.0: set IDF_PATH/, { IDF_PATH: "" });
	await expect(/^no ESP-IDF v6.0 at IDF_PATH=\/nowhere, /, { IDF_PATH: "/nowhere" });
	const failed = 'echo "error: Command failed"; echo "ERROR: run the install script"; echo "To view more, set DEBUG=1"';
	for (const code of [0, 1]) {
		exported(`${failed}; return ${code}`);
		await expect(/^ESP-IDF's export.sh: ERROR: run the install script$/m, { ESP_IDF_VERSION: "6.0" });
	}
	exported(`${path} ESP_IDF_VERSION=5.5`);
	await expect(/^ESP-IDF 5.5 at IDF_PATH=.* is not v6.0, /);
	exported(`${path} ESP_IDF_VERSION=6.0`);
	for (const name of ["cmake", "ninja", "riscv32-esp-elf-gcc", "qemu-system-riscv32"]) {
		const script = readFileSync(join(bin, name), "utf8");
		rmSync(join(bin, name));
		await expect(new RegExp(`^no ${name} on ESP-IDF's PATH`));
		writeFileSync(join(bin, name), script, { mode: 0o755 });
	}
	qemu("virt");
	await expect(/^qemu-system-riscv32 has no machine esp32c3: /);
});

test("time servers of ours share a port, and one goes on where another ends", async () => {
	const { stranger, port } = await listen(() => undefined);
	stranger.close();
	await once(stranger, "close");
	const servers = [await serveTime(port), await serveTime(port)];
	for (const server of servers) {
		const skew = await sntpSkew("127.0.0.1", port);
		assert.ok(typeof skew === "number" && Math.abs(skew) < 1000, String(skew));
		server.close();
	}
	assert.equal(await sntpSkew("127.0.0.1", port), undefined);
});

test("a stranger at that port is said in one line, unless it tells the time", async () => {
	const answers = (seconds: number) => (query: Buffer) => {
		const answer = Buffer.alloc(48);
		answer.set([0x24, 1]);
		query.copy(answer, 24, 40, 48);
		answer.writeUInt32BE(Math.floor(Date.now() / 1000) + seconds, 40);
		answer.writeUInt32BE((Date.now() % 1000) * 4_294_967, 44);
		return answer;
	};
	const SINCE_1900 = 2_208_988_800;
	for (const [answer, serves] of [
		[() => undefined, false],
		[() => Buffer.from("hello"), false],
		[answers(SINCE_1900 - 3600), false],
		[answers(SINCE_1900), true],
	] as const) {
		const { stranger, port } = await listen(answer);
		const served = serveTime(port);
		const said = `^UDP port ${port} is taken, where the board asks for the time: end what listens there .*$`;
		if (serves) (await served).close();
		else await assert.rejects(served, { message: new RegExp(said) });
		stranger.close();
	}
});

/** A socket that shares its port with nobody. */
async function listen(answer: (query: Buffer) => Buffer | undefined) {
	const stranger = createSocket("udp4").bind(0, "127.0.0.1");
	stranger.on("message", (query, { port, address }) => {
		const bytes = answer(query);
		if (bytes !== undefined) stranger.send(bytes, port, address);
	});
	await once(stranger, "listening");
	return { stranger, port: stranger.address().port };
}

const tools = findTools();

test("another one at the same time is refused; where nobody reads any more it ends, and its board with it", {
	skip: typeof tools === "string" && `SKIPPED: ${tools}`,
}, async () => {
	const first = start();
	while (!first.said.out.includes("ESP-ROM")) {
		assert.equal(first.child.exitCode, null, first.said.err);
		await sleep(200);
	}
	const emulators = childrenOf(first.child.pid!);
	assert.equal(emulators.length, 1);
	const second = await board();
	assert.deepEqual([second.code, second.out], [1, ""]);
	assert.match(second.err, /^host\.locked: .*npm run board/);
	first.child.stdout.destroy();
	const [code] = await first.ended;
	assert.equal(code, 1, first.said.err);
	for (let n = 0; n < 50 && isAlive(emulators[0]!); n++) await sleep(100);
	assert.ok(!isAlive(emulators[0]!), "the emulator goes on");
});

/** By what /proc says of each process: number, name in parentheses, state, parent. */
function childrenOf(parent: number): number[] {
	return readdirSync("/proc")
		.filter((name) => /^\d+$/.test(name) && stat(name).split(" ")[1] === String(parent))
		.map(Number);
}

const isAlive = (pid: number): boolean => /^[^ZX]/.test(stat(String(pid)));

/** From the state on; "" where it is gone. */
function stat(pid: string): string {
	try {
		const text = readFileSync(`/proc/${pid}/stat`, "utf8");
		return text.slice(text.lastIndexOf(")") + 2);
	} catch {
		return "";
	}
}
