/**
 * Sessions of hw/moddable/tls that go on from earlier ones, on XS: with OpenSSL's servers, by ticket and by id, and with one made by
 * hand that accepts what it should not. A session may only be taken up where a full handshake would have ended well, too.
 */
import assert from "node:assert/strict";
import { constants } from "node:crypto";
import { after, before, describe, test } from "node:test";
import type { TlsOptions } from "node:tls";
import { Alert } from "../../hw/moddable/tls/error.ts";
import { skip } from "../../hw/simulator/harness.ts";
import { createIntermediate, createLeaf } from "./tls/chains.ts";
import { Content, type Crafted, type Message, record, serveAs, Type, vector } from "./tls/crafted.ts";
import { anchor, buildDevice, identity, type Scenario } from "./tls/device.ts";
import { type Entity, Extension, issue } from "./tls/pki.ts";
import { closeAll, HOST } from "./tls/servers.ts";
import { Sessions } from "./tls/sessions.ts";

/** ServerHello: version and random; then a session id in place of none. */
const withSessionId = ({ type, body }: Message, id: Buffer): Message => ({
	type,
	body: Buffer.concat([body.subarray(0, 34), vector(1, id), body.subarray(35)]),
});

const RESUMED = ["dev-001", "dev-001, resumed", "dev-001, resumed"];

const clear = (message: Uint8Array): Buffer => record(Content.Handshake, message);

