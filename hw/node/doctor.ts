/** The examinations of `enrollee doctor`. Each gives one finding and never throws; none changes anything. */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { lookup } from "node:dns/promises";
import { existsSync, readFileSync } from "node:fs";
import { connect as connectTcp, isIP } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, rootCertificates } from "node:tls";
import { formatEndpoint, MQTT_TLS_PORT, parseEndpoint } from "../../src/base/endpoint.ts";
import { encodeQuery, NONCE_BYTES, readAnswer, SNTP_PORT } from "../../src/base/sntp.ts";
import { DEFAULTS } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { Journal } from "../../src/identity/journal.ts";
import { RELEASED, VERSION } from "../../src/release.ts";
import { readCertificates } from "../../src/x509/certificate.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { type Flags, inForce, readSettings, stateFolder } from "./settings.ts";
import { storeIn } from "./store.ts";

export interface Finding {
	readonly name: string;
	/** `note`: needed for some things only. */
	readonly state: "good" | "note" | "bad";
	readonly text: string;
	readonly remedy?: string;
}

const PATIENCE_MS = 5000;
const SNTP_SERVER = "pool.ntp.org";
const MOST_SKEW_MS = 60_000;

export async function examine(flags: Flags, tell: (finding: Finding) => void): Promise<void> {
	tell(good("versions", `enrollee ${VERSION}, Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`));
	let input: ReturnType<typeof readSettings> = {};
	try {
		const given = inForce(flags);
		input = readSettings(flags);
		tell(settingsFinding(given.map(({ name }) => name)));
	} catch (thrown) {
		tell(bad("settings", Fault.of(thrown, "config.invalid")));
	}
	tell(identity(stateFolder(flags)));
	tell(await clock());
	const endpoint = attempt(() => parseEndpoint(input.dps ?? DEFAULTS.dps, MQTT_TLS_PORT, "dps"));
	if (endpoint instanceof Fault) return tell(bad("dps", endpoint));
	const name = formatEndpoint(endpoint);
	tell(await dns(endpoint.host));
	tell(await port(endpoint.host, endpoint.port));
	// Only Azure's own: MQTT over WebSocket, and what updates are usually served by.
	if (endpoint.port === MQTT_TLS_PORT && !isLocal(endpoint.host)) tell(await port(endpoint.host, 443));
	const anchors = attempt(() => (input.ca === undefined ? undefined : readCertificates(input.ca)));
	if (anchors instanceof Fault) tell(bad("anchors", anchors));
	else {
		const own = anchors === undefined ? `Node's own ${rootCertificates.length}` : `${anchors.length} of --ca`;
		tell(good("anchors", own));
		tell(
			await tls(
				endpoint.host,
				endpoint.port,
				name,
				anchors?.map(({ der }) => encodePem("CERTIFICATE", der)),
			),
		);
	}
	tell(sdk());
	tell(idf());
}

const good = (name: string, text: string): Finding => ({ name, state: "good", text });

const bad = (name: string, { code, message, remedy }: Fault): Finding => ({
	name,
	state: "bad",
	text: message.startsWith(code) ? message : `${code}: ${message}`,
	remedy,
});

const isLocal = (host: string): boolean => host === "localhost" || host.startsWith("127.");

function attempt<T>(action: () => T): T | Fault {
	try {
		return action();
	} catch (thrown) {
		return Fault.of(thrown, "config.invalid");
	}
}

function settingsFinding(names: readonly string[]): Finding {
	const missing = ["idScope", "registrationId"].filter((name) => !names.includes(name));
	if (missing.length === 0) return good("settings", names.join(", "));
	const text = `${missing.join(", ")} not given`;
	return {
		name: "settings",
		state: "note",
		text,
		remedy: "Needed to enrol: enrollee config shows all and their sources.",
	};
}

function identity(folder: string): Finding {
	if (!existsSync(folder)) return good("identity", `none yet in ${folder}`);
	const journaled = attempt(() => new Journal(storeIn(folder)).load());
	if (journaled instanceof Fault) return bad("identity", journaled);
	const { current, candidate, damages } = journaled;
	if (damages[0]) return bad("identity", damages[0]);
	const credential = current ?? candidate;
	if (credential === undefined) return good("identity", `none yet in ${folder}`);
	const text = `${credential.registrationId}, until ${new Date(credential.notAfter).toISOString()}`;
	if (credential.notAfter > Date.now()) return good("identity", text);
	return bad("identity", new Fault("cert.expired", text));
}

