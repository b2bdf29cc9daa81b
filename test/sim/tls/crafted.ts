/**
 * A TLS 1.2 server made by hand (RFC 5246, RFC 8422; ECDHE with AES-128-GCM), so that it can say anything at any time. Left
 * alone it completes the handshake and echoes. A script changes what it sends; it owns its keys, so that nothing but the
 * deviation is wrong.
 */
import {
	createCipheriv,
	createDecipheriv,
	createECDH,
	createHash,
	type KeyObject,
	randomBytes,
	sign,
} from "node:crypto";
import { createServer, type Socket } from "node:net";
import type { Scenario } from "./device.ts";
import { additionalData, prf } from "./keys.ts";
import type { Entity } from "./pki.ts";
import { listen, type Row } from "./servers.ts";

export interface Message {
	readonly type: number;
	readonly body: Buffer;
}

export interface Script {
	/** ServerHello, Certificate, ServerKeyExchange, ServerHelloDone: in place of these, others. */
	readonly flight?: (flight: Message[]) => Message[];
	/** The flight's messages, as bytes, in records. */
	readonly records?: (messages: Buffer[]) => Buffer[];
	readonly suite?: number;
	readonly extensions?: Buffer;
	/** curve type, group, length, point. */
	readonly parameters?: (point: Buffer) => Buffer;
	/** Scheme and signature over randoms and parameters. */
	readonly signature?: (signed: Buffer, key: KeyObject) => { scheme: number; signature: Uint8Array };
	/** In place of ChangeCipherSpec and Finished, when the client's Finished has come. */
	readonly finish?: (server: Crafted, finished: Buffer) => void;
	readonly onData?: (server: Crafted, data: Buffer) => void;
	readonly endsAfterFlight?: boolean;
	/** The alert that the client must end with. */
	readonly alert?: number;
	readonly onClearData?: (data: Buffer) => void;
	/** Sees ClientHello. */
	readonly onHello?: (hello: Buffer) => void;
	/** Sees the point in ClientKeyExchange. */
	readonly onKey?: (point: Buffer) => void;
}

export const Type = {
	HelloRequest: 0,
	ClientHello: 1,
	ServerHello: 2,
	Certificate: 11,
	ServerKeyExchange: 12,
} as const;
export const Content = { ChangeCipherSpec: 20, Alert: 21, Handshake: 22, Data: 23 } as const;

export const uint = (value: number, bytes: number): Buffer => {
	const buffer = Buffer.alloc(bytes);
	buffer.writeUIntBE(value, 0, bytes);
	return buffer;
};

/** With its length before it. */
export const vector = (bytes: number, ...parts: readonly Uint8Array[]): Buffer => {
	const content = Buffer.concat(parts);
	return Buffer.concat([uint(content.length, bytes), content]);
};

export const record = (type: number, content: Uint8Array, version = 0x0303): Buffer =>
	Buffer.concat([uint(type, 1), uint(version, 2), vector(2, content)]);

export const encode = ({ type, body }: Message): Buffer => Buffer.concat([uint(type, 1), vector(3, body)]);

export const certificateBody = (chain: readonly Uint8Array[]): Buffer =>
	vector(3, ...chain.map((der) => vector(3, der)));

/** CertificateRequest for P-256 and SHA-256, of any issuer. */
export const certificateRequest: Message = {
	type: 13,
	body: Buffer.concat([vector(1, uint(64, 1)), vector(2, uint(0x0403, 2)), vector(2)]),
};

/** A row of the table: a server of that chain that follows the script. */
export const serveAs =
	(chain: readonly Entity[], client: Partial<Scenario> = {}) =>
	async (name: string, result: string, script: Script = {}, message?: RegExp): Promise<Row> => {
		const heard: number[] = [];
		const server = createServer(
			(socket) =>
				void new Crafted(
					socket.on("error", () => {}),
					chain,
					script,
					heard,
				),
		);
		const row = await listen(name, result, server, { client, message });
		return script.alert === undefined ? row : { ...row, alert: { wanted: script.alert, heard } };
	};

export class Crafted {
	readonly socket: Socket;
	readonly #chain: readonly Entity[];
	readonly #script: Script;
	readonly #alerts: number[];
	readonly #ecdh = createECDH("prime256v1");
	readonly #random = randomBytes(32);
	#received: Buffer = Buffer.alloc(0);
	#transcript: Buffer = Buffer.alloc(0);
	#clientRandom: Buffer = Buffer.alloc(0);
	#master: Buffer = Buffer.alloc(0);
	#keys: { clientKey: Buffer; serverKey: Buffer; clientSalt: Buffer; serverSalt: Buffer } | undefined;
	#opening = false;
	#read = 0n;
	#written = 0n;

