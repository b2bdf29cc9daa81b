/**
 * A Keystore in a PKCS#11 token (a smart card, a USB token, an HSM): keys are made in it, marked sensitive and not extractable,
 * and never leave it. docs/hardware-keys.md says what it needs and what it does not do.
 *
 * The device signs its CSR by C_Sign; Node's TLS takes no signer, only the name of a key for an engine of OpenSSL
 * (privateKeyEngine), which is libp11's. The PIN stays in its file: libp11 prints a URI that holds it.
 */
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { Fault } from "../../src/fault.ts";
import { CURVE_BYTES, curveOf } from "../../src/key/pair.ts";
import type { CurveName, Keystore } from "../../src/port.ts";
import { octetString, oid } from "../../src/x509/der.ts";
import { CURVES } from "../../src/x509/key.ts";
import { encodeSignature } from "../../src/x509/signature.ts";
import { type Attribute, hasEnded, loadCryptoki, reasonOf, Token, type TokenOptions } from "./cryptoki.ts";
import type { EngineKey } from "./tls-options.ts";

export interface Pkcs11Options extends TokenOptions {
	/** Of this device's keys. One token may serve several devices, each with a label of its own. */
	readonly label: string;
	/** libp11's engine for OpenSSL 3, an absolute path; by default where Debian and Fedora install it. */
	readonly engine?: string;
}

/** PKCS #11 v2.40: attributes, object classes, mechanisms. */
const CKA = {
	class: 0,
	token: 1,
	private: 2,
	label: 3,
	id: 0x102,
	sensitive: 0x103,
	sign: 0x108,
	verify: 0x10a,
} as const;
const CKA_EXTRACTABLE = 0x162;
const CKA_EC_PARAMS = 0x180;
const CKA_EC_POINT = 0x181;
const CKO = { public: 2, private: 3 } as const;
const EC_KEY_PAIR_GEN = { mechanism: 0x1040, parameter: null };
/** Over a digest: SoftHSM knows no mechanism that hashes by itself. */
const ECDSA = { mechanism: 0x1041, parameter: null };

const ID_BYTES = 8;
const ENGINES = ["x86_64-linux-gnu", "aarch64-linux-gnu", "arm-linux-gnueabihf"]
	.map((triplet) => `/usr/lib/${triplet}/engines-3/pkcs11.so`)
	.concat("/usr/lib64/engines-3/pkcs11.so", "/usr/lib/engines-3/pkcs11.so");

/**
 * Throws Fault config.invalid, key.lost. Sets OPENSSL_ENGINES and PKCS11_MODULE_PATH, by which the engine finds itself and
 * the module: one module a process.
 */
export async function openPkcs11(options: Pkcs11Options): Promise<Keystore> {
	const engine = prepareEngine(options);
	const token = new Token(await loadCryptoki(), options);
	const bits = token.mostBits(EC_KEY_PAIR_GEN.mechanism);
	return new Pkcs11(token, options, engine, bits);
}

class Pkcs11 implements Keystore {
	readonly name: string;
	readonly curves: readonly CurveName[];
	readonly #token: Token;
	readonly #options: Pkcs11Options;
	readonly #engine: string;

	constructor(token: Token, options: Pkcs11Options, engine: string, mostBits: number) {
		this.name = `token ${options.token} (${token.model} ${token.serial})`;
		this.curves = mostBits < 384 ? ["P-256"] : ["P-256", "P-384"];
		this.#token = token;
		this.#options = options;
		this.#engine = engine;
	}