/** Against a time server, where one answers; else against what cannot be. */
async function clock(): Promise<Finding> {
	const now = Date.now();
	if (now < RELEASED) return bad("clock", new Fault("clock.implausible", `before the release of enrollee ${VERSION}`));
	const skew = await sntpSkew(SNTP_SERVER, SNTP_PORT);
	if (skew instanceof Fault) return bad("clock", skew);
	if (skew === undefined)
		return {
			name: "clock",
			state: "note",
			text: `${new Date(now).toISOString()}; ${SNTP_SERVER} does not answer`,
			remedy: "Boards set their clock by SNTP: allow UDP 123, or name a server they reach (sntp=...).",
		};
	const text = `${(skew / 1000).toFixed(1)} s from ${SNTP_SERVER}`;
	if (Math.abs(skew) <= MOST_SKEW_MS) return good("clock", text);
	return bad("clock", new Fault("clock.implausible", text));
}

/**
 * Milliseconds that the server is ahead, without correcting for the way. Undefined: no answer. Fault clock.server: one that no
 * board would believe.
 */
export function sntpSkew(host: string, port: number): Promise<number | Fault | undefined> {
	return new Promise((resolve) => {
		const socket = createSocket("udp4");
		const nonce = randomBytes(NONCE_BYTES);
		const end = (skew?: number | Fault): void => {
			clearTimeout(timer);
			socket.removeAllListeners("message");
			socket.close();
			resolve(skew);
		};
		const timer = setTimeout(() => end(), PATIENCE_MS / 2);
		socket.on("error", () => end());
		socket.on("message", (answer) => {
			const time = attempt(() => readAnswer(answer, nonce));
			end(time instanceof Fault ? time : time - Date.now());
		});
		socket.send(encodeQuery(nonce), port, host, (error) => error && end());
	});
}

async function dns(host: string): Promise<Finding> {
	if (isIP(host) !== 0) return good("dns", `${host} is an address`);
	try {
		const addresses = await lookup(host, { all: true });
		return good("dns", `${host}: ${addresses.map(({ address }) => address).join(", ")}`);
	} catch (cause) {
		return bad("dns", new Fault("wire.dns", `${host}: ${(cause as NodeJS.ErrnoException).code}`));
	}
}

function port(host: string, number: number): Promise<Finding> {
	const name = `port ${number}`;
	return new Promise((resolve) => {
		const socket = connectTcp({ host, port: number });
		const end = (finding: Finding): void => {
			socket.destroy();
			resolve(finding);
		};
		socket.setTimeout(PATIENCE_MS, () => end(bad(name, new Fault("wire.timeout", `${host}:${number}`))));
		socket.on("connect", () => end(good(name, `${host} answers`)));
		socket.on("error", ({ message }) => end(bad(name, new Fault("wire.refused", message))));
	});
}

function tls(host: string, port: number, peer: string, ca: readonly string[] | undefined): Promise<Finding> {
	return new Promise((resolve) => {
		const socket = connectTls({
			host,
			port,
			...(isIP(host) === 0 && { servername: host }),
			...(ca && { ca: [...ca] }),
		});
		const end = (finding: Finding): void => {
			socket.destroy();
			resolve(finding);
		};
		socket.setTimeout(PATIENCE_MS, () => end(bad("tls", new Fault("wire.timeout", peer))));
		socket.on("error", (error: NodeJS.ErrnoException) => {
			const isVerdict = /CERT|SELF_SIGNED|UNABLE|SIGNATURE|ISSUER/.test(error.code ?? "");
			end(
				bad("tls", new Fault(isVerdict ? "tls.untrusted" : "tls.protocol", `${peer}: ${error.code ?? error.message}`)),
			);
		});
		socket.on("secureConnect", () => {
			const { issuer, valid_to } = socket.getPeerCertificate();
			end(good("tls", `${socket.getProtocol()}, issued by ${issuer?.CN ?? "?"}, until ${valid_to}`));
		});
	});
}

function sdk(): Finding {
	const folder = process.env.MODDABLE ?? join(homedir(), ".local", "share", "moddable");
	if (existsSync(join(folder, "build"))) return good("SDK", folder);
	const remedy = "For boards and the simulator only: npx xs-dev setup, or set MODDABLE.";
	return { name: "SDK", state: "note", text: "no Moddable SDK", remedy };
}

function idf(): Finding {
	const folder = process.env.IDF_PATH;
	if (folder && existsSync(join(folder, "export.sh"))) {
		const file = join(folder, "version.txt");
		return good("ESP-IDF", `${folder}${existsSync(file) ? `, ${readFileSync(file, "utf8").trim()}` : ""}`);
	}
	const remedy = "For boards only: npx xs-dev setup --device esp32, then its export.sh.";
	return { name: "ESP-IDF", state: "note", text: folder ? `none in ${folder}` : "IDF_PATH is not set", remedy };
}