	constructor(socket: Socket, chain: readonly Entity[], script: Script, alerts: number[] = []) {
		this.#alerts = alerts;
		this.socket = socket;
		this.#chain = chain;
		this.#script = script;
		socket.on("data", (bytes) => this.#receive(bytes));
	}

	/** A record under the keys of the session. */
	sealed(type: number, content: Uint8Array): Buffer {
		const nonce = Buffer.alloc(8);
		nonce.writeBigUInt64BE(this.#written);
		const cipher = createCipheriv("aes-128-gcm", this.#keys!.serverKey, Buffer.concat([this.#keys!.serverSalt, nonce]));
		cipher.setAAD(additionalData(this.#written++, type, content.length));
		return record(type, Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]));
	}

	#receive(bytes: Buffer): void {
		this.#received = Buffer.concat([this.#received, bytes]);
		while (this.#received.length >= 5) {
			const end = 5 + this.#received.readUInt16BE(3);
			if (this.#received.length < end) return;
			const type = this.#received[0]!;
			const content = this.#received.subarray(5, end);
			this.#received = this.#received.subarray(end);
			this.#accept(type, this.#opening ? this.#open(type, content) : content);
		}
	}

	#accept(type: number, content: Buffer): void {
		if (type === Content.ChangeCipherSpec) this.#opening = true;
		else if (type === Content.Alert) this.#alerts.push(content[1]!);
		else if (type === Content.Data) this.#data(content);
		else if (type === Content.Handshake) this.#handshake(content);
	}

	#data(content: Buffer): void {
		if (!this.#opening) this.#script.onClearData?.(content);
		else if (this.#script.onData) this.#script.onData(this, content);
		else this.socket.write(this.sealed(Content.Data, content));
	}

	#handshake(content: Buffer): void {
		const finished = this.#opening ? this.#verifyData("server finished", content) : undefined;
		if (finished === undefined) this.#transcript = Buffer.concat([this.#transcript, content]);
		if (content[0] === Type.ClientHello) this.#answer(content);
		else if (content[0] === 16) this.#deriveKeys(content.subarray(5));
		else if (finished !== undefined) this.#finish(finished);
	}

	#answer(hello: Buffer): void {
		this.#script.onHello?.(hello);
		this.#clientRandom = hello.subarray(6, 38);
		const standard: Message[] = [
			{ type: Type.ServerHello, body: this.#serverHello() },
			{ type: Type.Certificate, body: certificateBody(this.#chain.map(({ der }) => der)) },
			{ type: Type.ServerKeyExchange, body: this.#serverKeyExchange() },
			{ type: 14, body: Buffer.alloc(0) },
		];
		const messages = (this.#script.flight?.(standard) ?? standard).map(encode);
		this.#transcript = Buffer.concat([this.#transcript, ...messages]);
		const split = this.#script.records ?? ((all) => all.map((message) => record(Content.Handshake, message)));
		this.socket.write(Buffer.concat(split(messages)));
		if (this.#script.endsAfterFlight) this.socket.end();
	}

	#serverHello(): Buffer {
		const { suite = this.#chain[0]!.type.startsWith("P") ? 0xc02b : 0xc02f, extensions } = this.#script;
		const fixed = [uint(0x0303, 2), this.#random, vector(1), uint(suite, 2), uint(0, 1)];
		return Buffer.concat(extensions ? [...fixed, vector(2, extensions)] : fixed);
	}

	#serverKeyExchange(): Buffer {
		const point = this.#ecdh.generateKeys();
		const parameters = this.#script.parameters?.(point) ?? Buffer.concat([uint(3, 1), uint(23, 2), vector(1, point)]);
		const signed = Buffer.concat([this.#clientRandom, this.#random, parameters]);
		const { key } = this.#chain[0]!;
		const ecdsa = key.asymmetricKeyType === "ec";
		const { scheme, signature } = this.#script.signature?.(signed, key) ?? {
			scheme: ecdsa ? 0x0403 : 0x0401,
			signature: sign("sha256", signed, key),
		};
		return Buffer.concat([parameters, uint(scheme, 2), vector(2, signature)]);
	}

	#deriveKeys(point: Buffer): void {
		this.#script.onKey?.(point);
		this.#master = prf(
			this.#ecdh.computeSecret(point),
			"master secret",
			Buffer.concat([this.#clientRandom, this.#random]),
			48,
		);
		const block = prf(this.#master, "key expansion", Buffer.concat([this.#random, this.#clientRandom]), 40);
		this.#keys = {
			clientKey: block.subarray(0, 16),
			serverKey: block.subarray(16, 32),
			clientSalt: block.subarray(32, 36),
			serverSalt: block.subarray(36, 40),
		};
	}

	#open(type: number, content: Buffer): Buffer {
		const { clientKey, clientSalt } = this.#keys!;
		const decipher = createDecipheriv("aes-128-gcm", clientKey, Buffer.concat([clientSalt, content.subarray(0, 8)]));
		decipher.setAAD(additionalData(this.#read++, type, content.length - 24));
		decipher.setAuthTag(content.subarray(-16));
		return Buffer.concat([decipher.update(content.subarray(8, -16)), decipher.final()]);
	}

	/** Over all messages up to and with the client's Finished. */
	#verifyData(label: string, clientFinished: Buffer): Buffer {
		const hash = createHash("sha256").update(this.#transcript).update(clientFinished).digest();
		return encode({ type: 20, body: prf(this.#master, label, hash, 12) });
	}

	#finish(finished: Buffer): void {
		if (this.#script.finish) this.#script.finish(this, finished);
		else {
			this.socket.write(record(Content.ChangeCipherSpec, uint(1, 1)));
			this.socket.write(this.sealed(Content.Handshake, finished));
		}
	}
}