	/** Beside the kept ones; other keys with this device's label are deleted. */
	generate(curve: CurveName, kept: readonly string[]): EngineKey {
		if (!this.curves.includes(curve)) throw new Fault("key.curve", `${this.name} makes no keys on ${curve}`);
		const id = randomBytes(ID_BYTES);
		const common = [
			{ type: CKA.token, value: true },
			{ type: CKA.label, value: this.#options.label },
			{ type: CKA.id, value: id },
		];
		this.#token.run((cryptoki, session) => {
			try {
				cryptoki.C_GenerateKeyPair(
					session,
					EC_KEY_PAIR_GEN,
					[
						...common,
						{ type: CKA.verify, value: true },
						{ type: CKA_EC_PARAMS, value: Buffer.from(oid(CURVES[curve])) },
					],
					[
						...common,
						{ type: CKA.private, value: true },
						{ type: CKA.sensitive, value: true },
						{ type: CKA_EXTRACTABLE, value: false },
						{ type: CKA.sign, value: true },
					],
				);
			} catch (cause) {
				if (hasEnded(cause)) throw cause;
				throw new Fault("key.locked", `${this.name} makes no key on ${curve}: ${reasonOf(cause)}`, { cause });
			}
		});
		const reference = referenceOf(id);
		this.#deleteOthers([...kept, reference]);
		return this.open(reference);
	}

	open(reference: string): EngineKey {
		const [, hex] = /^pkcs11:([0-9a-f]{16})$/.exec(reference) ?? [];
		if (!hex) throw new Fault("key.replaced", `${reference}: no key of a PKCS#11 token`);
		const id = Buffer.from(hex, "hex");
		const publicKey = this.#pointOf(id, reference);
		return {
			reference,
			publicKey,
			sign: (digest) => this.#sign(id, reference, digest, 2 * CURVE_BYTES[curveOf(publicKey)]),
			engine: { name: this.#engine, identifier: this.#uriOf(id) },
		};
	}

	#sign(id: Buffer, reference: string, digest: Uint8Array, size: number): Uint8Array {
		const key = this.#one(CKO.private, id, reference);
		return this.#token.run((cryptoki, session) => {
			cryptoki.C_SignInit(session, ECDSA, key);
			return encodeSignature(new Uint8Array(cryptoki.C_Sign(session, Buffer.from(digest), Buffer.alloc(size))));
		});
	}

	#pointOf(id: Buffer, reference: string): Uint8Array {
		const key = this.#one(CKO.public, id, reference);
		this.#one(CKO.private, id, reference);
		const [attribute] = this.#token.run((cryptoki, session) =>
			cryptoki.C_GetAttributeValue(session, key, [{ type: CKA_EC_POINT }]),
		);
		const point = pointIn(new Uint8Array(attribute!.value));
		if (!point) throw new Fault("key.replaced", `${this.name} has no P-256 or P-384 key at ${reference}`);
		return point;
	}

	#one(kind: number, id: Buffer, reference: string): Buffer {
		const [found] = this.#find([
			{ type: CKA.class, value: kind },
			{ type: CKA.id, value: id },
		]);
		if (!found) throw new Fault("key.replaced", `${this.name} has no key ${reference}`);
		return found;
	}

	#find(template: readonly Attribute[]): Buffer[] {
		return this.#token.find([{ type: CKA.label, value: this.#options.label }, ...template]);
	}

	#deleteOthers(kept: readonly string[]): void {
		for (const kind of [CKO.private, CKO.public])
			for (const key of this.#find([{ type: CKA.class, value: kind }]))
				this.#token.run((cryptoki, session) => {
					const [id] = cryptoki.C_GetAttributeValue(session, key, [{ type: CKA.id }]);
					if (!kept.includes(referenceOf(id!.value))) cryptoki.C_DestroyObject(session, key);
				});
	}

	/** RFC 7512, as libp11 0.4 reads it. */
	#uriOf(id: Buffer): string {
		const { token, pinFile } = this.#options;
		const hex = id.toString("hex").replace(/../g, "%$&");
		const file = resolve(pinFile).split("/").map(encodeURIComponent).join("/");
		return `pkcs11:token=${encodeURIComponent(token)};id=${hex};type=private;pin-source=file:${file}`;
	}
}

const referenceOf = (id: Buffer): string => `pkcs11:${id.toString("hex")}`;

/** SEC1 uncompressed: CKA_EC_POINT is an OCTET STRING around it, though some tokens give it bare. */
function pointIn(value: Uint8Array): Uint8Array | undefined {
	for (const size of Object.values(CURVE_BYTES)) {
		const length = 1 + 2 * size;
		const head = octetString(new Uint8Array(length)).length - length;
		const point = value.length === length ? value : value.length === length + head ? value.slice(head) : undefined;
		if (point?.[0] === 4) return point;
	}
	return undefined;
}

/** Its name, by which OpenSSL finds it. */
function prepareEngine({ module, engine = ENGINES.find((path) => existsSync(path)) }: Pkcs11Options): string {
	if (!engine || !existsSync(engine))
		throw new Fault("config.invalid", `engine: libp11's engine is not at ${engine ?? ENGINES.join(", ")}`);
	const { env } = process;
	env.OPENSSL_ENGINES ??= dirname(engine);
	env.PKCS11_MODULE_PATH ??= module;
	if (env.PKCS11_MODULE_PATH !== module)
		throw new Fault("config.invalid", `module: PKCS11_MODULE_PATH is ${env.PKCS11_MODULE_PATH}, and not ${module}`);
	return basename(engine, ".so");
}
