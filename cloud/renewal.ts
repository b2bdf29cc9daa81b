/**
 * Certificate renewal over the hub (api-version 2025-08-01-preview): one active request a device, 202 at once, 200 or
 * an error when it is decided and the device is connected and subscribed. Kept over reconnects and restarts until the
 * device has acknowledged the answer, another request replaced it, or operationExpires.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../src/port.ts";
import type { Authority, CsrError } from "./authority.ts";
import type { Device, Devices } from "./devices.ts";
import { base64, pem } from "./dialect.ts";
import type { Enrolments } from "./enrolments.ts";
import type { Witness } from "./event.ts";
import { armedFlaw, type Faults, spoiled } from "./faults.ts";
import type { HubSession } from "./hub-session.ts";
import { csrProblem, nanoseconds, type Problem, problemBody, statusOf } from "./problem.ts";
import { isRequestId, parseRenewal, type Renewal } from "./renewal-request.ts";

export interface RenewalOptions {
	readonly clock: Clock;
	readonly authority: Authority;
	readonly devices: Devices;
	readonly enrolments: Enrolments;
	readonly faults: Faults;
	readonly witness: Witness;
	readonly validitySeconds: number;
}

/** A device's active request; plain data. */
export interface ActiveRequest {
	readonly requestId: string;
	readonly correlationId: string;
	/** Milliseconds since 1970. */
	readonly operationExpires: number;
	/** What to send when the device can take it. */
	answer?: { readonly status: number; readonly body: string; readonly errorCode?: number };
	/** Waits for `release`. */
	held?: boolean;
}

export const CREDENTIALS = "$iothub/credentials/res/#";
const EXPIRES_SECONDS = 12 * 3600;

export class Renewals {
	readonly #options: RenewalOptions;
	readonly #session: (deviceId: string) => HubSession | undefined;
	/** Where an answer is on its way, so that it is not sent twice on one connection. */
	readonly #sent = new WeakMap<ActiveRequest, HubSession>();

	constructor(options: RenewalOptions, session: (deviceId: string) => HubSession | undefined) {
		this.#options = options;
		this.#session = session;
	}

	/** A request came in on a session that is subscribed to the answers. */
	submit(session: HubSession, device: Device, requestId: string, payload: Uint8Array) {
		const { clock, witness, faults, devices } = this.#options;
		const refuse = (problem: Problem) => this.#answer(session, requestId, problem);
		const parsed = parseRenewal(payload, device.id);
		witness({ event: "renew", deviceId: device.id, requestId, ...("renewal" in parsed ? parsed.renewal : {}) });
		if (!isRequestId(requestId)) return refuse({ errorCode: 400004, message: "The request id is malformed." });
		const trouble = this.#trouble("renewal" in parsed ? parsed.renewal : undefined);
		if (trouble !== undefined) return refuse(trouble);
		if ("problem" in parsed) return refuse(parsed.problem);
		const { replace } = parsed.renewal;
		if (faults.strikes("renew-409-other") !== undefined) device.request = this.#activate("another-request", true);
		const active = this.#active(device);
		if (active !== undefined && replace === undefined) {
			refuse(conflict(active));
			return this.flush(device);
		}
		if (replace !== undefined && (active === undefined || (replace !== "*" && replace !== active.requestId)))
			return refuse(nothingToReplace(active?.requestId ?? replace));
		const request = this.#activate(requestId, faults.strikes("renew-hold") !== undefined);
		device.request = request;
		devices.changed(device);
		if (faults.strikes("renew-409-own") !== undefined) refuse(conflict(request));
		else this.#accept(session, request);
		const issue = () => this.#issue(device, request, parsed.renewal.csr);
		const late = faults.strikes("renew-late");
		if (late === undefined) issue();
		else clock.after(Number(late || 1) * 1000, issue);
	}

	/** Sends what waits for the device, if it can take it. */
	flush(device: Device): void {
		const request = this.#active(device);
		const session = this.#session(device.id);
		if (request?.answer === undefined || request.held || session === undefined) return;
		if (this.#sent.get(request) === session) return;
		const { status, body, errorCode } = request.answer;
		const taken = session.deliver(this.#topic(status, request.requestId), body, () => {
			if (device.request === request) device.request = undefined;
			this.#options.devices.changed(device);
		});
		if (!taken) return;
		this.#sent.set(request, session);
		this.#witnessed(device.id, request.requestId, status, errorCode);
		session.drops("RENEW-200");
	}

	/** Lets a request go on that `renew-hold` holds. */
	release(device: Device): void {
		if (device.request === undefined) return;
		device.request.held = false;
		this.flush(device);
	}

