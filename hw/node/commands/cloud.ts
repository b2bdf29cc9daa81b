/** `enrollee cloud`: DPS, IoT Hub and a certificate authority on this machine, until interrupted. */
import { X509Certificate } from "node:crypto";
import { type Command, InvalidArgumentError } from "commander";
import { startCloud } from "../../../cloud/cloud.ts";
import type { Ready } from "../../../cloud/contract.ts";
import type { CloudEvent } from "../../../cloud/event.ts";
import { FAULTS, Faults } from "../../../cloud/faults.ts";
import { RANGES } from "../../../cloud/options.ts";
import { LIMITS, type Limits } from "../../../cloud/throttle.ts";
import { Fault } from "../../../src/fault.ts";
import type { LogValue } from "../../../src/port.ts";
import { UsageFault } from "../ending.ts";
import { common, createOutput, type OutputFlags } from "../output.ts";

interface CloudFlags extends OutputFlags {
	readonly port: number;
	readonly state?: string;
	readonly updates?: string;
	readonly hosts: readonly string[];
	readonly registrationId: string;
	readonly deviceId?: string;
	readonly retryAfter: number;
	readonly polls: number;
	readonly validity: number;
	readonly fault: readonly string[];
	readonly tlsKey: "ec" | "rsa";
	readonly issuing: "P-384" | "P-256";
	readonly csrCurves: "p384" | "p256" | "both";
	readonly limit: Limits;
	readonly apiPort: number;
	readonly acceptIssued?: boolean;
	readonly resumption: boolean;
}

export function addCloud(program: Command): void {
	const command = program
		.command("cloud")
		.description("A local cloud: DPS and IoT Hub on one TLS port, with a certificate authority and faults on demand.")
		.option("--port <number>", "0 = any free one", wholeNumber(...RANGES.port), 8883)
		.option("--state <folder>", "kept, and continued from; default: a temporary one")
		.option("--updates <folder>", "bundles and images, served over HTTPS; default: updates in the state folder")
		.option("--hosts <a,b>", "more names for the server; listens on all interfaces, not only loopback", names, [])
		.option("--registration-id <id>", "the device with an individual enrolment", "dev-001")
		.option("--device-id <id>", "what the hub calls it; default: its registration id")
		.option("--retry-after <seconds>", "between polls", wholeNumber(...RANGES.retryAfterSeconds), 1)
		.option("--polls <number>", "until DPS gives the result; 0 = at once", wholeNumber(...RANGES.polls), 1)
		.option("--validity <seconds>", "of issued certificates", wholeNumber(...RANGES.validitySeconds), 30 * 86_400)
		.option("--fault <name>", "NAME[=VALUE][:TIMES], see below; repeatable", faults, [])
		.option("--tls-key <type>", "ec or rsa: the server's chain", oneOf("ec", "rsa"), "ec")
		.option("--issuing <curve>", "P-384 or P-256: the device CA", oneOf("P-384", "P-256"), "P-384")
		.option(
			"--csr-curves <rule>",
			"p384 (what the service documents), p256 or both: whose requests are signed",
			oneOf("p384", "p256", "both"),
			"both",
		)
		.option("--limit <kind=rate>", `${LIMITS.join(", ")} per second; repeatable`, limits, {})
		.option(
			"--api-port <number>",
			"of the page and the HTTP API, on loopback; 0 = any free one",
			wholeNumber(...RANGES.apiPort),
			0,
		)
		.option("--no-resumption", "every TLS connection is a full handshake")
		.option("--accept-issued", "DPS also takes certificates that the device CA issued")
		.addHelpText("after", `\nFaults; :TIMES makes one pass after that many times:\n${faultTable()}`);
	common(command, "one JSON object a line, the first says where and with what to connect").action(run);
}

async function run(flags: CloudFlags): Promise<void> {
	const { log, result } = createOutput(flags);
	// From the start: what has been made by then goes in order, too.
	const interrupted = new Promise<void>((resolve) => {
		for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, resolve);
	});
	const starting = startCloud({
		port: flags.port,
		...(flags.state === undefined ? {} : { stateFolder: flags.state }),
		updatesFolder: flags.updates,
		hosts: flags.hosts,
		registrationId: flags.registrationId,
		...(flags.deviceId === undefined ? {} : { deviceId: flags.deviceId }),
		retryAfterSeconds: flags.retryAfter,
		polls: flags.polls,
		validitySeconds: flags.validity,
		faults: flags.fault,
		tlsKey: flags.tlsKey,
		issuing: flags.issuing,
		csrCurves: flags.csrCurves,
		limits: flags.limit,
		apiPort: flags.apiPort,
		resumption: flags.resumption,
		acceptIssued: flags.acceptIssued === true,
		onEvent: (event) => log(event.event, describe(event)),
	});
	const cloud = await starting.catch((thrown) => {
		throw byFlag(thrown);
	});
	result(welcome(cloud.ready), { event: "ready", ...cloud.ready });
	await interrupted;
	await cloud.close();
}

