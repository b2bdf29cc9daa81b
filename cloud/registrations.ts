/**
 * Registrations at DPS, behind every door: register, 202 and polls, then assigned, failed, disabled or a problem.
 *
 * Every request is attested anew. A registration keeps its createdDateTimeUtc and etag until the device is assigned
 * elsewhere.
 */
import { createHash, randomUUID } from "node:crypto";
import { refusal } from "./attestation.ts";
import type { Issued, IssuedCertificate } from "./authority.ts";
import { type CertificateMember, certificateMember, trustBundle } from "./dialect.ts";
import type { DpsConnect, DpsOptions } from "./dps.ts";
import { type Enrolment, idProblem } from "./enrolments.ts";
import { armedFlaw, spoiled } from "./faults.ts";
import { csrProblem, type Problem, problemBody, statusOf } from "./problem.ts";
import { parseRegister, type Register } from "./register.ts";
import {
	keepRegistration,
	type Payload,
	Payloads,
	registrationState,
	type State,
	stateOf,
} from "./registration-state.ts";
import { isKnownVersion } from "./username.ts";

/** What a door says: an HTTP status and a JSON body. */
export interface Answer {
	readonly status: number;
	readonly body: object;
	readonly retryAfterSeconds?: number | undefined;
	/** For the fault `drop-after`: what has happened when this is sent. */
	readonly step?: "ASSIGNING" | "ASSIGNED";
}

export type Answered = (answer: Answer) => void;

interface Operation {
	readonly id: string;
	readonly outcome: Outcome;
	pollsLeft: number;
	nextPollAt: number;
}

type Outcome =
	| { readonly kind: "assigned"; readonly state: State; readonly payload: Payload; readonly leaf?: Uint8Array }
	| { readonly kind: "failed"; readonly state: State; readonly errorCode: number };

export class Registrations {
	readonly #options: DpsOptions;
	/** The last operation of each registration. */
	readonly #operations = new Map<string, Operation>();
	readonly #payloads = new Payloads();

	constructor(options: DpsOptions) {
		this.#options = options;
	}

