/**
 * A local cloud: DPS, IoT Hub and a certificate authority in one process, over real TLS on loopback.
 *
 * `startCloud` serves until `close`. What came in can be read (`events`, `telemetry`, ...) and awaited (`seen`); what
 * goes wrong is armed by name (faults.ts). With a state folder, a restart continues: same keys, enrolments, twins.
 */
import { clock as systemClock } from "../hw/node/clock.ts";
import { serveApi } from "./api.ts";
import type { Ca } from "./ca.ts";
import type { CloudOptions, LocalCloud, Ready } from "./contract.ts";
import type { Device } from "./devices.ts";
import { Downloads } from "./downloads.ts";
import type { CloudEvent, Connected, Registration, Telemetry } from "./event.ts";
import { Faults } from "./faults.ts";
import { type Folder, openFolder } from "./folder.ts";
import { guarded, guardedClock, uncaught } from "./guard.ts";
import { listen } from "./listener.ts";
import { Log } from "./log.ts";
import { Operator } from "./operator.ts";
import { checkOptions } from "./options.ts";
import { createServerChain } from "./server-chain.ts";
import { Service } from "./service.ts";
import { showCloud, showDevice } from "./show.ts";
import { openState } from "./state.ts";
import { Throttle } from "./throttle.ts";
import { createWatch } from "./watch.ts";

export interface Cloud extends LocalCloud {
	readonly ready: Ready;
	/** DPS and hub without the socket. */
	readonly service: Service;
	readonly ca: Ca;
	readonly downloads: Downloads;
	/** Undefined before the device was first assigned or connected. */
	device(deviceId: string): Device | undefined;
	readonly operator: Operator;
}

/** Rejects with Fault config.invalid, host.locked, store.failed, and with what Node says of a port that cannot be had. */
export async function startCloud(options: CloudOptions = {}): Promise<Cloud> {
	checkOptions(options);
	const folder = openFolder(options.stateFolder);
	try {
		return await serve(options, folder);
	} catch (thrown) {
		folder.close();
		throw thrown;
	}
}

async function serve(options: CloudOptions, folder: Folder): Promise<Cloud> {
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
	const state = await openState(folder, {
		registrationId,
		deviceId: options.deviceId,
		issuing,
		tlsKey: tlsKey === "rsa" ? "RSA" : "P-256",
		now: time.now(),
	});
	const { ca, enrolments, devices } = state;
	ca.csrCurves = options.csrCurves ?? "both";
	const watch = createWatch(time);
	const clock = guardedClock(time, watch.witness);
	if (options.onEvent !== undefined) watch.listeners.add(uncaught(options.onEvent));
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
	const address = options.address ?? (hosts.length === 0 ? "127.0.0.1" : "0.0.0.0");
	const deviceCa = folder.write("device-ca.pem", ca.rootsPem());
	const listener = await listen({
		clock,
		address,
		port,
		chain,
		service,
		faults,
		downloads,
		resumption: options.resumption ?? true,
	});
	port = listener.port;
	const rootCa = folder.write("root-ca.pem", chain.rootPem);
	const facts = { host: names[0]!, port, idScope: ID_SCOPE, registrationId, rootCa };
	const show = (device: Device) => showDevice(device, service.hub, enrolments);
	const api =
		log === undefined
			? undefined
			: await serveApi(options.apiPort!, enrolments.groupKey, {
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
				}).catch(async (thrown) => {
					await listener.close();
					throw thrown;
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
	const { host, symmetricKey } = ready;
	const end = async () => {
		service.closeAll("the cloud closes");
		await api?.close();
		await listener.close();
		await state.save();
		folder.close();
	};
	let ended: Promise<void> | undefined;
	return {
		...ready,
		ready,
		settings: { dps: `${host}:${port}`, idScope: ID_SCOPE, registrationId, symmetricKey, ca: chain.rootPem },
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
		release: (deviceId) => service.hub.release(operator.device(deviceId).id),
		operator,
		close() {
			ended ??= end();
			return ended;
		},
	};
}

const ID_SCOPE = "0ne00ABCDEF";
