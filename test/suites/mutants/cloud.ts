/** What keeps one client from the cloud's memory, its files and the connections of others. */
import { mutantsOf } from "./mutant.ts";

const UNREAD = ["cloud/unread"];
const TABLE = ["cloud/hostile"];
const ANSWERS = ["cloud/open-answers"];

export const CLOUD = [
	...mutantsOf(
		"cloud/json.ts",
		["cloud/robust"],
		[
			["const MOST_LEVELS = 64;", "const MOST_LEVELS = 65;"],
			["const MOST_LEVELS = 64;", "const MOST_LEVELS = 63;"],
			["if (level > MOST_LEVELS)", "if (false)"],
			['c === "[" || c === "{"', 'c === "{"'],
			['c === "[" || c === "{"', 'c === "["'],
			['if (c === "\\\\") i++;', ""],
			["else if (quoted)", "else if (false)"],
		],
	),
	...mutantsOf("cloud/carry.ts", UNREAD, [
		[
			"			this.#connection.lost(reason);\n		} catch (error) {",
			"			this.#connection.lost(reason);\n		} catch (error) {\n			throw error;",
		],
		[
			"this.#transport.pause();\n		} catch (error) {",
			"this.#transport.pause();\n		} catch (error) {\n			throw error;",
		],
		["this.#connection.part(`internal error", "void (`internal error"],
		["		this.#transport.destroy();", ""],
		["if (this.#socket.writableNeedDrain)", "if (false)"],
		['socket.on("drain", () => transport.resume());', ""],
		['this.#isKnown = standing === "attested";', "this.#isKnown = true;"],
		['else if (standing === "accepted")', "else if (false)"],
	]),
	...mutantsOf(
		"cloud/packets.ts",
		["cloud/packets"],
		[
			["if (1 + i + length > this.#most)", "if (false)"],
			['throw new MalformedPacket("malformed MQTT: a length of more than four bytes");', "return 0;"],
			["if (qos === 3) throw", "if (false) throw"],
			["if (payloadAt > whole.length) throw", "if (false) throw"],
			["if (found instanceof Error) throw", "if (false) throw"],
			["qos === 0 ? 0 : 2", "0"],
			["		this.#held = undefined;\n", ""],
		],
	),
	...mutantsOf(
		"cloud/gathered.ts",
		["cloud/gathered"],
		[
			["const LEAST_BYTES = 8;", "const LEAST_BYTES = 8_000_000;"],
			["copy(larger, 0, 0, this.#length)", "copy(larger, 0, 0, 8)"],
			["2 * this.#length", "0"],
		],
	),
	...mutantsOf(
		"cloud/presented-chain.ts",
		["cloud/presented-chain"],
		[
			["{socket.authorizationError}", "{0}"],
			["if (socket.isSessionReused()) throw", "if (false) throw"],
			["if (all.size > most)", "if (false)"],
			["	all.delete(name);\n", ""],
		],
	),
	...mutantsOf(
		"cloud/half-open.ts",
		["cloud/half-open"],
		[
			["if (this.#waiting.size >= this.#most", "if (this.#waiting.size > this.#most"],
			["			oldest.destroy();", ""],
			["if (stop === undefined) return;", ""],
			["		stop();\n", ""],
			["() => socket.destroy()),", "() => {}),"],
			['socket.on("close", () => door.done());', ""],
		],
	),
	...mutantsOf(
		"cloud/dps-session.ts",
		["cloud/socketless"],
		[["this.isAttested ||= status < 300;", "this.isAttested = true;"]],
	),
	...mutantsOf("cloud/newest.ts", UNREAD, [
		["|| this.#bytes > this.#limits.bytes", ""],
		["|| this.#bytes > bytes", ""],
		["gone < last &&", ""],
		["this.#bytes -= this.#weights[gone++]!;", "gone++;"],
		["this.#weights.splice(0, gone);", ""],
		["128 + value.length", "128"],
		["this.items.length > this.#limits.count ||", ""],
		["this.items.length - gone > count ||", ""],
	]),
	...mutantsOf(
		"cloud/newest.ts",
		["cloud/newest"],
		[
			["32 + 2 * value.length", "32 + value.length"],
			["bytes += 8 + weigh(item)", "bytes += 8"],
			["let bytes = 64;", "let bytes = 2;"],
			["96 + 2 * name.length + weigh(members[name])", "2 * name.length"],
			["for (const item of this.items.splice(0, gone)) this.#dropped(item);", "this.items.splice(0, gone);"],
		],
	),
	...mutantsOf("cloud/https.ts", UNREAD, [
		["if (!this.#open.add(request.socket, response)) return;", ""],
		["maxPayload: MAX_FRAME_BYTES,", ""],
		["maxFragments: MOST_PIECES,", ""],
		["maxBufferedChunks: MOST_PIECES,", ""],
	]),
	...mutantsOf(
		"cloud/open-answers.ts",
		[...ANSWERS, ...UNREAD],
		[
			["if (open.size > MOST) socket.destroy();", ""],
			[
				"return open.size <= MOST;",
				"return true;",
				"its connection has ended: the answer reaches nobody, and is let go with the others",
			],
			['response.once("close", () => open.delete(response));', ""],
			['response.emit("close");', ""],
		],
	),
	...mutantsOf("cloud/listener.ts", ["cloud/half-open"], [["if (doors.get(peer) === door) doors", "doors"]]),
	...mutantsOf("cloud/devices.ts", ["cloud/state"], [["i < MAX_CHAINS && ", ""]]),
	...mutantsOf("cloud/https.ts", TABLE, [
		['else connection.close("a text frame");', "else receive(data);"],
		["if (!known || !protocols", "if (!protocols"],
	]),
	...mutantsOf("cloud/downloads.ts", UNREAD, [
		["if (at < until) throw", "if (false) throw"],
		[
			"() => response.destroy(),\n		);",
			"() => {},\n		);",
			"pipeline ends what it writes to by itself where it fails",
		],
	]),
	...mutantsOf("cloud/downloads.ts", TABLE, [
		["isName(name) && isFile(path) ? path : undefined", "isName(name) ? path : undefined"],
		["isName(name) && isFile(path) ? path : undefined", "isFile(path) ? path : undefined"],
		["if (from > size)", "if (false)"],
		["if (!URL.canParse(target, ORIGIN))", "if (false)"],
		["lstatSync(path,", "statSync(path,"],
		["{1,15})-$", "+)-$"],
	]),
	...mutantsOf("cloud/connection.ts", TABLE, [
		['if (peer === undefined) return this.close("second CONNECT");', ""],
		["if (session === undefined) return this.close", "if (false) return this.close"],
		['if (qos === 2) return this.close("QoS 2 is not supported");', ""],
		["if (step === undefined) return this.close", "if (false) return this.close"],
		["if (properties + payload.length > MAX_MESSAGE_BYTES)", "if (false)"],
	]),
	...mutantsOf(
		"cloud/connection.ts",
		["cloud/socketless"],
		[["new Packets(MAX_PACKET_BYTES)", "new Packets(2 ** 28)"]],
	),
	...mutantsOf(
		"cloud/connection.ts",
		["cloud/rules"],
		[["const full = session.subscriptions.size >= this.#options.maxFilters", "const full = false"]],
	),
	...mutantsOf("cloud/register.ts", TABLE, [
		['typeof record !== "object" || record === null || Array.isArray(record)', "false"],
		['typeof id !== "string" ||', ""],
		["id.toLowerCase() !== registrationId", "false"],
		['typeof value === "string" ? decodeCsr(member, value) : undefined', "decodeCsr(member, value as string)"],
		["if (value === undefined || value === null) continue;", "if (value === undefined) continue;"],
	]),
	...mutantsOf("cloud/renewal-request.ts", TABLE, [
		["if (id !== deviceId)", "if (false)"],
		["if (unknown !== undefined)", "if (false)"],
		[
			'typeof csr === "string" ? decodeCsr("csr", csr) : undefined',
			'decodeCsr("csr", csr as string)',
			"nothing but a text has a length in fours and base64's letters only",
		],
		['typeof replace !== "string" ||', ""],
	]),
	...mutantsOf("cloud/csr.ts", TABLE, [
		["if (bytes.length > MAX_CSR_BYTES)", "if (false)"],
		["if (inner.smallInteger() !== 0)", "if (inner.smallInteger() > 9)"],
		["csr.commonName?.toLowerCase() !== expected.toLowerCase()", "false"],
		["while (inner.tag !== undefined) inner.element();", "inner.element();"],
	]),
	...mutantsOf("cloud/dps-https.ts", TABLE, [
		["if (body.length > MAX_BODY_BYTES) return undefined;", ""],
		["if (request.method !== method)", "if (false)"],
	]),
	...mutantsOf("cloud/operator.ts", ["cloud/state"], [["await this.#options.save();", "void this.#options.save();"]]),
	...mutantsOf("cloud/api.ts", TABLE, [
		["if (!URL.canParse(target, ORIGIN))", "if (false)"],
		["if (body.length > MAX_BODY_BYTES) throw", "if (false) throw"],
		["if (!sameText(shown", "if (false && !sameText(shown"],
		["value === null || Array.isArray(value))", "value === null)"],
		["if (headers.origin !== undefined", "if (false"],
	]),
	...mutantsOf("cloud/api.ts", ANSWERS, [
		["	unread.check();\n", ""],
		["this.#bytes -= bytes;", ""],
		["	known();\n", ""],
		["if (!open.add(socket, response)) return;", ""],
		['server.on("connection", (socket) => halfOpen.door(socket));', ""],
	]),
	...mutantsOf("cloud/packets.ts", TABLE, [["found.subscriptions.length > MOST_FILTERS", "false"]]),
];
