/**
 * A token behind PKCS#11 (OASIS PKCS #11 v2.40) by the npm package pkcs11js, which a user installs who has a token: one
 * session, opened anew where the token has ended it. Numbers are the standard's.
 */
import { readFileSync } from "node:fs";
import { Fault } from "../../src/fault.ts";

/** Of pkcs11js, what is used here. Handles are Buffers. */
export interface Cryptoki {
	load(path: string): void;
	C_Initialize(): void;
	C_GetSlotList(tokenPresent: boolean): Buffer[];
	C_GetTokenInfo(slot: Buffer): { readonly label: string; readonly model: string; readonly serialNumber: string };
	C_GetMechanismInfo(slot: Buffer, mechanism: number): { readonly minKeySize: number; readonly maxKeySize: number };
	C_OpenSession(slot: Buffer, flags: number): Buffer;
	C_Login(session: Buffer, user: number, pin: string): void;
	C_FindObjectsInit(session: Buffer, template: readonly Attribute[]): void;
	C_FindObjects(session: Buffer, most: number): Buffer[];
	C_FindObjectsFinal(session: Buffer): void;
	C_GetAttributeValue(session: Buffer, object: Buffer, template: readonly Attribute[]): { readonly value: Buffer }[];
	C_GenerateKeyPair(
		session: Buffer,
		mechanism: Mechanism,
		publicKey: readonly Attribute[],
		privateKey: readonly Attribute[],
	): unknown;
	C_DestroyObject(session: Buffer, object: Buffer): void;
	C_SignInit(session: Buffer, mechanism: Mechanism, key: Buffer): void;
	C_Sign(session: Buffer, data: Buffer, out: Buffer): Buffer;
}

export interface Attribute {
	readonly type: number;
	readonly value?: boolean | number | string | Buffer;
}
interface Mechanism {
	readonly mechanism: number;
	readonly parameter: null;
}

export interface TokenOptions {
	/** The token's PKCS#11 module: the absolute path of a shared library. */
	readonly module: string;
	/** The token's label. */
	readonly token: string;
	/** A file that holds the user's PIN and nothing else, for its owner only. */
	readonly pinFile: string;
}

/** What the objects that are looked for have in common. */
const MOST_OBJECTS = 64;

const SERIAL_AND_WRITABLE = 0x04 | 0x02;
const USER = 1;
const CKR = { alreadyInitialized: 0x191, alreadyLoggedIn: 0x100 } as const;
/** The session or the login has ended, as with a token that was away: DEVICE_REMOVED, SESSION_*, TOKEN_NOT_PRESENT, USER_NOT_LOGGED_IN. */
const ENDED: readonly number[] = [0x32, 0xb0, 0xb3, 0xe0, 0x101];
/** PIN_INCORRECT, PIN_INVALID, PIN_LEN_RANGE, PIN_EXPIRED, PIN_LOCKED: asked again, most tokens lock themselves. */
const PIN_REFUSED: readonly number[] = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4];

export class Token {
	readonly serial: string;
	readonly model: string;
	readonly #cryptoki: Cryptoki;
	readonly #options: TokenOptions;
	#session: Buffer | undefined;

	/** Throws Fault config.invalid (no such module, a refused PIN) and key.lost (no such token). */
	constructor(cryptoki: Cryptoki, options: TokenOptions) {
		this.#cryptoki = cryptoki;
		this.#options = options;
		try {
			cryptoki.load(options.module);
			unless(CKR.alreadyInitialized, () => cryptoki.C_Initialize());
		} catch (cause) {
			throw new Fault("config.invalid", `module: ${options.module} cannot be used: ${reasonOf(cause)}`, { cause });
		}
		const { serialNumber, model } = this.run(() => cryptoki.C_GetTokenInfo(this.#slot()));
		this.serial = serialNumber.trim();
		this.model = model.trim();
	}

	/** The largest key, bits, that `mechanism` makes. */
	mostBits(mechanism: number): number {
		return this.run(() => this.#cryptoki.C_GetMechanismInfo(this.#slot(), mechanism).maxKeySize);
	}

	/** Does it in the session, and once more in a new one where that has ended. Throws Fault key.lost. */
	run<T>(work: (cryptoki: Cryptoki, session: Buffer) => T): T {
		for (let again = false; ; again = true)
			try {
				this.#session ??= this.#open();
				return work(this.#cryptoki, this.#session);
			} catch (thrown) {
				if (!again && hasEnded(thrown)) this.#session = undefined;
				else if (thrown instanceof Fault) throw thrown;
				else throw new Fault("key.lost", `token ${this.#options.token}: ${reasonOf(thrown)}`, { cause: thrown });
			}
	}

	find(template: readonly Attribute[]): Buffer[] {
		return this.run((cryptoki, session) => {
			cryptoki.C_FindObjectsInit(session, template);
			try {
				return cryptoki.C_FindObjects(session, MOST_OBJECTS);
			} finally {
				cryptoki.C_FindObjectsFinal(session);
			}
		});
	}

	#open(): Buffer {
		const { pinFile } = this.#options;
		const session = this.#cryptoki.C_OpenSession(this.#slot(), SERIAL_AND_WRITABLE);
		try {
			unless(CKR.alreadyLoggedIn, () => this.#cryptoki.C_Login(session, USER, readPin(pinFile)));
		} catch (thrown) {
			if (!PIN_REFUSED.includes(codeOf(thrown))) throw thrown;
			throw new Fault("config.invalid", `pinFile: the token refuses the PIN in ${pinFile}: ${reasonOf(thrown)}`);
		}
		return session;
	}

	#slot(): Buffer {
		const { token } = this.#options;
		const found = this.#cryptoki
			.C_GetSlotList(true)
			.filter((slot) => this.#cryptoki.C_GetTokenInfo(slot).label.trimEnd() === token);
		if (found.length > 1) throw new Fault("config.invalid", `token: ${found.length} tokens have the label ${token}`);
		if (!found[0]) throw new Fault("key.lost", `no token with the label ${token}`);
		return found[0];
	}
}

/** Throws Fault config.invalid where the package is not installed, or was not built. */
export async function loadCryptoki(): Promise<Cryptoki> {
	const name: string = "pkcs11js"; // no literal: neither compiler nor bundler is to look for it
	try {
		const { default: pkcs11js } = await import(name);
		return new pkcs11js.PKCS11();
	} catch (cause) {
		throw new Fault(
			"config.invalid",
			"the npm package pkcs11js is needed, with its native part: npm install pkcs11js",
			{
				cause,
			},
		);
	}
}

function readPin(file: string): string {
	try {
		return readFileSync(file, "utf8").replace(/\r?\n$/, "");
	} catch (cause) {
		throw new Fault("config.invalid", `pinFile: cannot read ${file}`, { cause });
	}
}

function unless(code: number, action: () => void): void {
	try {
		action();
	} catch (thrown) {
		if (codeOf(thrown) !== code) throw thrown;
	}
}

/** The session, or the login in it: another may do. */
export const hasEnded = (thrown: unknown): boolean => ENDED.includes(codeOf(thrown));

/** Its name, CKR_*; pkcs11js puts neither a PIN nor a key into it. */
export const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));
const codeOf = (thrown: unknown): number => (thrown as { code?: number }).code ?? 0;
