/**
 * A local cloud: DPS, IoT Hub and a certificate authority in one process, over real TLS on loopback.
 *
 * `startCloud` serves until `close`. What came in can be read (`events`, `telemetry`, ...) and awaited (`seen`); what
 * goes wrong is armed by name (faults.ts). With a state folder, a restart continues: same keys, enrolments, twins.
 */
import { clock as systemClock } from "../hw/node/clock.ts";
import type { Clock } from "../src/port.ts";
import { serveApi } from "./api.ts";
import type { Ca, IssuingCurve } from "./ca.ts";
import type { Device } from "./devices.ts";
import { Downloads } from "./downloads.ts";
import type { CloudEvent, Connected, Registration, Telemetry } from "./event.ts";
import { Faults } from "./faults.ts";
import { openFolder } from "./folder.ts";
import { guarded, guardedClock } from "./guard.ts";
import { listen } from "./listener.ts";
import { Log } from "./log.ts";
import { Operator } from "./operator.ts";
import { createServerChain } from "./server-chain.ts";
import { Service } from "./service.ts";
import { showCloud, showDevice } from "./show.ts";
import { openState } from "./state.ts";
import { type Limits, Throttle } from "./throttle.ts";
import { createWatch, type Watch } from "./watch.ts";

export interface CloudOptions {
	/** 0, the default, is any free one. */
	readonly port?: number;
	/** Kept and continued from. Default: a temporary folder that `close` removes. */
	readonly stateFolder?: string;
	/** More names for the server's certificate; the first becomes the assigned hub's, and all interfaces listen. */
	readonly hosts?: readonly string[];
	/** The enrolment with a key and an onboarding certificate of its own. Default dev-001. */
	readonly registrationId?: string;
	/** What the hub calls that device. Default: its registration id. */
	readonly deviceId?: string;
	/** What DPS asks clients to wait between polls. Default 1. */
	readonly retryAfterSeconds?: number;
	/** Polls until DPS gives the result; 0 answers the register request itself. Default 1. */
	readonly polls?: number;
	/** Of issued certificates. Default 30 days. */
	readonly validitySeconds?: number;
	/** `NAME[=VALUE][:TIMES]`, see faults.ts. */
	readonly faults?: readonly string[];
	/** Of the server's chain. Default "ec", P-256. */
	readonly tlsKey?: "ec" | "rsa";
	/** Of the device CA. Default "P-384". */
	readonly issuing?: IssuingCurve;
	/** DPS also accepts certificates that the device CA issued. Default false. */
	readonly acceptIssued?: boolean;
	/** Operations per second. Default: none. */
	readonly limits?: Limits;
	/** The port of the HTTP API and the page on loopback, 0 for any free one. Default: neither. */
	readonly apiPort?: number;
	/** Bundles and images that are served. Default: `updates` in the state folder. */
	readonly updatesFolder?: string | undefined;
	readonly clock?: Clock;
	/** Told about every event as it happens. */
	readonly onEvent?: (event: CloudEvent) => void;
}

/** What a client needs to know; files are absolute paths of PEM files, keys are base64. */
export interface Ready {
	readonly host: string;
	readonly port: number;
	readonly idScope: string;
	readonly registrationId: string;
	/** Anchors the server's TLS chain. */
	readonly rootCa: string;
	/** Anchors issued certificates. */
	readonly deviceCa: string;
	readonly onboardingCert: string;
	readonly onboardingKey: string;
	readonly symmetricKey: string;
	readonly groupKey: string;
	/** Of the operator's HTTP API, when it is served. */
	readonly apiUrl?: string;
	readonly apiToken?: string;
	/** The page, for a browser on this machine. */
	readonly pageUrl?: string;
}

export interface Cloud extends Ready {
	readonly ready: Ready;
	/** The last 10,000, oldest first. */
	readonly events: readonly CloudEvent[];
	readonly telemetry: readonly (CloudEvent & Telemetry)[];
	readonly registrations: readonly (CloudEvent & Registration)[];
	readonly connections: readonly (CloudEvent & Connected)[];
	/** DPS and hub without the socket. */
	readonly service: Service;
	readonly ca: Ca;
	readonly downloads: Downloads;
	/** Undefined before the device was first assigned or connected. */
	device(deviceId: string): Device | undefined;
	/** The first event that fits, past or to come. */
	readonly seen: Watch["seen"];
	/** Throws RangeError on an unknown name. */
	arm(fault: string): void;
	/** Without a name: all faults. */
	disarm(fault?: string): void;
	/** Lets a renewal go on that the fault `renew-hold` holds. */
	release(deviceId: string): void;
	/** Desired properties, methods, messages, revocation, the authority's roll. */
	readonly operator: Operator;
	close(): Promise<void>;
}

