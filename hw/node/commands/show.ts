/** `enrollee show`: the stored credential in short, or its chain as PEM. Never the key. */
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import { statSync } from "node:fs";
import type { Command } from "commander";
import { equal } from "../../../src/base/bytes.ts";
import { formatEndpoint } from "../../../src/base/endpoint.ts";
import { Fault } from "../../../src/fault.ts";
import { Journal } from "../../../src/identity/journal.ts";
import type { Credential, CredentialKey } from "../../../src/identity/record.ts";
import { type Certificate, parseCertificate } from "../../../src/x509/certificate.ts";
import { publicKeyInfo } from "../../../src/x509/key.ts";
import { encodePem } from "../../../src/x509/pem.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";
import { addRunSettings, type Flags, stateFolder } from "../settings.ts";
import { storeIn } from "../store.ts";

interface ShowFlags extends OutputFlags {
	readonly pem?: boolean;
}

export function addShow(program: Command): void {
	const command = addRunSettings(program.command("show"), ["state"])
		.description(
			"The stored credential: subject, issuer, validity, hub, and whether its key fits. Exit 1 if there is none.",
		)
		.option("--pem", "the certificate chain as PEM, leaf first, and nothing else");
	common(command, "one JSON object, with --pem it carries the chain").action(show);
}

function show(flags: ShowFlags & Flags): void {
	const { credential, proven } = stored(stateFolder(flags));
	const output = createOutput(flags);
	const chain = credential.chain.map((der) => encodePem("CERTIFICATE", der));
	const leaf = parseCertificate(credential.chain[0]!);
	const facts = describe(credential, leaf, proven);
	if (flags.pem && !flags.json) process.stdout.write(chain.join(""));
	else output.result(table(facts), { event: "credential", ...facts, ...(flags.pem && { chain }) });
	if (!facts.keyMatches) throw new Fault("cert.key-mismatch", "the stored key is not that of the stored certificate");
}

/** The credential in use, or the one that still has to prove itself. */
function stored(folder: string): { readonly credential: Credential; readonly proven: boolean } {
	if (statSync(folder, { throwIfNoEntry: false }) === undefined)
		throw new Fault("store.empty", `${folder} does not exist`);
	const { current, candidate, damages } = new Journal(storeIn(folder)).load();
	const credential = current ?? candidate;
	if (credential !== undefined) return { credential, proven: credential === current };
	throw damages[0] ?? new Fault("store.empty", `${folder} holds no credential`);
}

interface Facts {
	readonly deviceId: string;
	readonly registrationId: string;
	readonly hub: string;
	readonly subject: string;
	readonly issuer: string;
	readonly serial: string;
	readonly notBefore: string;
	readonly notAfter: string;
	readonly remainingSeconds: number;
	readonly keyMatches: boolean;
	readonly certificates: number;
	/** A hub has accepted it. */
	readonly proven: boolean;
}

function describe(credential: Credential, leaf: Certificate, proven: boolean): Facts {
	const { subject, issuer } = new X509Certificate(leaf.der);
	return {
		deviceId: credential.deviceId,
		registrationId: credential.registrationId,
		hub: formatEndpoint(credential.hub),
		subject: oneLine(subject),
		issuer: oneLine(issuer),
		serial: leaf.serial,
		notBefore: new Date(leaf.notBefore).toISOString(),
		notAfter: new Date(leaf.notAfter).toISOString(),
		remainingSeconds: Math.floor((leaf.notAfter - Date.now()) / 1000),
		keyMatches: equal(leaf.spki, publicKeyOf(credential.key)),
		certificates: credential.chain.length,
		proven,
	};
}

function table(facts: Facts): string {
	const rows: readonly (readonly [string, string])[] = [
		["device", facts.deviceId],
		["registration", facts.registrationId],
		["hub", facts.hub],
		["subject", facts.subject],
		["issuer", facts.issuer],
		["serial", facts.serial],
		["not before", facts.notBefore],
		["not after", facts.notAfter],
		["remaining", remaining(facts.remainingSeconds)],
		["key matches", facts.keyMatches ? "yes" : "no"],
		["certificates", String(facts.certificates)],
		["proven", facts.proven ? "yes" : "no, not yet accepted by a hub"],
	];
	return rows.map(([name, value]) => `${name.padEnd(14)}${value}`).join("\n");
}

function remaining(seconds: number): string {
	if (seconds <= 0) return "expired";
	const days = Math.floor(seconds / 86_400);
	const hours = Math.floor((seconds % 86_400) / 3600);
	return days > 0 ? `${days} d ${hours} h` : `${hours} h ${Math.floor((seconds % 3600) / 60)} min`;
}

/** SubjectPublicKeyInfo, DER. */
function publicKeyOf(key: CredentialKey): Uint8Array {
	if ("signer" in key) return publicKeyInfo(key.signer.publicKey);
	const pkcs8 = createPrivateKey({ key: Buffer.from(key.pkcs8), format: "der", type: "pkcs8" });
	return new Uint8Array(createPublicKey(pkcs8).export({ type: "spki", format: "der" }));
}

/** Node gives one attribute a line. */
const oneLine = (name: string | undefined): string => (name ?? "").split("\n").join(", ");
