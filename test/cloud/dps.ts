/**
 * Device Provisioning Service over MQTT: register, poll, assigned; dialects 2019-03-31, 2021-11-01-preview (A),
 * 2025-07-01-preview (B) and 2026-11-02-preview (D). A request is honoured under every api-version, in its own shape.
 *
 * As in the service, CONNECT succeeds with any credential and the register request is answered 401 if it is wrong.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../../src/port.ts";
import type { Authority, Examined, Flaw, Issued } from "./authority.ts";
import type { Connection, Peer, Session } from "./connection.ts";
import { type CertificateMember, certificateMember, trustBundle } from "./dialect.ts";
import type { Enrolment, Enrolments } from "./enrolments.ts";
import type { Witness } from "./event.ts";
import type { Faults } from "./faults.ts";
import { csrProblem, type Problem, problemBody, statusOf } from "./problem.ts";
import { parseRegister, type Register } from "./register.ts";
import { checkSas } from "./sas.ts";
import { splitTopic } from "./topic.ts";

export interface DpsOptions {
	readonly idScope: string;
	readonly clock: Clock;
	readonly authority: Authority;
	readonly enrolments: Enrolments;
	readonly faults: Faults;
	readonly witness: Witness;
	readonly retryAfterSeconds: number;
	/** Polls until the answer; 0 answers the register request itself. */
	readonly polls: number;
	readonly validitySeconds: number;
	/** A certificate that the device CA issued also counts as attestation. */
	readonly acceptIssued: boolean;
	/** Tells the hub about the device; gives the hub's address. */
	assign(deviceId: string): string;
}

export interface DpsConnect {
	readonly idScope: string;
	readonly registrationId: string;
	readonly apiVersion: string;
	readonly clientId: string;
	readonly password: string | undefined;
	readonly peer: Peer;
}

interface Operation {
	readonly id: string;
	readonly outcome: Outcome;
	pollsLeft: number;
	nextPollAt: number;
}

type Outcome =
	| { readonly kind: "assigned"; readonly members: Readonly<Record<string, unknown>>; readonly serial?: string }
	| { readonly kind: "failed"; readonly errorCode: number; readonly message: string };

export class Dps {
	readonly #options: DpsOptions;
	/** The last operation of each registration. */
	readonly #operations = new Map<string, Operation>();

	constructor(options: DpsOptions) {
		this.#options = options;
	}

	open(connect: DpsConnect): Session {
		return new DpsSession(this.#options, this.#operations, connect);
	}
}

const REGISTER = "$dps/registrations/PUT/iotdps-register/";
const POLL = "$dps/registrations/GET/iotdps-get-operationstatus/";
const RESPONSES = "$dps/registrations/res/#";

class DpsSession implements Session {
	readonly service = "dps";
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
		const { faults, enrolments } = this.#options;
		const throttle = faults.strikes("throttle");
		if (throttle !== undefined)
			return { errorCode: 429001, message: "Too many requests.", retryAfterSeconds: Number(throttle || 1) };
		const unavailable = faults.strikes("unavailable");
		if (unavailable !== undefined) return { errorCode: Number(unavailable || 503) * 1000 + 1, message: "Unavailable." };
		if (faults.strikes("not-found") !== undefined) return { errorCode: 404201, message: "Enrollment not found." };
		const refusal = this.#refusal(enrolments.find(this.deviceId));
		return refusal === undefined ? undefined : { errorCode: 401002, message: `Unauthorized: ${refusal}.` };
	}

	#refusal(enrolment: Enrolment): string | undefined {
		const { idScope, clock, acceptIssued, authority } = this.#options;
		const { password, peer, registrationId } = this.#connect;
		if (this.#connect.idScope !== idScope) return "unknown ID scope";
		if (peer.chain.length > 0) {
			const examine = (purpose: "onboarding" | "operational"): Examined =>
				authority.examine(peer.chain, registrationId, clock.now(), purpose);
			const onboarding = examine("onboarding");
			if (!("refusal" in onboarding) || (acceptIssued && !("refusal" in examine("operational")))) return undefined;
			return onboarding.refusal;
		}
		if (password === undefined) return "no credential";
		const resource = `${idScope}/registrations/${registrationId}`.toLowerCase();
		const checked = checkSas(password, enrolment.key, (sr) => sr.toLowerCase() === resource, clock.now());
		return "refusal" in checked ? checked.refusal : undefined;
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
		const request = { deviceId: this.deviceId, csr: csr.der, now: clock.now(), validitySeconds };
		authority.issue({ ...request, flaw: this.#flaw() }, answer);
	}

	#flaw(): Flaw | undefined {
		const flaws: Flaw[] = ["foreign-key", "wrong-cn", "expired-cert", "not-yet-valid"];
		return flaws.find((flaw) => this.#options.faults.strikes(flaw) !== undefined);
	}

	#certificate(member: CertificateMember, issued: { chain: readonly Uint8Array[] }): Record<string, unknown> {
		const { faults, authority, clock } = this.#options;
		const bundle = member === "clientCertificateCsr" ? trustBundle(authority.roots[0]!, clock.now()) : {};
		if (faults.strikes("no-chain") !== undefined) return bundle;
		let chain = issued.chain;
		if (faults.strikes("leaf-only") !== undefined) chain = chain.slice(0, 1);
		if (faults.strikes("wrong-chain-order") !== undefined) chain = [...chain].reverse();
		return { ...certificateMember(member, chain, faults.strikes("pem-chain") !== undefined), ...bundle };
	}

	#assigned(members: Readonly<Record<string, unknown>>, issued?: { chain: readonly Uint8Array[] }): Outcome {
		const { faults, assign } = this.#options;
		const profile = faults.strikes("profile-mqttV5");
		const connectionProfile =
			profile !== undefined ? profile || "mqttV5" : this.#connect.apiVersion >= "2026-11-02" ? "classic" : undefined;
		const leaf = issued?.chain[0];
		return {
			kind: "assigned",
			members: {
				assignedHub: assign(this.deviceId),
				deviceId: this.deviceId,
				...members,
				...(connectionProfile === undefined ? {} : { connectionProfile }),
			},
			...(leaf === undefined ? {} : { serial: "" }),
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
			...(outcome.kind === "failed" ? { errorCode: outcome.errorCode } : {}),
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
		witness({ event: "registered", deviceId: this.deviceId, status, outcome: "refused", errorCode: problem.errorCode });
		this.#answer(status, rid, problemBody(problem, clock.now()), problem.retryAfterSeconds);
	}

	#answer(status: number, rid: string, body: string, retryAfterSeconds?: number) {
		const retry = retryAfterSeconds === undefined ? "" : `&retry-after=${retryAfterSeconds}`;
		this.#connection.deliver(`$dps/registrations/res/${status}/?$rid=${rid}${retry}`, body);
	}
}
