/** A bare MQTT 3.1.1 client over node:tls, or over any stream, for tests of the cloud, and key pairs with requests made by WebCrypto. */
import { createHmac, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import "reflect-metadata";
import * as x509 from "@peculiar/x509";
import {
	generate,
	type IConnackPacket,
	type IConnectPacket,
	type IPublishPacket,
	type Packet,
	parser,
} from "mqtt-packet";
import type { Cloud } from "../../cloud/cloud.ts";

export interface Identity {
	readonly cert: string;
	readonly key: string;
}

export interface ProbeOptions {
	readonly username: string;
	readonly clientId: string;
	readonly password?: string;
	readonly identity?: Identity;
	readonly clean?: boolean;
	readonly connect?: Partial<IConnectPacket>;
}

// biome-ignore lint/suspicious/noExplicitAny: foreign JSON, which each test looks into as far as it goes
export type Json = any;

const DEVICE = { host: "127.0.0.1", servername: "localhost", maxVersion: "TLSv1.2", ecdhCurve: "P-256:P-384" } as const;

export class Probe {
	readonly #socket: Duplex;
	readonly #received: Packet[] = [];
	readonly #waiting = new Set<() => void>();
	#messageId = 0;
	#closed = false;

	/** Over a stream that is open already. */
	constructor(socket: Duplex) {
		this.#socket = socket;
		const reader = parser({ protocolVersion: 4 });
		reader.on("packet", (packet) => {
			this.#received.push(packet);
			this.#wake();
		});
		socket.on("data", (bytes) => reader.parse(bytes));
		socket.on("error", () => {});
		socket.on("close", () => {
			this.#closed = true;
			this.#wake();
		});
	}

	/** Connected with TLS; no MQTT yet. */
	static async dial(cloud: Pick<Cloud, "rootCa" | "port">, identity?: Identity): Promise<Probe> {
		const ca = readFileSync(cloud.rootCa, "utf8");
		const socket = connectTls({ ...DEVICE, port: cloud.port, ca, ...identity });
		socket.setNoDelay(true);
		const probe = new Probe(socket);
		await new Promise<void>((resolve, reject) => {
			socket.once("secureConnect", resolve);
			socket.once("error", reject);
			socket.once("close", () => reject(new Error("closed before TLS was up")));
		});
		return probe;
	}

	/** The return code of CONNACK, or "closed". */
	async connect({ username, clientId, password, clean = true, connect }: ProbeOptions): Promise<number | "closed"> {
		const secret = password === undefined ? {} : { password: Buffer.from(password) };
		this.send({
			cmd: "connect",
			protocolId: "MQTT",
			protocolVersion: 4,
			clientId,
			username,
			clean,
			keepalive: 60,
			...secret,
			...connect,
		} as IConnectPacket);
		const connack = await this.next((packet): packet is IConnackPacket => packet.cmd === "connack");
		return connack === "closed" ? connack : connack.returnCode!;
	}

	async subscribe(filter: string, qos: 0 | 1 | 2 = 1): Promise<number | "closed"> {
		this.send({ cmd: "subscribe", messageId: ++this.#messageId, subscriptions: [{ topic: filter, qos }] });
		const suback = await this.next((packet) => packet.cmd === "suback");
		return suback === "closed" ? suback : ((suback as { granted: number[] }).granted[0] as number);
	}

	/** Waits for PUBACK at QoS 1. */
	async publish(topic: string, payload: string, qos: 0 | 1 = 1): Promise<"puback" | "closed" | "sent"> {
		const messageId = ++this.#messageId;
		const ids = qos === 1 ? { messageId } : {};
		this.send({ cmd: "publish", topic, payload, qos, dup: false, retain: false, ...ids });
		if (qos === 0) return "sent";
		const puback = await this.next((packet) => packet.cmd === "puback" && packet.messageId === messageId);
		return puback === "closed" ? puback : "puback";
	}

	/** The next publish whose topic starts so; acknowledged. */
	async message(prefix: string): Promise<{ topic: string; text: string; json: Json } | "closed"> {
		const packet = await this.next(
			(packet): packet is IPublishPacket => packet.cmd === "publish" && packet.topic.startsWith(prefix),
		);
		if (packet === "closed") return packet;
		if (packet.qos === 1) this.send({ cmd: "puback", messageId: packet.messageId! });
		const text = packet.payload.toString();
		return { topic: packet.topic, text, json: text === "" ? undefined : JSON.parse(text) };
	}

	next<T extends Packet>(fits: (packet: Packet) => packet is T): Promise<T | "closed">;
	next(fits: (packet: Packet) => boolean): Promise<Packet | "closed">;
	async next(fits: (packet: Packet) => boolean): Promise<Packet | "closed"> {
		for (;;) {
			const at = this.#received.findIndex(fits);
			if (at >= 0) return this.#received.splice(at, 1)[0]!;
			if (this.#closed) return "closed";
			await new Promise<void>((resolve) => this.#waiting.add(resolve));
		}
	}

	async ended(): Promise<void> {
		while (!this.#closed) await new Promise<void>((resolve) => this.#waiting.add(resolve));
	}

	send(packet: Packet): void {
		this.#socket.write(generate(packet));
	}

	raw(bytes: Uint8Array): void {
		this.#socket.write(bytes);
	}

	close(): void {
		this.#socket.destroy();
	}

	#wake(): void {
		const waiting = [...this.#waiting];
		this.#waiting.clear();
		for (const resolve of waiting) resolve();
	}
}

export function sas(
	resource: string,
	key: string,
	options: { se?: number; encode?: (s: string) => string } = {},
): string {
	const { se = Math.floor(Date.now() / 1000) + 3600, encode = encodeURIComponent } = options;
	const sr = encode(resource);
	const signature = createHmac("sha256", Buffer.from(key, "base64")).update(`${sr}\n${se}`).digest("base64");
	return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(signature)}&se=${se}`;
}

export interface KeyAndRequest {
	readonly keyPem: string;
	readonly der: Uint8Array;
	readonly base64: string;
	readonly pem: string;
	readonly spki: Uint8Array;
}

export async function makeCsr(
	name: string,
	algorithm: "P-256" | "P-384" | "P-521" | "RSA" = "P-256",
): Promise<KeyAndRequest> {
	const parameters =
		algorithm === "RSA"
			? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256", modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1) }
			: { name: "ECDSA", namedCurve: algorithm, hash: algorithm === "P-256" ? "SHA-256" : "SHA-384" };
	const keys = (await webcrypto.subtle.generateKey(parameters, true, ["sign", "verify"])) as webcrypto.CryptoKeyPair;
	const csr = await x509.Pkcs10CertificateRequestGenerator.create({
		name: [{ CN: [name] }],
		keys: keys as never,
		signingAlgorithm: parameters,
	});
	const pkcs8 = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
	const der = new Uint8Array(csr.rawData);
	return {
		keyPem: x509.PemConverter.encode(pkcs8, "PRIVATE KEY"),
		der,
		base64: Buffer.from(der).toString("base64"),
		pem: csr.toString("pem"),
		spki: new Uint8Array(await webcrypto.subtle.exportKey("spki", keys.publicKey)),
	};
}

export function chainPem(chain: readonly string[]): string {
	return chain.map((der) => x509.PemConverter.encode(Buffer.from(der, "base64"), "CERTIFICATE")).join("\n");
}

/** Registers and polls as an enrolled device would; gives the last answer. */
export async function register(
	cloud: Pick<Cloud, "rootCa" | "port" | "idScope" | "symmetricKey">,
	registrationId: string,
	body: object | string,
	options: { apiVersion?: string; key?: string; identity?: Identity; password?: string } = {},
): Promise<{ topic: string; json: Json } | "closed"> {
	const { apiVersion = "2025-07-01-preview", identity } = options;
	const probe = await Probe.dial(cloud, identity);
	try {
		const key = options.key ?? cloud.symmetricKey;
		const password = options.password ?? sas(`${cloud.idScope}/registrations/${registrationId}`, key);
		const username = `${cloud.idScope}/registrations/${registrationId}/api-version=${apiVersion}&ClientVersion=probe`;
		const secret = identity === undefined ? { password } : {};
		const connack = await probe.connect({ username, clientId: registrationId, ...secret });
		if (connack !== 0) return "closed";
		if ((await probe.subscribe("$dps/registrations/res/#")) === "closed") return "closed";
		const text = typeof body === "string" ? body : JSON.stringify(body);
		await probe.publish("$dps/registrations/PUT/iotdps-register/?$rid=1", text);
		for (;;) {
			const answer = await probe.message("$dps/registrations/res/");
			if (answer === "closed" || answer.json.status !== "assigning") return answer;
			const { operationId } = answer.json;
			await probe.publish(`$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${operationId}`, "");
		}
	} finally {
		probe.close();
	}
}

/** Registers with a new key; gives what a hub connection needs. */
export async function enrol(cloud: Cloud, deviceId: string, key?: string): Promise<Identity & { chain: string[] }> {
	const csr = await makeCsr(deviceId);
	const answer = await register(cloud, deviceId, { registrationId: deviceId, csr: csr.base64 }, key ? { key } : {});
	if (answer === "closed") throw new Error("closed");
	const chain = answer.json.registrationState.issuedCertificateChain as string[];
	return { key: csr.keyPem, cert: chainPem(chain), chain };
}

export async function openHub(
	cloud: Cloud,
	deviceId: string,
	options: { identity?: Identity; password?: string; apiVersion?: string; clean?: boolean; host?: string } = {},
): Promise<{ probe: Probe; connack: number | "closed" }> {
	const { apiVersion = "2021-04-12", host = `localhost:${cloud.port}`, identity, clean = true } = options;
	const probe = await Probe.dial(cloud, identity);
	const secret = options.password === undefined ? {} : { password: options.password };
	const username = `${host}/${deviceId}/?api-version=${apiVersion}`;
	return { probe, connack: await probe.connect({ username, clientId: deviceId, clean, ...secret }) };
}
