/**
 * What a simulated device holds in flash, as the proof sees it: keys, certificates as the authority issued them, request
 * ids. Kept up from the changes of the flash (flash.ts); src's journal is asked only what it would load.
 */
import { hex } from "../../src/base/bytes.ts";
import { Journal } from "../../src/identity/journal.ts";
import { KeyPair } from "../../src/key/pair.ts";
import { publicKeyInfo } from "../../src/x509/key.ts";
import type { IssuedLeaf, LifeAuthority } from "./authority.ts";
import { type Flash, readRecord } from "./flash.ts";

export interface Held {
	readonly sequence: number;
	/** Of the private key, hexadecimal. */
	readonly spki: string | undefined;
	readonly leaf: IssuedLeaf | undefined;
	readonly requestId: string | undefined;
}

const SLOTS = ["cred.a", "cred.b"];

export class Inventory {
	readonly #flash: Flash;
	readonly #authority: LifeAuthority;
	readonly #onKey: (scalar: Uint8Array) => void;
	#held: ReadonlyMap<string, Held> = new Map();
	/** By the private key: deriving one takes longer than all the rest. */
	readonly #spkis = new Map<string, string>();

	/** `onKey` hears of every private key. */
	constructor(flash: Flash, authority: LifeAuthority, onKey: (scalar: Uint8Array) => void) {
		this.#flash = flash;
		this.#authority = authority;
		this.#onKey = onKey;
	}

	/** By the name of the blob; stays as it is when the flash changes. */
	get all(): ReadonlyMap<string, Held> {
		return this.#held;
	}

	/** What the hub has accepted at some time. */
	get accepted(): IssuedLeaf[] {
		const accepted: IssuedLeaf[] = [];
		for (const name of SLOTS) {
			const leaf = this.#held.get(name)?.leaf;
			if (leaf?.accepted) accepted.push(leaf);
		}
		return accepted;
	}

	/** Of those the one that is valid for longest and has not been revoked. */
	get lasting(): IssuedLeaf | undefined {
		let lasting: IssuedLeaf | undefined;
		for (const name of SLOTS) {
			const leaf = this.#held.get(name)?.leaf;
			if (leaf?.accepted && !leaf.revoked && !(lasting && lasting.notAfter >= leaf.notAfter)) lasting = leaf;
		}
		return lasting;
	}

	get(name: string): Held | undefined {
		return this.#held.get(name);
	}

	has(spki: string): boolean {
		for (const held of this.#held.values()) if (held.spki === spki) return true;
		return false;
	}

	/** With a certificate. */
	recorded(spki: string | undefined): boolean {
		return SLOTS.some((name) => this.#held.get(name)?.spki === spki);
	}

	/** The blob is another now, or gone. */
	changed(name: string, blob: Uint8Array | undefined): Held | undefined {
		const all = new Map(this.#held);
		const record = readRecord(blob);
		if (record === undefined) all.delete(name);
		else {
			const { scalar, chain, sequence, requestId } = record;
			if (scalar) this.#onKey(scalar);
			const spki = scalar && this.#spkiOf(scalar);
			all.set(name, { sequence, spki, requestId, leaf: chain[0] && this.#authority.find(chain[0]) });
		}
		this.#held = all;
		return all.get(name);
	}

	#spkiOf(scalar: Uint8Array): string {
		const name = Buffer.from(scalar).toString("latin1");
		const spki = this.#spkis.get(name) ?? hex(publicKeyInfo(new KeyPair(scalar).publicKey));
		this.#spkis.set(name, spki);
		return spki;
	}

	/** Whether the next boot finds what has been accepted. */
	wouldLoad(): boolean {
		const { current, candidate } = new Journal({
			get: (name) => this.#flash.read(name),
			put() {},
			delete() {},
		}).load();
		const loaded = [current, candidate].some((one) => one && this.#authority.find(one.chain[0]!)?.accepted);
		return loaded || this.accepted.length === 0;
	}
}