	#trouble(renewal: Renewal | undefined): Problem | undefined {
		const { faults } = this.#options;
		const throttled = faults.strikes("renew-throttle");
		if (throttled !== undefined)
			return {
				errorCode: 429002,
				message: "Too many requests.",
				...(throttled === "" ? {} : { retryAfterSeconds: Number(throttled) }),
			};
		if (faults.strikes("renew-unavailable") !== undefined) return { errorCode: 503001, message: "Unavailable." };
		if (faults.strikes("renew-error") !== undefined) return { errorCode: 500001, message: "Server error." };
		if (faults.strikes("renew-csr-rejected", "") !== undefined) return REJECTED;
		if (renewal?.replace !== undefined && faults.strikes("renew-412") !== undefined)
			return nothingToReplace(renewal.replace);
		return undefined;
	}

	#accept(session: HubSession, { requestId, correlationId, operationExpires }: ActiveRequest): void {
		const body = JSON.stringify({ correlationId, operationExpires: nanoseconds(operationExpires) });
		session.deliver(this.#topic(202, requestId), body);
		this.#witnessed(session.deviceId, requestId, 202);
		session.drops("RENEW-202");
	}

	#issue(device: Device, request: ActiveRequest, csr: Uint8Array) {
		const { authority, clock, validitySeconds, faults, devices, enrolments } = this.#options;
		const decide = (status: number, body: string, errorCode?: number) => {
			request.answer = { status, body, ...(errorCode === undefined ? {} : { errorCode }) };
			devices.changed(device);
			this.flush(device);
		};
		const refuse = (problem: Problem) =>
			decide(statusOf(problem), JSON.stringify(problemBody(problem, clock.now())), problem.errorCode);
		if (faults.strikes("renew-csr-rejected", "late") !== undefined) return refuse(REJECTED);
		const commonName = enrolments.ofDevice(device.id)?.registrationId ?? device.id;
		const order = { commonName, csr, now: clock.now(), validitySeconds, flaw: armedFlaw(faults) };
		authority.issue(order, (issued) => {
			if ("error" in issued) return refuse(refusedCsr(issued.error, issued.message));
			devices.issued(device, issued);
			const { chain, swapped } = spoiled(faults, issued.chain);
			const certificates = chain.map(swapped ? pem : base64);
			const bare = faults.strikes("bare-array") !== undefined;
			const size = Number(faults.strikes("renew-size") ?? 0);
			const { correlationId } = request;
			const padding = size > 0 ? { padding: "x".repeat(size) } : {};
			decide(200, JSON.stringify(bare ? certificates : { correlationId, ...padding, certificates }));
		});
	}

	#active(device: Device): ActiveRequest | undefined {
		const { request } = device;
		if (request !== undefined && request.operationExpires <= this.#options.clock.now()) device.request = undefined;
		return device.request;
	}

	#activate(requestId: string, held: boolean): ActiveRequest {
		const { clock, faults } = this.#options;
		const seconds = Number(faults.strikes("renew-expires") ?? EXPIRES_SECONDS);
		const operationExpires = clock.now() + seconds * 1000;
		return { requestId, correlationId: randomUUID(), operationExpires, ...(held ? { held } : {}) };
	}

	#answer(session: HubSession, requestId: string, problem: Problem): void {
		const status = statusOf(problem);
		const body = JSON.stringify(problemBody(problem, this.#options.clock.now()));
		session.deliver(this.#topic(status, requestId), body);
		this.#witnessed(session.deviceId, requestId, status, problem.errorCode);
	}

	#topic(status: number, requestId: string): string {
		const version = this.#options.faults.strikes("renew-version") === undefined ? "" : "$version=1&";
		return `$iothub/credentials/res/${status}/?${version}$rid=${requestId}`;
	}

	#witnessed(deviceId: string, requestId: string, status: number, errorCode?: number): void {
		const code = errorCode === undefined ? {} : { errorCode };
		this.#options.witness({ event: "renewal", deviceId, requestId, status, ...code });
	}
}

const REJECTED: Problem = csrProblem("CsrKeyNotSupported", "the policy wants another key");

/** The hub tells a request that it cannot read from one that it refuses. */
function refusedCsr(error: CsrError, message: string): Problem {
	const problem = csrProblem(error, message);
	return error === "FailedToDecodeCsr" ? { ...problem, errorCode: 400037 } : problem;
}

function nothingToReplace(requestId: string): Problem {
	return { errorCode: 412001, message: "No active request to replace.", info: { requestId } };
}

function conflict({ requestId, correlationId, operationExpires }: ActiveRequest): Problem {
	return {
		errorCode: 409005,
		message: "Another certificate request is active.",
		info: { requestId, correlationId, operationExpires: nanoseconds(operationExpires) },
	};
}
