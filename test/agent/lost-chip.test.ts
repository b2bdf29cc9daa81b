/** A chip that does not answer when a renewal falls due: the connection that there is goes on, and carries what comes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fill } from "../../hw/node/entropy.ts";
import { Fault } from "../../src/fault.ts";
import { generateKeyPair, type KeyPair } from "../../src/key/pair.ts";
import type { Keystore, Signer } from "../../src/port.ts";
import { Device, withCloud } from "../support/device.ts";

/** Two slots, which can be lost. */
class Chip implements Keystore {
	readonly name = "chip";
	readonly curves = ["P-256"] as const;
	lost = false;
	readonly #slots = new Map<string, KeyPair>();

	generate(_curve: string, kept: readonly string[]): Signer {
		this.#reach();
		const slot = ["a", "b"].find((name) => !kept.includes(name))!;
		this.#slots.set(slot, generateKeyPair({ fill }));
		return this.open(slot);
	}

	open(reference: string): Signer {
		this.#reach();
		const key = this.#slots.get(reference)!;
		return {
			reference,
			publicKey: key.publicKey,
			sign: (digest) => {
				this.#reach();
				return key.sign(digest);
			},
			scalar: () => key.scalar(), // node:tls wants it
		};
	}

	#reach(): void {
		if (this.lost) throw new Fault("key.lost", "the chip does not answer");
	}
}

function later<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
	let resolve = (_: T): void => {};
	const promise = new Promise<T>((settle) => {
		resolve = settle;
	});
	return { promise, resolve };
}

test("it is said, and the session stays", () =>
	withCloud({}, async (cloud) => {
		const keystore = new Chip();
		const told: string[] = [];
		const tell = later<void>();
		const connected = later<void>();
		const received = later<string>();
		const agent = new Device(cloud).boot(
			{},
			{
				keystore,
				onMessage: ({ body }) => received.resolve(Buffer.from(body).toString()),
				onState: (state) => void (state === "connected" && connected.resolve()),
				log(step, detail = {}) {
					if (step === "fault") told.push(String(detail.code));
					if (step === "renewal.failed") tell.resolve();
				},
			},
		);
		await connected.promise;
		keystore.lost = true;
		agent.renew();
		await tell.promise;
		cloud.operator.sendMessage(cloud.registrationId, "still there?");
		assert.equal(await received.promise, "still there?");
		assert.deepEqual(told, ["key.lost"]);
		assert.equal(cloud.connections.filter(({ service }) => service === "hub").length, 1);
		keystore.lost = false;
		agent.close();
		await agent.finished;
	}));
