/** The examinations of `enrollee doctor`. Each gives one finding and never throws; none changes anything. */
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { rootCertificates } from "node:tls";
import { type Endpoint, MQTT_TLS_PORT, parseEndpoint } from "../../src/base/endpoint.ts";
import { encodeQuery, NONCE_BYTES, readAnswer, SNTP_PORT } from "../../src/base/sntp.ts";
import { DEFAULTS } from "../../src/config.ts";
import { Fault } from "../../src/fault.ts";
import { Journal } from "../../src/identity/journal.ts";
import { RELEASED, VERSION } from "../../src/release.ts";
import { readCertificates } from "../../src/x509/certificate.ts";
import { encodePem } from "../../src/x509/pem.ts";
import { bad, examineTls, examineWay, type Finding, good, PATIENCE_MS } from "./doctor-way.ts";
import { checkGiven, type Flags, type InForce, inForce, readSettings, runSetting, stateFolder } from "./settings.ts";
import { storeIn } from "./store.ts";

export type { Finding };

const SNTP_SERVER = "pool.ntp.org";
const MOST_SKEW_MS = 60_000;

export async function examine(flags: Flags, tell: (finding: Finding) => void): Promise<void> {
	tell(good("versions", `enrollee ${VERSION}, Node ${process.versions.node}, OpenSSL ${process.versions.openssl}`));
	const given = attempt(() => checkGiven(flags));
	tell(given instanceof Fault ? bad("settings", given) : settingsFinding(given.map(({ name }) => name)));
	// What follows does with what can be read; of what cannot, the settings' line has told.
	const folder = attempt(() => stateFolder(flags));
	if (typeof folder === "string") tell(identity(folder));
	tell(await clock());
	const settings = attempt(() => inForce(flags));
	const endpoint = settings instanceof Fault ? settings : attempt(() => endpointOf(settings));
	if (!(endpoint instanceof Fault)) {
		const transport = runSetting(flags, "transport")?.value ?? DEFAULTS.transport;
		const socket = await examineWay(endpoint, transport, tell);
		const anchors = attempt(() => {
			const { ca } = readSettings(flags);
			return ca === undefined ? undefined : readCertificates(ca);
		});
		if (!(anchors instanceof Fault)) {
			const own = anchors === undefined ? `Node's own ${rootCertificates.length}` : `${anchors.length} of --ca`;
			tell(good("anchors", own));
			const ca = anchors?.map(({ der }) => encodePem("CERTIFICATE", der));
			if (socket !== undefined) tell(await examineTls(socket, endpoint, ca));
		}
		socket?.destroy();
	}
	tell(sdk());
	tell(idf());
}

function endpointOf(settings: readonly InForce[]): Endpoint {
	const given = settings.find(({ name }) => name === "dps")?.value;
	return parseEndpoint(given ?? DEFAULTS.dps, MQTT_TLS_PORT, "dps");
}

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

function sdk(): Finding {
	const named = process.env.MODDABLE;
	const folder = named || join(homedir(), ".local", "share", "moddable");
	if (existsSync(join(folder, "build"))) return good("SDK", folder);
	const remedy = "For boards and the simulator only: npx xs-dev setup, or set MODDABLE.";
	return { name: "SDK", state: "note", text: named ? `none in ${named}` : "no Moddable SDK", remedy };
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
