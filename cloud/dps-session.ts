/**
 * One client's registration at DPS: register, 202 and polls, then assigned, failed, disabled or a problem in JSON.
 *
 * Refuses other topics than the two documented ones; every request is attested anew.
 */
import { randomUUID } from "node:crypto";
import { refusal } from "./attestation.ts";
import type { Issued, IssuedCertificate } from "./authority.ts";
import type { Connection } from "./connection.ts";
import { type CertificateMember, certificateMember, trustBundle } from "./dialect.ts";
import type { DpsConnect, DpsOptions } from "./dps.ts";
import { armedFlaw, spoiled } from "./faults.ts";
import { csrProblem, type Problem, problemBody, statusOf } from "./problem.ts";
import { parseRegister, type Register } from "./register.ts";
import type { Session } from "./session.ts";
import { splitTopic } from "./topic.ts";

const REGISTER = "$dps/registrations/PUT/iotdps-register/";
const POLL = "$dps/registrations/GET/iotdps-get-operationstatus/";
const RESPONSES = "$dps/registrations/res/#";

export interface Operation {
	readonly id: string;
	readonly outcome: Outcome;
	pollsLeft: number;
	nextPollAt: number;
}

export type Outcome =
	| { readonly kind: "assigned"; readonly members: Readonly<Record<string, unknown>>; readonly leaf?: Uint8Array }
	| { readonly kind: "failed"; readonly errorCode: number; readonly message: string };

export class DpsSession implements Session {
	readonly service = "dps";
	/** The registration id; what the hub calls the device may differ. */
	readonly deviceId: string;
	readonly subscriptions = new Map<string, number>();
	readonly sessionPresent = false;
	readonly #options: DpsOptions;
	readonly #operations: Map<string, Operation>;
	readonly #connect: DpsConnect;
	#connection!: Connection;

	constructor(options: DpsOptions, operations: Map<string, Operation>, connect: DpsConnect) {
		this.deviceId = connect.registrationId.toLowerCase();
		this.#options = options;
		this.#operations = operations;
		this.#connect = connect;
	}

	accepted(connection: Connection): void {
		this.#connection = connection;
	}

	allows(filter: string): boolean {
		return filter === RESPONSES;
	}

	step(topic: string): string | undefined {
		const { path } = splitTopic(topic);
		return path === REGISTER ? "REGISTER" : path === POLL ? "POLL" : undefined;
	}

	publish(topic: string, payload: Uint8Array) {
		const { path, query } = splitTopic(topic);
		const rid = query.get("$rid") ?? "";
		const problem = this.#problem();
		if (problem !== undefined) return this.#refuse(rid, problem);
		if (path === POLL) return this.#poll(rid, query.get("operationId") ?? "");
		const parsed = parseRegister(payload, this.deviceId);
		if ("problem" in parsed) return this.#refuse(rid, parsed.problem);
		this.#register(rid, parsed.register);
	}

	subscribed(): void {}

	closed(): void {}

	/** Why nothing this client asks for can be answered. */
	#problem(): Problem | undefined {
		const { faults } = this.#options;
		const throttled = this.#options.throttle.allows("registrations") ? faults.strikes("throttle") : "";
		if (throttled !== undefined)
			return { errorCode: 429001, message: "Too many requests.", retryAfterSeconds: Number(throttled || 1) };
		const unavailable = faults.strikes("unavailable");
		if (unavailable !== undefined) return { errorCode: Number(unavailable || 503) * 1000 + 1, message: "Unavailable." };
		if (faults.strikes("not-found") !== undefined) return { errorCode: 404201, message: "Enrollment not found." };
		const refused = refusal(this.#connect, this.#options);
		return refused === undefined ? undefined : { errorCode: 401002, message: `Unauthorized: ${refused}.` };
	}