describe("resumption on XS", { skip }, () => {
	let sessions: Sessions;
	let root: Entity;
	let leaf: Entity;
	let device: Entity;
	before(async () => {
		root = await issue({ name: "root", ca: {}, to: 30 });
		leaf = await createLeaf(root, { hosts: [HOST, "other.example.net"], to: 30 });
		device = await issue({ name: "dev-001", issuer: root });
		sessions = new Sessions(await buildDevice(), root);
	});
	after(() => {
		closeAll();
		sessions.close();
	});
	const serve = (options: TlsOptions = {}, chain = [leaf]) => sessions.serve(options, chain);
	/** What each came to, and whether its session was resumed. */
	const connect = (port: number, ...scenarios: readonly Partial<Scenario>[]) =>
		sessions.connect(port, scenarios, ({ isResumed }) => (isResumed ? ", resumed" : ""));
	/** The same, and whether the server's chain was known. */
	const meet = (port: number, ...scenarios: readonly Partial<Scenario>[]) =>
		sessions.connect(port, scenarios, ({ isKnown }) => (isKnown ? ", known" : ""));

	const same = {};
	const known = () => ({ ...identity(device), expectBytes: 7 });

	test("by ticket, again and again, and the server still knows the device", async () => {
		const { port, seen } = await serve();
		assert.deepEqual(await connect(port, known(), known(), known()), RESUMED);
		assert.deepEqual(seen, [false, true, true]);
	});

	test("by session id, where a server has no tickets", async () => {
		const { port, seen, server } = await serve({ secureOptions: constants.SSL_OP_NO_TICKET });
		const sessions = new Map<string, Buffer>();
		server.on("newSession", (id: Buffer, session: Buffer, done: () => void) => {
			sessions.set(id.toString("hex"), session);
			done();
		});
		server.on("resumeSession", (id: Buffer, done: (error: Error | null, session: Buffer | null) => void) =>
			done(null, sessions.get(id.toString("hex")) ?? null),
		);
		assert.deepEqual(await connect(port, known(), known(), known()), RESUMED);
		assert.deepEqual(seen, [false, true, true]);
	});

	test("only where it is wanted", async () => {
		const { port, seen } = await serve();
		const unwanted = { resumption: undefined };
		assert.deepEqual(await connect(port, unwanted, unwanted), ["nobody", "nobody"]);
		assert.deepEqual(seen, [false, false]);
	});

	test("a server that has forgotten, or has neither, costs nothing", async () => {
		const forgetful = await serve();
		forgetful.server.on("secureConnection", () =>
			forgetful.server.setTicketKeys(Buffer.alloc(48, forgetful.seen.length)),
		);
		assert.deepEqual(await connect(forgetful.port, known(), known(), known()), ["dev-001", "dev-001", "dev-001"]);
		const plain = await serve({ secureOptions: constants.SSL_OP_NO_TICKET });
		assert.deepEqual(await connect(plain.port, known(), known()), ["dev-001", "dev-001"]);
	});

	test("never under another identity, name or set of anchors", async () => {
		const { port } = await serve();
		const other = await issue({ name: "dev-002", issuer: root });
		const renewed = { ...identity(other), expectBytes: 7 };
		const stranger = await issue({ name: "stranger", ca: {} });
		assert.deepEqual(await connect(port, known(), renewed, renewed, same), [
			"dev-001",
			"dev-002",
			"dev-002, resumed",
			"nobody",
		]);
		assert.deepEqual(await connect(port, same, { host: "other.example.net" }), ["nobody", "nobody"]);
		assert.deepEqual(await connect(port, same, { anchors: anchor(stranger) }), ["nobody", "tls.untrusted"]);
		assert.deepEqual(await connect(port, same, { anchors: anchor(root, stranger) }, same), [
			"nobody",
			"nobody",
			"nobody",
		]);
	});

	test("never past a certificate of the server, a day, or the server's own term, nor on a clock that went back", async () => {
		const day = (notBefore: number) => ({ notBefore });
		const { port } = await serve({ sessionTimeout: 7 * 86_400 });
		assert.deepEqual(await connect(port, day(0.1), day(1.05), day(2.2)), ["nobody", "nobody, resumed", "nobody"]);
		assert.deepEqual(await connect(port, day(0.5), same), ["nobody", "nobody"]);
		const hour = await serve({ sessionTimeout: 3600 });
		assert.deepEqual(await connect(hour.port, same, day(0.03), day(0.1)), ["nobody", "nobody, resumed", "nobody"]);
		const brief = await createIntermediate(root, { to: 0.5 });
		const ending = await serve({ sessionTimeout: 86_400 }, [await createLeaf(brief), brief]);
		assert.deepEqual(await connect(ending.port, same, day(0.4), day(0.6)), [
			"nobody",
			"nobody, resumed",
			"tls.expired",
		]);
	});

	const untaken = { secureOptions: constants.SSL_OP_NO_TICKET };

	test("a chain that was verified is known again, whoever the device is by then, under its name and anchors only", async () => {
		const { port } = await serve(untaken);
		const renewed = { ...identity(await issue({ name: "dev-002", issuer: root })), expectBytes: 7 };
		assert.deepEqual(await meet(port, known(), known(), renewed), ["dev-001", "dev-001, known", "dev-002, known"]);
		const resuming = await serve();
		assert.deepEqual(await meet(resuming.port, known(), { ...renewed, forgets: true }), ["dev-001", "dev-002, known"]);
		const other = { host: "other.example.net" };
		assert.deepEqual(await meet(port, same, other, other, same), ["nobody", "nobody", "nobody, known", "nobody"]);
		assert.deepEqual(await meet(port, same, { host: "third.example.net" }), ["nobody", "tls.name"]);
		const stranger = await issue({ name: "stranger", ca: {} });
		const both = { anchors: anchor(root, stranger) };
		assert.deepEqual(await meet(port, same, both, both, same), ["nobody", "nobody", "nobody, known", "nobody"]);
		assert.deepEqual(await meet(port, same, { anchors: anchor(stranger) }), ["nobody", "tls.untrusted"]);
	});

	test("another chain of the same server is verified, a wrong one each time", async () => {
		const first = await serve(untaken);
		const second = await serve(untaken, [await createLeaf(root, { hosts: [HOST] })]);
		const elsewhere = { port: second.port };
		const met = await meet(first.port, same, elsewhere, elsewhere, same);
		assert.deepEqual(met, ["nobody", "nobody", "nobody, known", "nobody"]);
		const stranger = await issue({ name: "root", ca: {} });
		const wrong = { port: (await serve(untaken, [await createLeaf(stranger, { hosts: [HOST] })])).port };
		assert.deepEqual(await meet(first.port, same, wrong, wrong), ["nobody", "tls.untrusted", "tls.untrusted"]);
	});

	test("a chain is known until its first certificate expires, and not on a clock that went back, nor on one that is behind", async () => {
		const brief = await createIntermediate(root, { to: 0.5 });
		const { port } = await serve(untaken, [await createLeaf(brief), brief]);
		const clock = (days: number) => ({ clock: days });
		const days = await meet(port, same, clock(0.4), clock(0.6), same, same, clock(-0.1), clock(-0.05));
		assert.deepEqual(days, ["nobody", "nobody, known", "nobody", "nobody", "nobody, known", "nobody", "nobody, known"]);
		const behind = { notBefore: 0.1 };
		assert.deepEqual(await meet(port, behind, clock(0.2), same, behind), ["nobody", "nobody", "nobody", "nobody"]);
	});

	test("what the leaf's key signs is verified of a chain that is known, too, and a failure takes what is known with it", async () => {
		let handshakes = 0;
		const { scenario } = await serveAs([leaf])("a replayed chain", "connected", {
			flight: ([hello, certificate, exchange, done]) => {
				const body = Buffer.from(exchange!.body);
				if (++handshakes === 3) body[body.length - 1]! ^= 1;
				return [hello!, certificate!, { ...exchange!, body }, done!];
			},
		});
		const met = await meet(scenario.port, same, same, same, same);
		assert.deepEqual(met, ["ping", "ping, known", "tls.untrusted, known", "ping"]);
	});

	test("never after a fatal alert, whoever sent it", async () => {
		const offered: number[] = [];
		const answers = [
			(server: Crafted, data: Buffer) => server.sealed(Content.Data, data),
			(server: Crafted) => server.sealed(Content.Alert, Buffer.of(2, 80)),
			(_: Crafted, data: Buffer) => record(Content.Data, Buffer.concat([data, Buffer.alloc(40)])),
			(server: Crafted, data: Buffer) => server.sealed(Content.Data, data),
			(server: Crafted, data: Buffer) => server.sealed(Content.Data, data),
		];
		const { scenario } = await serveAs([leaf])("alerts", "connected", {
			onHello: (hello) => void offered.push(hello[38]!),
			flight: ([hello, ...rest]) => [withSessionId(hello!, Buffer.alloc(32, offered.length)), ...rest],
			onData: (server, data) => void server.socket.write(answers[offered.length - 1]!(server, data)),
		});
		const results = await connect(scenario.port, ...answers.map(() => same));
		assert.deepEqual(results, ["ping", "wire.closed", "tls.protocol", "ping", "ping"]);
		assert.deepEqual(offered, [0, 32, 0, 0, 32], "bytes of the session ids that were offered");
	});

	test("a ticket that is larger than a device keeps is no loss", async () => {
		const { port } = await serve();
		const large = await issue({
			name: "dev-001",
			issuer: root,
			extensions: [new Extension("1.3.6.1.4.1.99999.1", false, new Uint8Array(1500))],
		});
		const client = { ...identity(large), expectBytes: 7 };
		assert.deepEqual(await connect(port, client, client), ["dev-001", "dev-001"]);
	});

	test("a server that accepts, and then does something else, is refused, and the next handshake is a full one", async () => {
		let hello: Buffer = Buffer.alloc(0);
		const onHello = (bytes: Buffer): void => {
			hello = bytes;
		};
		const flight = (change: (body: Buffer, offered: Buffer) => Buffer) => (messages: Message[]) => {
			const offered = hello.subarray(39, 39 + hello[38]!);
			const [first, ...rest] = messages;
			const { body } = withSessionId(first!, offered.length > 0 ? offered : Buffer.alloc(32, 7));
			return [{ type: Type.ServerHello, body: offered.length > 0 ? change(body, offered) : body }, ...rest];
		};
		const server = async (name: string, change: (body: Buffer, offered: Buffer) => Buffer, ...instead: Buffer[]) => {
			const records = ([first, ...rest]: Buffer[]) => {
				const isOffered = hello[38]! > 0 && instead.length > 0;
				return [clear(first!), ...(isOffered ? instead : rest.map(clear))];
			};
			const script = { onHello, flight: flight(change), records, alert: Alert.CLOSE_NOTIFY };
			const { scenario, alert } = await serveAs([leaf])(name, "connected", script);
			const results = await connect(scenario.port, same, same, same);
			assert.deepEqual(results, ["ping", "tls.protocol", "ping"], name);
			return alert!.heard.filter((description) => description !== Alert.CLOSE_NOTIFY);
		};
		const asIs = (body: Buffer): Buffer => body;
		const change = record(Content.ChangeCipherSpec, Buffer.of(1));
		const finished = Buffer.concat([Buffer.of(20, 0, 0, 12), Buffer.alloc(12)]);
		assert.deepEqual(await server("a certificate all the same", asIs), [Alert.UNEXPECTED_MESSAGE]);
		const otherSuite = await server("another suite", (body) => {
			const changed = Buffer.from(body);
			changed[body.length - 2] = 0x2f;
			return changed;
		});
		assert.deepEqual(otherSuite, [Alert.ILLEGAL_PARAMETER]);
		for (const [name, wanted, ...instead] of [
			["Finished of one who has no secret", Alert.BAD_RECORD_MAC, change, record(Content.Handshake, Buffer.alloc(40))],
			["Finished in clear", Alert.UNEXPECTED_MESSAGE, clear(finished)],
			["Finished in clear, after ChangeCipherSpec", Alert.BAD_RECORD_MAC, change, clear(finished)],
			["data at once", Alert.UNEXPECTED_MESSAGE, record(Content.Data, Buffer.from("ping"))],
			["data after ChangeCipherSpec", Alert.UNEXPECTED_MESSAGE, change, record(Content.Data, Buffer.alloc(40))],
		] as const)
			assert.deepEqual(await server(name, asIs, ...instead), [wanted], name);
	});
});
