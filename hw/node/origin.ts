/**
 * Where a state folder's identity is from. One that is not of the configured device, scope and service is not used without a
 * word: the device would end at a hub that nobody meant.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { formatEndpoint } from "../../src/base/endpoint.ts";
import type { Config } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { Journal, type Journaled } from "../../src/identity/journal.ts";
import type { Log, Store } from "../../src/port.ts";
import { storeIn } from "./store.ts";

interface Origin {
	readonly registrationId: string;
	/** Unknown of what an earlier version stored. */
	readonly idScope?: string;
	readonly dps?: string;
}

/** Blobs of the identity, in the order in which they may be removed: what points before what is pointed to. */
export const IDENTITY_BLOBS = ["cred.pending", "cred.current", "cred.a", "cred.b", "origin"] as const;

/**
 * Throws Fault config.other-identity. With `reEnrol` what is stored is set aside instead, in a folder of its own, and the device
 * enrols anew.
 */
export function checkOrigin(folder: string, store: Store, config: Config, log: Log, reEnrol = false): void {
	const { registrationId, idScope } = config;
	const wanted: Origin = { registrationId, idScope, dps: formatEndpoint(config.dps) };
	const { current, candidate } = new Journal(store).load();
	const credential = current ?? candidate;
	if (credential !== undefined) {
		const stored = { registrationId: credential.registrationId, ...read(store) };
		const same =
			stored.registrationId === registrationId && fits(stored.idScope, idScope) && fits(stored.dps, wanted.dps);
		if (same && !reEnrol) return;
		if (!reEnrol) {
			const message = `${folder} holds ${say(stored)}; configured is ${say(wanted)}`;
			throw new Fault("config.other-identity", message);
		}
		log("identity.set-aside", { folder: setAside(folder, store), registrationId: stored.registrationId });
	}
	store.put("origin", utf8(JSON.stringify(wanted)));
}

/** For a command that knows the device's name only. Throws Fault config.other-identity. */
export function checkRegistered(folder: string, { current, candidate }: Journaled, registrationId: string): void {
	const stored = (current ?? candidate)?.registrationId ?? registrationId;
	if (stored !== registrationId)
		throw new Fault("config.other-identity", `${folder} holds ${stored}; configured is ${registrationId}`);
}

/** Whether the folder holds a credential, proven or not. Throws Fault store.*. */
export function isEnrolled(folder: string): boolean {
	const { current, candidate } = new Journal(storeIn(folder)).load();
	return (current ?? candidate) !== undefined;
}

function fits(stored: string | undefined, wanted: string | undefined): boolean {
	return stored === undefined || stored === wanted;
}

function say({ registrationId, idScope, dps }: Origin): string {
	return [registrationId, idScope && `of ID scope ${idScope}`, dps && `at ${dps}`].filter(Boolean).join(" ");
}

function read(store: Store): Partial<Origin> {
	const blob = store.get("origin");
	if (blob === undefined) return {};
	try {
		const { registrationId, idScope, dps } = JSON.parse(utf8Text(blob)) as Record<string, unknown>;
		if ([registrationId, idScope, dps].every((it) => typeof it === "string"))
			return { idScope, dps } as Partial<Origin>;
	} catch {
		// As if it were of an earlier version: the credential itself says whose it is.
	}
	return {};
}

/** Copies first, then removes: a cut leaves the identity where it was, or in both places. */
function setAside(folder: string, store: Store): string {
	const aside = join(folder, `before-${new Date().toISOString().replace(/[:.]/g, "-")}`);
	mkdirSync(aside, { mode: 0o700 });
	const blobs = IDENTITY_BLOBS.map((name) => [name, store.get(name)] as const).filter(([, blob]) => blob !== undefined);
	const copies = storeIn(aside);
	for (const [name, blob] of blobs) copies.put(name, blob!);
	for (const [name] of blobs) store.delete(name);
	return aside;
}
