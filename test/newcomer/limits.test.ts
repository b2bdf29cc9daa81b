/**
 * The numbers of the documents that are decisions of ours (limits, waits, sizes, ports), against the constants that decide them.
 * What was measured is in figures.test.ts; what a service says of itself has its source beside it.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { TIME_PORT } from "../../hw/emulator/time.ts";
import manifest from "../../hw/moddable/manifest.json" with { type: "json" };
import { REFUSED, TRANSIENT } from "../../src/base/retry.ts";
import { SNTP_PORT } from "../../src/base/sntp.ts";
import { DEFAULTS } from "../../src/config.ts";
import { MOST_PATCH_BYTES, MOST_TELEMETRY_BYTES } from "../../src/hub/limits.ts";
import { MAX_URI } from "../../src/update/uri.ts";
import { EDGE_BYTES } from "../../src/update/writer.ts";
import { constantIn, numbersIn, sourceNumbers } from "./documents.ts";

const KB = 1024;
const HOUR = 3600;
const plan = (name: string): number => constantIn("src/identity/renewal-plan.ts", name);
const [latest, spread] = [plan("FRACTION"), plan("SPREAD")];
const renewed = [latest - spread, latest].map((share) => Math.round(share * 100));
const DELIVERY = "src/update/delivery.ts";
const partition = (table: string, name: string): number[] =>
	sourceNumbers(`hw/moddable/${table}.csv`, new RegExp(`^${name},\\s+\\w+,\\s+\\w+,\\s+(\\w+),\\s+(\\w+),`, "m"));
const size = (table: string, name: string): number => partition(table, name)[1]!;

const { chunk, heap, stack } = manifest.creation;
const [WATCHDOG] = sourceNumbers("hw/moddable/sdkconfig/sdkconfig.defaults", /BOOTLOADER_WDT_TIME_MS=(\d+)000/) as [
	number,
];

/** Document, sentence whose groups are numbers (or words for some), what they have to be. */
const LIMITS: readonly (readonly [string, RegExp, ...number[]])[] = [
	["README.md", /Node (\S+) or newer/, sourceNumbers("package.json", /"node": ">=([\d.]+)"/)[0]!],
	["README.md", /at (\d+) to (\d+) % of the validity/, ...renewed],
	["README.md", /dropped in silence (\w+) a minute/, constantIn("src/hub/hub-session.ts", "TIMEOUT_SECONDS") / 2 / 60],

	[
		"README.md",
		/queued leave, for (\w+) seconds at most/,
		constantIn("hw/node/commands/run.ts", "LEAVING_MS.connection") / 1000,
	],

	["docs/updates.md", /`trialSeconds` \((\d+)\)/, Number(DEFAULTS.trialSeconds)],
	["docs/updates.md", /`trialSeconds` \((\d+)\)/, constantIn("hw/moddable/setup-slot.ts", "TRIAL_SECONDS")],
	[
		"docs/updates.md",
		/records of more than (\d+) KB, is asked for (\d+) KB at a time/,
		constantIn("src/update/get.ts", "MOST_RECORD_BYTES") / KB,
		constantIn("src/update/download.ts", "PART_BYTES") / KB,
	],
	["docs/updates.md", /At most (\w+) redirects/, constantIn("src/update/download.ts", "MAX_REDIRECTS")],
	[
		"docs/updates.md",
		/may have ([\d,]+) characters in the twin .* \(([\d,]+) in a redirect\), that of the image in a bundle ([\d,]+)/,
		constantIn("src/hub/intake.ts", "MOST_ADDRESS_BYTES"),
		MAX_URI,
		constantIn("src/update/uri.ts", "MAX_IMAGE_URI"),
	],
	[
		"docs/updates.md",
		/given up after (\w+) in a row that brought nothing new, tried again after (\w+) hour, doubling to (\w+) day/,
		constantIn("src/update/updater.ts", "MAX_STALLS"),
		REFUSED.firstSeconds / HOUR,
		REFUSED.capSeconds / (24 * HOUR),
	],
	[
		"docs/updates.md",
		/more than (\d+) KB, or (\w+) messages, in a second .* after (\w+) seconds of silence/,
		constantIn("src/update/pressure.ts", "MOST_BYTES") / KB,
		constantIn("src/update/pressure.ts", "MOST_BYTES") / constantIn("src/update/pressure.ts", "LEAST_BYTES"),
		constantIn("src/update/pressure.ts", "QUIET_MS") / 1000,
	],
	["docs/updates.md", /after (\w+) downloads the number/, constantIn("src/update/updater.ts", "MAX_MISMATCHES")],
	["docs/updates.md", /back; (\w+) more trials/, constantIn("src/update/image-trial.ts", "MAX_TRIALS") - 1],
	["docs/updates.md", /none is queued, (\w+) a minute at most/, constantIn(DELIVERY, "MOST_QUIET_SECONDS") / 60],
	[
		"docs/updates.md",
		/slots of ([\d,]+) KB for firmware, (\d+) KB for the application/,
		size("partitions-app", "ota_0") / KB,
		size("partitions-app", "xs") / KB,
	],
	["docs/updates.md", /down at (\w+) starts in a row/, constantIn("src/application/app-slot.ts", "MOST_STARTS")],

	[
		"docs/field-cases.md",
		/after (\w+) in a row a (\w+) of an hour, doubling to (\w+) hours/,
		constantIn("src/identity/enrolment-pace.ts", "MOST_LOST"),
		constantIn("src/identity/enrolment-pace.ts", "LOST.firstSeconds") / HOUR,
		constantIn("src/identity/enrolment-pace.ts", "LOST.capSeconds") / HOUR,
	],
	[
		"docs/field-cases.md",
		/payload of 300 members, 17 levels, over (\d+) KB/,
		constantIn("src/identity/accept.ts", "MOST_PAYLOAD_BYTES") / KB,
	],
	[
		"docs/field-cases.md",
		/so do (\w+) transient failures/,
		constantIn("src/identity/trial.ts", "MOST_TRANSIENT_FAILURES"),
	],
	[
		"docs/field-cases.md",
		/so do (\w+) transient failures/,
		constantIn("src/identity/lifecycle.ts", "MOST_HUB_FAILURES"),
	],
	["docs/field-cases.md", /renewal from (\d+) % of the validity/, renewed[0]!],
	["docs/field-cases.md", /a message over (\d+) KB/, MOST_TELEMETRY_BYTES / KB],
	["docs/field-cases.md", /held as JSON: (\d+) KB/, MOST_PATCH_BYTES / KB],
	["docs/field-cases.md", /waits double up to (\w+) minutes/, TRANSIENT.capSeconds / 60],
	["docs/field-cases.md", /goes over to (\d+), for DPS/, constantIn("src/mqtt/transport.ts", "PORT")],
	[
		"docs/field-cases.md",
		/more than (\w+) certificates in one answer/,
		constantIn("src/x509/certificate.ts", "MOST_ISSUED"),
	],
	["docs/field-cases.md", /Content-Length; (\w+) redirects/, constantIn("src/update/download.ts", "MAX_REDIRECTS")],
	["docs/field-cases.md", /`updateHosts`; ([\d,]+) characters/, MAX_URI],
	["docs/field-cases.md", /then (\d+) KB at a time by Range/, constantIn("src/update/download.ts", "PART_BYTES") / KB],
	["docs/field-cases.md", /it comes: ([\d,]+) characters/, constantIn("src/hub/intake.ts", "MOST_ADDRESS_BYTES")],
	["docs/field-cases.md", /goes on from the last (\d+) KiB/, EDGE_BYTES / KB],
	["docs/field-cases.md", /`ota.missing`, (\w+) attempts/, constantIn(DELIVERY, "MOST_FAILURES")],
	[
		"docs/field-cases.md",
		/any text of a topic level, (\d+) characters/,
		...sourceNumbers("src/hub/methods.ts", /\{1,(\d+)\}\$\/\.test\(rid\)/),
	],

	["docs/local-cloud.md", /the last ([\d,]+) lines of each device/, constantIn("cloud/page/entries.js", "MOST_LINES")],
	[
		"docs/local-cloud.md",
		/npx enrollee cloud +# port (\d+)/,
		...sourceNumbers("hw/node/commands/cloud.ts", /"--port.*, (\d+)\)/),
	],
	[
		"docs/local-cloud.md",
		/in (\w+) worker processes, against a cloud in a third that allows (\d+) DPS requests and (\d+) hub connections/,
		...["workers", "registrations", "connections"].flatMap((flag) =>
			sourceNumbers("bench/fleet/fleet.ts", new RegExp(`"--${flag} <.*, (\\d+)\\)`)),
		),
	],

	["docs/production.md", /between (\d+) and (\d+) % of the validity/, ...renewed],
	["docs/production.md", /over (\w+) days of a 90-day certificate/, Math.round(90 * spread)],
	["docs/production.md", /come at (\d+) to (\d+) %/, ...renewed.map((share) => 100 - share).reverse()],
	["docs/production.md", /\| UDP (\d+) \|/, SNTP_PORT],
	["docs/production.md", /generate dev-042\.csv dev-042\.bin (\w+) /, size("partitions", "nvs")],
	["docs/production.md", /write_flash (\w+) dev-042/, partition("partitions", "nvs")[0]!],

	["docs/battery.md", /at (\d+) to (\d+) % of the validity/, ...renewed],
	["docs/battery.md", /the last (\w+) of its certificate/, Math.round((1 - latest) * 100) / 100],
	["docs/battery.md", /the hub takes (\d+) KB a message/, MOST_TELEMETRY_BYTES / KB],
	["docs/battery.md", /wait at the hub, up to (\d+);/, constantIn("cloud/messages.ts", "MAX_WAITING")],

	["docs/azure.md", /renews at (\d+) to (\d+) %/, ...renewed],

	["docs/board.md", /UDP port (\d+)/, TIME_PORT],
	[
		"docs/board.md",
		/UDP port (\d+)/,
		...sourceNumbers("hw/emulator/manifest_board.json", /"sntp": "10\.0\.2\.2:(\d+)"/),
	],
	["docs/board.md", /makes the (\d+) MB of flash/, constantIn("hw/emulator/image.ts", "FLASH_BYTES") / KB / KB],
	["docs/board.md", /slot for it \| ([\d,]+)/, size("partitions", "ota_0")],
	["docs/board.md", /bytes of ([\d,]+)\), which mcconfig/, size("partitions-app", "ota_0")],
	[
		"docs/board.md",
		/one line and ends with (\d)/,
		...sourceNumbers("hw/emulator/run.ts", /tools === "string"[^}]*}[^}]*return (\d)/),
	],
	["docs/board.md", /in the bootloader with (\d+) s/, WATCHDOG],

	[
		"hw/moddable/README.md",
		/equal application slots of ([\d,]+) KB, `otadata`, (\d+) KB of `nvs`/,
		size("partitions", "ota_0") / KB,
		size("partitions", "nvs") / KB,
	],
	["hw/moddable/README.md", /`partitions-app\.csv`: slots of ([\d,]+) KB/, size("partitions-app", "ota_0") / KB],
	[
		"hw/moddable/README.md",
		/needs its own: (\d+) KB of chunks, (\d+) heap slots \((\d+) KB .* and (\d+) stack slots \((\d+) KB\)\. .* chunks by (\d+) KB, slots by (\d+);/,
		...[chunk.initial / KB, heap.initial, (heap.initial * 16) / KB, stack, (stack * 16) / KB],
		...[chunk.incremental / KB, heap.incremental],
	],
	["hw/moddable/README.md", /Names and texts are cut to (\d+)/, constantIn("src/base/log.ts", "MOST_NAME")],
	["hw/moddable/README.md", /at most (\d+) members are written/, constantIn("src/base/log.ts", "MOST_MEMBERS")],
	["hw/moddable/README.md", /a watchdog of (\d+) s from/, WATCHDOG],
	["hw/moddable/README.md", /sends; default (\d+)/, constantIn("hw/moddable/main.ts", "TELEMETRY_SECONDS")],
	[
		"hw/moddable/README.md",
		/restarts, after (\d+) s at first and up to (\w+) hour/,
		constantIn("hw/moddable/restarts.ts", "FIRST_BACKOFF_SECONDS"),
		constantIn("hw/moddable/restarts.ts", "LONGEST_BACKOFF_SECONDS") / HOUR,
	],
	[
		"hw/moddable/tls/README.md",
		/default ([\d,]+)\. A server is asked for ([\d,]+)/,
		constantIn("hw/moddable/tls/header.ts", "MAX_FRAGMENT_BYTES"),
		constantIn("hw/moddable/tls/session.ts", "FRAGMENT_BYTES"),
	],
	[
		"hw/moddable/tls/README.md",
		/v1\.5 of (\d+) to (\d+) bits/,
		constantIn("hw/moddable/tls/signature.ts", "MIN_MODULUS_BYTES") * 8,
		constantIn("hw/moddable/tls/signature.ts", "MAX_MODULUS_BYTES") * 8,
	],
	[
		"hw/moddable/tls/README.md",
		/each of ([\d,]+) bytes at most \(above the leaf ([\d,]+)\) and all of ([\d,]+)/,
		constantIn("hw/moddable/tls/certificates.ts", "MAX_BYTES"),
		constantIn("hw/moddable/tls/certificates.ts", "MAX_ISSUER_BYTES"),
		constantIn("hw/moddable/tls/handshake.ts", "MAX_CERTIFICATES_BYTES"),
	],
	[
		"hw/moddable/tls/README.md",
		/Certificate of ([\d,]+) bytes at most/,
		constantIn("hw/moddable/tls/handshake.ts", "MAX_MESSAGE_BYTES"),
	],
	[
		"hw/moddable/tls/README.md",
		/more than (\d+) empty records/,
		constantIn("hw/moddable/tls/session.ts", "MAX_EMPTY_RECORDS"),
	],
	[
		"hw/moddable/tls/README.md",
		/up to ([\d,]+) bytes\), in RAM/,
		constantIn("hw/moddable/tls/resumption.ts", "MAX_TICKET_BYTES"),
	],

	["cloud/README.md", /size \((\d+) KB\) are checked/, constantIn("cloud/csr.ts", "MAX_CSR_BYTES") / KB],
	["cloud/README.md", /no base64, or over (\d+) KB/, constantIn("cloud/renewal-request.ts", "MAX_CSR_BYTES") / KB],
	["cloud/README.md", /\/events\S+ +the newest, [\d,]+ to ([\d,]+)/, constantIn("cloud/watch.ts", "MAX_EVENTS")],
	[
		"cloud/README.md",
		/\| (\w+) minute for TLS .* ([\d,]+) clients at a time/,
		constantIn("cloud/half-open.ts", "MOST_WAITING_MS") / 60_000,
		constantIn("cloud/half-open.ts", "MOST_WAITING"),
	],
	["cloud/README.md", /\| (\d+) MB that a client/, constantIn("cloud/https.ts", "MOST_UNREAD_BYTES") / KB / KB],
	["cloud/README.md", /at most ([\d,]+) s \|/, ...sourceNumbers("cloud/connection.ts", /\* 1500, (\d+)_000\)/)],
	["cloud/README.md", /for a device \| (\d+), until/, constantIn("cloud/messages.ts", "MAX_WAITING")],
];

for (const [document, sentence, ...decided] of LIMITS)
	test(`${document}: ${sentence.source.slice(0, 60)}`, () => assert.deepEqual(numbersIn(document, sentence), decided));