export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
	const {
		hosts = [],
		registrationId = "dev-001",
		clock: time = systemClock,
		tlsKey = "ec",
		issuing = "P-384",
	} = options;
	const names = [...new Set([...hosts.map((host) => host.toLowerCase()), "localhost", "127.0.0.1"])];
	const faults = new Faults();
	for (const fault of options.faults ?? []) faults.arm(fault);
	const folder = openFolder(options.stateFolder);
	const state = await openState(folder, {
		registrationId,
		deviceId: options.deviceId,
		issuing,
		tlsKey: tlsKey === "rsa" ? "RSA" : "P-256",
		now: time.now(),
	});
	const { ca, enrolments, devices } = state;
	const watch = createWatch(time);
	const clock = guardedClock(time, watch.witness);
	if (options.onEvent !== undefined) watch.listeners.add(options.onEvent);
	const log = options.apiPort === undefined ? undefined : new Log(clock, watch.listeners);
	let port = options.port ?? 0;
	const service = new Service({
		idScope: ID_SCOPE,
		clock,
		authority: {
			issue: (request, done) => ca.issue(request, guarded(done, watch.witness, "issuing")),
			examine: (...presented) => ca.examine(...presented),
			get roots() {
				return ca.roots;
			},
		},
		enrolments,
		devices,
		faults,
		witness: watch.witness,
		trace: log?.trace,
		hosts: names,
		retryAfterSeconds: options.retryAfterSeconds ?? 1,
		polls: options.polls ?? 1,
		validitySeconds: options.validitySeconds ?? 30 * 24 * 3600,
		acceptIssued: options.acceptIssued ?? false,
		throttle: new Throttle(options.limits ?? {}, clock),
		port: () => port,
	});
	const downloads = new Downloads({
		folder: options.updatesFolder ?? folder.path("updates"),
		faults,
		witness: watch.witness,
		host: names[0]!,
		port: () => port,
	});
	const operator = new Operator({
		downloads,
		hub: service.hub,
		devices,
		enrolments,
		ca,
		clock,
		witness: watch.witness,
		issuing,
		hosts: names,
		async save() {
			folder.write("device-ca.pem", ca.rootsPem());
			await state.save();
		},
	});
	const chain = await createServerChain(state.serverCa, names, clock.now());
	const address = hosts.length === 0 ? "127.0.0.1" : "0.0.0.0";
	const deviceCa = folder.write("device-ca.pem", ca.rootsPem());
	const listener = await listen({ address, port, chain, service, faults, downloads });
	port = listener.port;
	const rootCa = folder.write("root-ca.pem", chain.rootPem);
	const facts = { host: names[0]!, port, idScope: ID_SCOPE, registrationId, rootCa };
	const show = (device: Device) => showDevice(device, service.hub, enrolments);
	const api =
		log === undefined
			? undefined
			: await serveApi(options.apiPort!, {
					operator,
					hub: service.hub,
					faults,
					clock,
					log,
					events: watch.events,
					cloud: () => showCloud({ ...facts, hosts: names }, ca, faults),
					devices: () => devices.all().map(show),
					device(id) {
						const device = devices.find(id);
						return device && show(device);
					},
				});
	const ready: Ready = {
		...facts,
		deviceCa,
		onboardingCert: folder.write("onboarding-cert.pem", state.onboarding.certificate),
		onboardingKey: folder.write("onboarding-key.pem", state.onboarding.key),
		symmetricKey: Buffer.from(enrolments.find(registrationId).key).toString("base64"),
		groupKey: Buffer.from(enrolments.groupKey).toString("base64"),
		...(api === undefined ? {} : { apiUrl: api.url, apiToken: api.token, pageUrl: `${api.url}/#token=${api.token}` }),
	};
	const only = <T extends CloudEvent>(event: T["event"]) => watch.events.filter((e): e is T => e.event === event);
	return {
		...ready,
		ready,
		service,
		ca,
		downloads,
		events: watch.events,
		seen: watch.seen,
		get telemetry() {
			return only<CloudEvent & Telemetry>("telemetry");
		},
		get registrations() {
			return only<CloudEvent & Registration>("register");
		},
		get connections() {
			return only<CloudEvent & Connected>("connected");
		},
		device: (deviceId) => devices.find(deviceId),
		arm: (fault) => faults.arm(fault),
		disarm: (fault) => faults.disarm(fault),
		release: (deviceId) => service.hub.release(deviceId),
		operator,
		async close() {
			service.closeAll("the cloud closes");
			await api?.close();
			await listener.close();
			await state.save();
			folder.close();
		},
	};
}

const ID_SCOPE = "0ne00ABCDEF";