	/** Answered at once, or when a certificate has been issued. */
	register(connect: DpsConnect, body: Uint8Array, answered: Answered) {
		const problem = this.#problem(connect);
		if (problem !== undefined) return answered(this.#refuse(connect, problem));
		const parsed = parseRegister(body, connect.registrationId.toLowerCase());
		if ("problem" in parsed) answered(this.#refuse(connect, parsed.problem));
		else this.#register(connect, parsed.register, answered);
	}

	poll(connect: DpsConnect, operationId: string, answered: Answered) {
		const { clock, witness } = this.#options;
		const problem = this.#problem(connect);
		if (problem !== undefined) return answered(this.#refuse(connect, problem));
		const deviceId = connect.registrationId.toLowerCase();
		const operation = this.#operations.get(deviceId);
		witness({ event: "poll", deviceId, early: clock.now() < (operation?.nextPollAt ?? 0) });
		if (operation === undefined || operation.id !== operationId)
			return answered(this.#refuse(connect, { errorCode: 404202, message: "Operation not found." }));
		answered(--operation.pollsLeft <= 0 ? this.#finish(deviceId, operation) : this.#assigning(deviceId, operation));
	}

	/** What the last operation has come to. */
	lookUp(connect: DpsConnect): Answer {
		const problem = this.#problem(connect);
		if (problem !== undefined) return this.#refuse(connect, problem);
		const operation = this.#operations.get(connect.registrationId.toLowerCase());
		if (operation === undefined)
			return this.#refuse(connect, { errorCode: 404202, message: "Registration not found." });
		const { outcome, pollsLeft } = operation;
		return { status: 200, body: stateOf(outcome, pollsLeft > 0 ? "assigning" : outcome.kind) };
	}

	/** Why nothing this client asks for can be answered. */
	#problem(connect: DpsConnect): Problem | undefined {
		const { faults } = this.#options;
		const throttled = this.#options.throttle.allows("registrations") ? faults.strikes("throttle") : "";
		if (throttled !== undefined)
			return { errorCode: 429001, message: "Too many requests.", retryAfterSeconds: Number(throttled || 1) };
		const unavailable = faults.strikes("unavailable");
		if (unavailable !== undefined) return { errorCode: Number(unavailable || 503) * 1000 + 1, message: "Unavailable." };
		if (!isKnownVersion("dps", connect.apiVersion))
			return { errorCode: 400001, message: `Unknown api-version ${connect.apiVersion}.` };
		const malformed = idProblem(connect.registrationId);
		if (malformed !== undefined) return { errorCode: 400004, message: `Bad request: ${malformed}.` };
		if (faults.strikes("not-found") !== undefined) return { errorCode: 404201, message: "Enrollment not found." };
		const refused = refusal(connect, this.#options);
		return refused === undefined ? undefined : { errorCode: 401002, message: `Unauthorized: ${refused}.` };
	}

	#register(connect: DpsConnect, { csr, payload }: Register, answered: Answered) {
		const { faults, authority, clock, validitySeconds, witness, enrolments } = this.#options;
		const { apiVersion } = connect;
		const enrolment = enrolments.find(connect.registrationId);
		const deviceId = enrolment.registrationId;
		witness({
			event: "register",
			deviceId,
			apiVersion,
			...(csr === undefined ? {} : { csr: csr.member }),
			...(payload === undefined ? {} : { payload }),
		});
		if (faults.strikes("disabled") !== undefined || enrolment.disabled) return answered(this.#disabled(deviceId));
		const start = (outcome: Outcome) => answered(this.#start(deviceId, outcome));
		const fail = (errorCode: number, errorMessage: string) =>
			start({
				kind: "failed",
				state: { ...registrationState(deviceId, clock.now()), errorCode, errorMessage },
				errorCode,
			});
		if (faults.strikes("failed") !== undefined) return fail(400207, "Custom allocation failed with status code: 400");
		if (csr === undefined) return start(this.#assigned(connect, enrolment, payload, {}));
		const rejected = faults.strikes("csr-rejected");
		const issued = (result: Issued) => {
			if (!("error" in result))
				return start(this.#assigned(connect, enrolment, payload, this.#certificate(csr.member, result), result));
			const problem = csrProblem(result.error, result.message);
			if (rejected === "late") return fail(problem.errorCode, problem.message);
			answered(this.#refuse(connect, problem));
		};
		if (rejected !== undefined) return issued({ error: "CsrKeyNotSupported", message: "the policy wants another key" });
		const request = { commonName: deviceId, csr: csr.der, now: clock.now(), validitySeconds };
		authority.issue({ ...request, flaw: armedFlaw(faults) }, issued);
	}

	#certificate(member: CertificateMember, issued: IssuedCertificate): State {
		const { faults, authority, clock } = this.#options;
		const bundle = member === "clientCertificateCsr" ? trustBundle(authority.roots[0]!, clock.now()) : {};
		if (faults.strikes("no-chain") !== undefined) return bundle;
		const { chain, swapped } = spoiled(faults, issued.chain);
		return { ...certificateMember(member, chain, swapped), ...bundle };
	}

	#assigned(
		{ apiVersion, peer }: DpsConnect,
		{ registrationId, deviceId, group }: Enrolment,
		payload: unknown,
		members: State,
		issued?: IssuedCertificate,
	): Outcome {
		const { faults, devices, hosts, clock } = this.#options;
		const now = clock.now();
		const device = devices.at(deviceId, hosts[0]!);
		const [leaf] = peer.chain;
		// Who asked for a certificate connects with that; who did not, with the one of the enrolment.
		if (issued !== undefined || leaf === undefined) device.enrolled = undefined;
		else device.enrolled = group === undefined ? createHash("sha256").update(leaf).digest("hex") : "authority";
		const substatus = keepRegistration(device, now);
		if (issued === undefined) devices.changed(device);
		else devices.issued(device, issued);
		const port = this.#options.port();
		const profile = faults.strikes("profile-mqttV5");
		const connectionProfile =
			profile !== undefined ? profile || "mqttV5" : apiVersion >= "2026-11-02" ? "classic" : undefined;
		const returned = faults.strikes("payload");
		const attested = group === undefined ? {} : { enrollmentGroupId: group };
		return {
			kind: "assigned",
			state: {
				...(leaf === undefined ? { symmetricKey: attested } : { x509: attested }),
				...registrationState(registrationId, now, device),
				substatus,
				assignedHub: port === 8883 || port === 443 ? device.hub : `${device.hub}:${port}`,
				deviceId: device.id,
				...members,
				...(connectionProfile === undefined ? {} : { connectionProfile }),
			},
			payload: this.#payloads.keep(returned === undefined ? (payload ?? null) : JSON.parse(returned)),
			...(issued === undefined ? {} : { leaf: issued.chain[0]! }),
		};
	}

	#start(deviceId: string, outcome: Outcome): Answer {
		const { polls, faults } = this.#options;
		const slow = faults.strikes("slow-assign");
		const operation: Operation = {
			id: `4.${randomUUID().replaceAll("-", "").slice(0, 16)}.${randomUUID()}`,
			outcome,
			pollsLeft: polls + (slow === undefined ? 0 : Number(slow || 5)),
			nextPollAt: 0,
		};
		this.#operations.set(deviceId, operation);
		return operation.pollsLeft === 0 ? this.#finish(deviceId, operation) : this.#assigning(deviceId, operation);
	}

	#assigning(registrationId: string, operation: Operation): Answer {
		const { clock, retryAfterSeconds } = this.#options;
		operation.nextPollAt = clock.now() + retryAfterSeconds * 1000;
		const registrationState = { registrationId, status: "assigning" };
		const body = { operationId: operation.id, status: "assigning", registrationState };
		return { status: 202, body, retryAfterSeconds, step: "ASSIGNING" };
	}

	#finish(deviceId: string, { id, outcome }: Operation): Answer {
		const { kind } = outcome;
		this.#options.witness({
			event: "registered",
			deviceId,
			status: 200,
			outcome: kind,
			...("errorCode" in outcome ? { errorCode: outcome.errorCode } : {}),
			...("leaf" in outcome ? { leaf: outcome.leaf } : {}),
		});
		const size = Number(this.#options.faults.strikes("dps-size") ?? 0);
		const padding = size > 0 ? { padding: "x".repeat(size) } : {};
		const body = { operationId: id, status: kind, registrationState: stateOf(outcome, kind), ...padding };
		return { status: 200, body, step: "ASSIGNED" };
	}

	#disabled(registrationId: string): Answer {
		this.#options.witness({ event: "registered", deviceId: registrationId, status: 200, outcome: "disabled" });
		const registrationState = { registrationId, status: "disabled" };
		return { status: 200, body: { operationId: "", status: "disabled", registrationState } };
	}

	#refuse({ registrationId }: DpsConnect, problem: Problem): Answer {
		const { clock, witness } = this.#options;
		const { errorCode, retryAfterSeconds } = problem;
		const status = statusOf(problem);
		witness({
			event: "registered",
			deviceId: registrationId.toLowerCase(),
			status,
			outcome: "refused",
			errorCode,
			...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
		});
		return { status, body: problemBody(problem, clock.now()), retryAfterSeconds };
	}
}