	#register(rid: string, register: Register) {
		const { faults, authority, clock, validitySeconds, witness, enrolments } = this.#options;
		const { apiVersion } = this.#connect;
		const { csr, payload } = register;
		witness({
			event: "register",
			deviceId: this.deviceId,
			apiVersion,
			...(csr === undefined ? {} : { csr: csr.member }),
			...(payload === undefined ? {} : { payload }),
		});
		if (faults.strikes("disabled") !== undefined || enrolments.find(this.deviceId).disabled) return this.#disabled(rid);
		if (faults.strikes("failed") !== undefined)
			return this.#start(rid, {
				kind: "failed",
				errorCode: 400207,
				message: "Custom allocation failed with status code: 400",
			});
		if (csr === undefined) return this.#start(rid, this.#assigned({}));
		const rejected = faults.strikes("csr-rejected");
		const answer = (issued: Issued) => {
			if (!("error" in issued)) return this.#start(rid, this.#assigned(this.#certificate(csr.member, issued), issued));
			const problem = csrProblem(issued.error, issued.message);
			if (rejected === "late") return this.#start(rid, { kind: "failed", ...problem });
			this.#refuse(rid, problem);
		};
		if (rejected !== undefined) return answer({ error: "CsrKeyNotSupported", message: "the policy wants another key" });
		const request = { commonName: this.deviceId, csr: csr.der, now: clock.now(), validitySeconds };
		authority.issue({ ...request, flaw: armedFlaw(faults) }, answer);
	}

	#certificate(member: CertificateMember, issued: IssuedCertificate): Record<string, unknown> {
		const { faults, authority, clock } = this.#options;
		const bundle = member === "clientCertificateCsr" ? trustBundle(authority.roots[0]!, clock.now()) : {};
		if (faults.strikes("no-chain") !== undefined) return bundle;
		const { chain, swapped } = spoiled(faults, issued.chain);
		return { ...certificateMember(member, chain, swapped), ...bundle };
	}

	#assigned(members: Readonly<Record<string, unknown>>, issued?: IssuedCertificate): Outcome {
		const { faults, devices, enrolments, hosts } = this.#options;
		const device = devices.at(enrolments.find(this.deviceId).deviceId, hosts[0]!);
		if (issued !== undefined) devices.issued(device, issued);
		const port = this.#options.port();
		const profile = faults.strikes("profile-mqttV5");
		const connectionProfile =
			profile !== undefined ? profile || "mqttV5" : this.#connect.apiVersion >= "2026-11-02" ? "classic" : undefined;
		return {
			kind: "assigned",
			members: {
				assignedHub: port === 8883 ? device.hub : `${device.hub}:${port}`,
				deviceId: device.id,
				...members,
				...(connectionProfile === undefined ? {} : { connectionProfile }),
			},
			...(issued === undefined ? {} : { leaf: issued.chain[0]! }),
		};
	}

	#start(rid: string, outcome: Outcome) {
		const { polls, faults } = this.#options;
		const slow = faults.strikes("slow-assign");
		const operation: Operation = {
			id: `4.${randomUUID().replaceAll("-", "").slice(0, 16)}.${randomUUID()}`,
			outcome,
			pollsLeft: polls + (slow === undefined ? 0 : Number(slow || 5)),
			nextPollAt: 0,
		};
		this.#operations.set(this.deviceId, operation);
		if (operation.pollsLeft === 0) this.#finish(rid, operation);
		else this.#assigning(rid, operation);
	}

	#poll(rid: string, operationId: string) {
		const { clock, witness } = this.#options;
		const operation = this.#operations.get(this.deviceId);
		witness({ event: "poll", deviceId: this.deviceId, early: clock.now() < (operation?.nextPollAt ?? 0) });
		if (operation === undefined || operation.id !== operationId)
			return this.#refuse(rid, { errorCode: 404202, message: "Operation not found." });
		if (--operation.pollsLeft <= 0) this.#finish(rid, operation);
		else this.#assigning(rid, operation);
	}

	#assigning(rid: string, operation: Operation) {
		const { clock, retryAfterSeconds } = this.#options;
		operation.nextPollAt = clock.now() + retryAfterSeconds * 1000;
		const body = {
			operationId: operation.id,
			status: "assigning",
			registrationState: { registrationId: this.deviceId, status: "assigning" },
		};
		this.#answer(202, rid, JSON.stringify(body), retryAfterSeconds);
		this.#connection.drops("ASSIGNING");
	}

	#finish(rid: string, { id, outcome }: Operation) {
		const { clock, witness } = this.#options;
		const stamp = new Date(clock.now()).toISOString();
		const state = {
			x509: {},
			registrationId: this.deviceId,
			createdDateTimeUtc: stamp,
			lastUpdatedDateTimeUtc: stamp,
			etag: randomUUID(),
			status: outcome.kind,
		};
		const more =
			outcome.kind === "assigned"
				? { substatus: "initialAssignment", ...outcome.members, payload: null }
				: { errorCode: outcome.errorCode, errorMessage: outcome.message };
		this.#answer(
			200,
			rid,
			JSON.stringify({ operationId: id, status: outcome.kind, registrationState: { ...state, ...more } }),
		);
		witness({
			event: "registered",
			deviceId: this.deviceId,
			status: 200,
			outcome: outcome.kind,
			...("errorCode" in outcome ? { errorCode: outcome.errorCode } : {}),
			...("leaf" in outcome ? { leaf: outcome.leaf } : {}),
		});
		this.#connection.drops("ASSIGNED");
	}

	#disabled(rid: string) {
		const registrationState = { registrationId: this.deviceId, status: "disabled" };
		this.#answer(200, rid, JSON.stringify({ operationId: "", status: "disabled", registrationState }));
		this.#options.witness({ event: "registered", deviceId: this.deviceId, status: 200, outcome: "disabled" });
	}

	#refuse(rid: string, problem: Problem) {
		const status = statusOf(problem);
		const { clock, witness } = this.#options;
		const { errorCode, retryAfterSeconds } = problem;
		witness({
			event: "registered",
			deviceId: this.deviceId,
			status,
			outcome: "refused",
			errorCode,
			...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
		});
		this.#answer(status, rid, problemBody(problem, clock.now()), problem.retryAfterSeconds);
	}

	#answer(status: number, rid: string, body: string, retryAfterSeconds?: number) {
		const retry = retryAfterSeconds === undefined ? "" : `&retry-after=${retryAfterSeconds}`;
		this.#connection.deliver(`$dps/registrations/res/${status}/?$rid=${rid}${retry}`, body);
	}
}
