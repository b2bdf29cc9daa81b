/** What `enrollee doctor` believes of a time server, what a board does (src/base/sntp.ts), over real UDP; and of a TLS server. */
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { test } from "node:test";
import { certificatePem, createEntity, type Role } from "../../cloud/pki.ts";
import { sntpSkew } from "../../hw/node/doctor.ts";
import { examineTls } from "../../hw/node/doctor-way.ts";
import { Fault } from "../../src/fault.ts";
import { enrollee } from "../support/command.ts";
import { temporaryFolder } from "../support/openssl.ts";
import { DAY, good, now, root, SERVER, serve, span, stranger } from "../support/tls-server.ts";

/** Seconds from 1900 to 1970. */
const UNIX = 2_208_988_800;

/** A server that answers as `change` makes it: RFC 4330 section 4, version 4, stratum 2, our nonce returned, now + an hour. */
async function asked(change: (answer: Buffer) => void): Promise<number | Fault | undefined> {
	const server = createSocket("udp4");
	server.on("message", (query, { port, address }) => {
		const answer = Buffer.alloc(48);
		answer[0] = (4 << 3) | 4;
		answer[1] = 2;
		query.copy(answer, 24, 40, 48);
		answer.writeUInt32BE(Math.floor(Date.now() / 1000) + 3600 + UNIX, 40);
		change(answer);
		server.send(answer, port, address);
	});
	server.bind(0, "127.0.0.1");
	await once(server, "listening");
	try {
		return await sntpSkew("127.0.0.1", server.address().port);
	} finally {
		server.close();
	}
}

test("a server an hour ahead is an hour ahead", async () => {
	const skew = await asked(() => {});
	assert.ok(typeof skew === "number" && Math.abs(skew - 3_600_000) < 60_000, String(skew));
});

const UNBELIEVABLE: Readonly<Record<string, (answer: Buffer) => void>> = {
	"that is not synchronised": (answer) => void answer.writeUInt8(0xc0 | ((4 << 3) | 4)),
	"of stratum 16": (answer) => void answer.writeUInt8(16, 1),
	"without a transmit time": (answer) => void answer.fill(0, 40),
	"that answers another query": (answer) => void answer.fill(1, 24, 32),
	"that is no server": (answer) => void answer.fill(0),
};

for (const [what, change] of Object.entries(UNBELIEVABLE))
	test(`a server ${what} is clock.server, as on a board`, async () => {
		const fault = await asked(change);
		assert.ok(fault instanceof Fault && fault.code === "clock.server", String(fault));
	});

const OTHER: Role = { kind: "server", hosts: ["example.com"] };
const expired = { commonName: "server", role: SERVER, ...span, notBefore: now - 2 * DAY, notAfter: now - DAY };
for (const [what, server, trusted, code] of [
	["that has expired", await createEntity("P-256", expired, root), root, "tls.expired"],
	["of another root", good, stranger, "tls.untrusted"],
	["for another name", await createEntity("P-256", { ...expired, ...span, role: OTHER }, root), root, "tls.name"],
] as const)
	test(`of a server ${what} doctor says ${code}, as the agent would`, async () => {
		const port = await serve(server);
		const socket = connect(port, "localhost");
		await once(socket, "connect");
		const finding = await examineTls(socket, { host: "localhost", port }, [certificatePem(trusted)]);
		assert.match(finding.text, new RegExp(`^${code}: `));
	});

/** Where nothing listens, so that nothing leaves this machine. */
const NOWHERE = ["--dps", "localhost:1"];

for (const [what, args, file, bad, exit] of [
	["nothing listens", NOWHERE, "{}", ["port 1"], 1],
	["the name is none: no port of it is tried", ["--dps", "name.invalid"], "{}", ["dns"], 1],
	["a value cannot be", [...NOWHERE, "--key", "P-999"], "{}", ["settings", "port 1"], 2],
	["an address cannot be", ["--dps", "localhost:99999"], "{}", ["settings"], 2],
	["an anchor is no file", [...NOWHERE, "--ca", "none.pem"], "{}", ["settings", "port 1"], 2],
	["enrollee.json is none", NOWHERE, "[]", ["settings"], 2],
] as const)
	test(`where ${what}: a line of JSON each, the whole as one error, exit ${exit}`, async () => {
		const cwd = temporaryFolder({ "enrollee.json": file });
		const { stdout, stderr, code } = await enrollee(["doctor", ...args, "--json"], { cwd });
		const findings = stdout
			.trim()
			.split("\n")
			.map((line) => JSON.parse(line));
		const found = findings.filter(({ state }) => state === "bad").map(({ name }) => name);
		assert.deepEqual(found, bad, stdout);
		const { event, code: fault, message, remedy } = JSON.parse(stderr);
		assert.deepEqual([event, fault, message], ["error", "host.unfit", `host.unfit: ${bad.join(", ")}`]);
		assert.ok(remedy);
		assert.equal(code, exit);
		for (const name of ["clock", "SDK", "ESP-IDF"])
			assert.ok(
				findings.some((finding) => finding.name === name),
				name,
			);
	});
