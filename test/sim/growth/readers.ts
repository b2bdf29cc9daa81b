/**
 * Who reads foreign bytes on a device, found in the source text by how they are named: functions that parse, read, decode, take, split,
 * match or judge what is a text, bytes or unknown, and classes that are given bytes as they come.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { project } from "../../../hw/simulator/harness.ts";

const FUNCTION =
	/^export (?:default )?(?:function |const )((?:parse|read|decode|take|split|match|resolve[A-Z]|open[A-Z]|check[A-Z]|from[A-Z]|request[A-Z]|failure[A-Z]|issued|mayF|isN|printable|utf8T|common|authenticate|judge|endOf|verify)\w*)(?:<\w+>)?(?:\(|.*= \(|: \()([^)]*)/gm;
const CLASS = /^export (?:default )?class (\w+)\b[\s\S]*?^}/gm;
const FOREIGN = /Uint8Array|string|unknown|Members|Certificate|Named|SSLStream|Store/;
const TAKES =
	/^\t\*?(?:push|receive|data|message|onData|read|admit|get|answer)\([^)]*(?:Uint8Array|name: string|topic: string)/m;

/** Not parsers, for all their names. */
const OTHERS: Readonly<Record<string, string>> = {
	"hw/moddable/configuration.ts readConfig": "hands on to parseConfig",
	"hw/moddable/state-files.ts StateFiles": "of the simulator",
	"hw/moddable/tls/resumption.ts Resuming": "a ticket, kept as it is",
	"hw/moddable/tls/signature.ts judge": "a digest, and numbers of the key's size",
	"src/base/json-value.ts parse": "the engine's own",
	"src/hub/certificates.ts CertificateRequest": "hands on to parseAnswer",
	"src/hub/features.ts HubFeatures": "hands on to twin, methods and messages",
	"src/hub/issuance.ts requestBody": "ours",
	"src/hub/issuance.ts requestTopic": "ours",
	"src/hub/json.ts OfferParts": "hands on to JsonReader",
	"src/base/json-stream.ts JsonStream": "hands on to JsonReader",
	"src/hub/json-text.ts jsonText": "the application's",
	"src/hub/limits.ts checkSize": "a number",
	"src/hub/queue.ts TelemetryQueue": "the application's",
	"src/hub/reported.ts checkPatch": "the application's",
	"src/identity/link.ts Link": "hands on to HubFeatures",
	"src/identity/link.ts openLink": "hands on to Link",
	"src/identity/pending.ts decodePending": "hands on to decodeRecord",
	"src/identity/pending.ts requestIdOf": "hands on to decodeRecord",
	"src/key/verify.ts verify": "numbers of the curve's size",
	"src/key/verify.ts verifyRaw": "numbers of the curve's size",
	"src/mqtt/client.ts openClient": "hands on to the session",
	"src/store/flash-store.ts openFlashStore": "hands on to PairStore",
	"src/store/store-room.ts StoreRoom": "hands on to PairStore",
	"src/store/undamaged.ts readUndamaged": "hands on what the store has",
	"src/update/get.ts Get": "hands on to ResponseReader",
	"src/update/readback.ts readBack": "a digest of what is in flash",
	"src/update/updater.ts Updater": "hands on to the offer and the download",
	"src/x509/csr.ts checkRegistrationId": "the operator's own, of 64 characters",
	"src/x509/extensions.ts readExtensions": "of parseCertificate",
	"src/x509/signature.ts checkDigest": "a digest, and numbers of the key's size",
	"src/x509/signature.ts checkSignature": "a digest, and numbers of the key's size",
	"src/x509/signature.ts readSignatureAlgorithm": "of parseCertificate",
	"src/x509/time.ts readTime": "15 bytes",
};

/** As FILE and EXPORT. */
export function foreignReaders(): string[] {
	const found = ["src", "hw/moddable"].flatMap((folder) =>
		readdirSync(join(project, folder), { recursive: true, encoding: "utf8" })
			.filter((name) => /(?<!\.d)\.ts$/.test(name) && !/^(xs-rom|shims|typings)\//.test(name))
			.flatMap((name) => {
				const path = `${folder}/${name}`;
				return exportsOf(readFileSync(join(project, path), "utf8")).map((one) => `${path} ${one}`);
			}),
	);
	return found.filter((one) => !Object.hasOwn(OTHERS, one));
}

function exportsOf(text: string): string[] {
	const functions = Array.from(text.matchAll(FUNCTION)).filter(([, , parameters]) => FOREIGN.test(parameters!));
	const classes = Array.from(text.matchAll(CLASS)).filter(([body]) => TAKES.test(body));
	return [...functions, ...classes].map(([, name]) => name!);
}
