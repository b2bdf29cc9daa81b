/** `enrollee csr`: the device's certificate signing request, with the key that it has, or with a new one that is kept for enrolment. */
import { type Command, Option } from "commander";
import { base64 } from "../../../src/base/bytes.ts";
import { Fault } from "../../../src/fault.ts";
import { Journal, type Journaled } from "../../../src/identity/journal.ts";
import { curveOf, generateKeyPair } from "../../../src/key/pair.ts";
import type { CurveName, Signer } from "../../../src/port.ts";
import { checkRegistrationId, encodeCsr } from "../../../src/x509/csr.ts";
import { encodePem } from "../../../src/x509/pem.ts";
import { UsageFault } from "../ending.ts";
import { fill } from "../entropy.ts";
import { writeNew } from "../files.ts";
import { lockFolder } from "../lock.ts";
import { checkRegistered } from "../origin.ts";
import { common, type OutputFlags } from "../output.ts";
import { addRunSettings, type Flags, inForce, stateFolder } from "../settings.ts";
import { openStore } from "../store.ts";

interface CsrFlags extends OutputFlags {
	readonly registrationId?: string;
	readonly key: "auto" | CurveName;
	readonly out?: string;
	readonly force?: boolean;
	readonly der?: boolean;
}

export function addCsr(program: Command): void {
	const command = addRunSettings(program.command("csr"), ["state"])
		.description("Make the device's key, or use the one it has, and print the certificate signing request (PKCS#10).")
		.option("--registration-id <id>", "becomes the request's CN [ENROLLEE_REGISTRATION_ID]")
		.addOption(
			new Option("--key <curve>", "of a new key; auto: P-256")
				.choices(["auto", "P-256", "P-384"])
				.default("auto")
				.env("ENROLLEE_KEY"),
		)
		.option("--out <file>", "write there instead of standard output")
		.option("--force", "replace a file that is there")
		.option("--der", "DER instead of PEM");
	common(command, "one JSON object, with the request as base64 of DER").action(csr);
}

function csr(flags: CsrFlags & Flags): void {
	const id = inForce(flags).find(({ name }) => name === "registrationId");
	if (id === undefined) throw new Fault("config.missing", "--registration-id [ENROLLEE_REGISTRATION_ID]");
	const { value: registrationId, source } = id;
	try {
		checkRegistrationId(registrationId);
	} catch (thrown) {
		const { code, message } = Fault.of(thrown, "config.invalid");
		throw new UsageFault(code, `${source}: ${message.slice(code.length + 2)}`);
	}
	const folder = stateFolder(flags);
	const unlock = lockFolder(folder, "csr");
	const journal = new Journal(openStore(folder));
	const journaled = journal.load();
	checkRegistered(folder, journaled, registrationId);
	for (const { code, message, remedy } of journaled.damages)
		if (flags.json) print(`${JSON.stringify({ event: "fault", code, message, remedy })}\n`);
		else process.stderr.write(`enrollee: ${message}\n  ${remedy}\n`);
	const { key, origin } = keyOf(journal, journaled, flags.key);
	const der = encodeCsr(registrationId, key);
	const request = flags.der ? der : encodePem("CERTIFICATE REQUEST", der);
	unlock();
	if (flags.out !== undefined) writeNew(flags.out, request, { option: "--out", force: flags.force, open: true });
	if (flags.json) print(`${JSON.stringify({ event: "csr", registrationId, key: origin, csr: base64(der) })}\n`);
	else if (flags.out === undefined) print(request);
	else print(`${flags.out}: request of ${registrationId}, ${origin} key\n`);
}

/** As enrolment would choose: the key that waits for its certificate; else the one in use; else a new one, kept before it is shown. */
function keyOf(
	journal: Journal,
	{ pending, current, candidate }: Journaled,
	curve: CsrFlags["key"],
): { readonly key: Signer; readonly origin: "pending" | "current" | "new" } {
	const fits = (key: Signer): boolean => curve === "auto" || curveOf(key.publicKey) === curve;
	if (pending && fits(pending.key)) return { key: pending.key, origin: "pending" };
	const used = (current ?? candidate)?.key;
	if (used !== undefined && "signer" in used && fits(used.signer)) return { key: used.signer, origin: "current" };
	const key = generateKeyPair({ fill }, curve === "auto" ? undefined : curve);
	journal.keepPending({ key });
	return { key, origin: "new" };
}

const print = (content: string | Uint8Array): void => void process.stdout.write(content);