/** The library names an option, its reader gave a flag: `deviceId: ...` is `--device-id: ...`. */
function byFlag(thrown: unknown): unknown {
	const [, option, text] =
		(thrown instanceof Fault && /^config\.invalid: ([a-z]+(?:Id)?)(: .*)$/s.exec(thrown.message)) || [];
	if (option === undefined) return thrown;
	return new UsageFault("config.invalid", `--${option.replace("Id", "-id")}${text}`, { cause: thrown });
}

function welcome(ready: Ready): string {
	return [
		`DPS and IoT Hub listen on ${ready.host}:${ready.port}; interrupt to end.`,
		"",
		`  ID scope            ${ready.idScope}`,
		`  registration id     ${ready.registrationId}`,
		`  symmetric key       ${ready.symmetricKey}`,
		`  group key           ${ready.groupKey}`,
		`  server's root       ${ready.rootCa}`,
		`  device CA           ${ready.deviceCa}`,
		`  onboarding          ${ready.onboardingCert}`,
		`                      ${ready.onboardingKey}`,
		`  page                ${ready.pageUrl}`,
		`  HTTP API            ${ready.apiUrl}`,
		`  its bearer token    ${ready.apiToken}`,
		"",
		"A device, in another terminal:",
		"",
		`  ENROLLEE_SYMMETRIC_KEY=${ready.symmetricKey} \\`,
		`  npx enrollee run --dps ${ready.host}:${ready.port} --id-scope ${ready.idScope} \\`,
		`    --registration-id ${ready.registrationId} --ca ${ready.rootCa} --once`,
		"",
	].join("\n");
}

/** What a line shows of an event: bodies as text, certificates by serial number, other bytes counted, objects as JSON. */
function describe({ event: _event, time: _time, ...detail }: CloudEvent): Record<string, LogValue> {
	return Object.fromEntries(
		Object.entries(detail).map(([name, value]: [string, unknown]) => [name, readable(name, value)] as const),
	);
}

function readable(name: string, value: unknown): LogValue {
	if (value instanceof Uint8Array) {
		if (name === "leaf") return new X509Certificate(value).serialNumber;
		return name === "body" ? Buffer.from(value).toString("utf8") : `${value.length} bytes`;
	}
	return typeof value === "object" ? JSON.stringify(value) : (value as LogValue);
}

function faultTable(): string {
	const width = Math.max(...Object.keys(FAULTS).map((name) => name.length)) + 2;
	return Object.entries(FAULTS)
		.map(([name, effect]) => `  ${name.padEnd(width)}${effect}`)
		.join("\n");
}

function wholeNumber(least: number, most: number): (text: string) => number {
	return (text) => {
		const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
		if (value >= least && value <= most) return value;
		throw new InvalidArgumentError(`Expected a whole number from ${least} to ${most}.`);
	};
}

function oneOf<T extends string>(...values: readonly T[]): (text: string) => T {
	return (text) => {
		const value = values.find((candidate) => candidate === text);
		if (value === undefined) throw new InvalidArgumentError(`Expected ${values.join(" or ")}.`);
		return value;
	};
}

function limits(text: string, earlier: Limits): Limits {
	const [, kind, rate] = /^([a-z]+)=(\d{1,6})$/.exec(text) ?? [];
	const known = LIMITS.find((candidate) => candidate === kind);
	if (known === undefined || Number(rate) === 0)
		throw new InvalidArgumentError(`Expected one of ${LIMITS} and a rate.`);
	return { ...earlier, [known]: Number(rate) };
}

function names(text: string): string[] {
	return text.split(",").filter((name) => name !== "");
}

function faults(text: string, earlier: readonly string[]): string[] {
	try {
		new Faults().arm(text);
	} catch (thrown) {
		throw new InvalidArgumentError(`${(thrown as Error).message}. The list: enrollee cloud --help.`);
	}
	return [...earlier, text];
}
