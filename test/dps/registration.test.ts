/** The registration machine against every row of DPS's tables, and against answers that no service should give. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { utf8, utf8Text } from "../../src/base/bytes.ts";
import { DIALECTS } from "../../src/dps/dialect.ts";
import { type Action, Registration } from "../../src/dps/registration.ts";
import { mutations } from "../support/mutate.ts";
import { answered, begin, CSR } from "./registration-probe.ts";

const OPERATION = "4.d0a671905ea5b2c8.42d78160-4c78-479e-8be7-61d5e55dac0d";

function message(registration: Registration, topic: string, payload: Uint8Array): Action | undefined {
	const response = registration.take(topic);
	return response && answered(registration, response, payload);
}

/** The answer to request 1. */
function answer(status: number, body: unknown, extra = ""): Action {
	const payload = typeof body === "string" ? utf8(body) : utf8(JSON.stringify(body));
	const action = message(begin(), `$dps/registrations/res/${status}/?$rid=1${extra}`, payload);
	assert.ok(action);
	return action;
}

function faultCode(action: Action): string {
	assert.equal(action.type, "failed");
	return action.type === "failed" ? action.fault.code : "";
}

const ASSIGNED = { assignedHub: "contoso.azure-devices.net", deviceId: "my-device-id1", status: "assigned" };

test("each request has one answer: a second one, another request's and what comes before a request are nothing", () => {
	const registration = begin();
	assert.equal(registration.take("$dps/registrations/res/202/?$rid=2"), undefined);
	assert.equal(registration.take("$iothub/twin/res/200/?$rid=1"), undefined);
	const response = registration.take("$dps/registrations/res/202/?$rid=1&retry-after=3");
	assert.ok(response && !("code" in response));
	assert.equal(registration.take("$dps/registrations/res/202/?$rid=1"), undefined);
	const body = utf8(JSON.stringify({ operationId: OPERATION, status: "assigning" }));
	assert.equal(answered(registration, response, body).type, "wait");
	assert.equal(registration.take("$dps/registrations/res/200/?$rid=1"), undefined);
	registration.poll();
	assert.ok(registration.take("$dps/registrations/res/200/?$rid=2"));
});

test("dialect A sends a PEM CSR, B and D send base64, with the members in the SDKs' order", () => {
	for (const dialect of DIALECTS) {
		const registration = new Registration({
			dialect,
			registrationId: "dev-001",
			csr: CSR,
			payload: { a: 1 },
			maxMessageBytes: 1024,
		});
		const action = registration.register();
		assert.ok(action.type === "publish");
		assert.equal(action.topic, "$dps/registrations/PUT/iotdps-register/?$rid=1");
		assert.equal(
			utf8Text(action.payload),
			dialect === "2021-11-01-preview"
				? '{"registrationId":"dev-001","payload":{"a":1},"clientCertificateCsr":"-----BEGIN CERTIFICATE REQUEST-----\\r\\nMAMCAQA=\\r\\n-----END CERTIFICATE REQUEST-----"}'
				: '{"registrationId":"dev-001","payload":{"a":1},"csr":"MAMCAQA="}',
		);
	}
});

test("202 assigning waits retry-after, then polls with the operation id and a new request id", () => {
	const registration = begin();
	const wait = message(
		registration,
		"$dps/registrations/res/202/?$rid=1&retry-after=3",
		utf8(`{"operationId":"${OPERATION}","status":"assigning"}`),
	);
	assert.deepEqual(wait, { type: "wait", seconds: 3 });
	assert.deepEqual(registration.poll(), {
		type: "publish",
		topic: `$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=${OPERATION}`,
		payload: new Uint8Array(0),
	});
	// A later answer may leave the operation id out.
	const again = message(
		registration,
		"$dps/registrations/res/202/?retry-after=120&$rid=2",
		utf8('{"status":"assigning","registrationState":{"registrationId":"dev-001","status":"assigning"}}'),
	);
	assert.deepEqual(again, { type: "wait", seconds: 120 });
});

test("unassigned is not the end", () => {
	assert.deepEqual(answer(200, { operationId: OPERATION, status: "unassigned" }), { type: "wait", seconds: 2 });
});

test("assigned gives hub, device id and payload; unknown members are skipped", () => {
	const action = answer(200, {
		operationId: OPERATION,
		status: "assigned",
		somethingNew: [1, { a: 2 }],
		registrationState: {
			x509: {},
			...ASSIGNED,
			substatus: "initialAssignment",
			etag: "IjYx",
			payload: { k: "v" },
			other: null,
		},
	});
	assert.ok(action.type === "assigned");
	assert.equal(action.assignment.hub, "contoso.azure-devices.net");
	assert.equal(action.assignment.deviceId, "my-device-id1");
	assert.deepEqual(action.assignment.payload, { k: "v" });
	assert.deepEqual(action.assignment.certificates, []);
	assert.equal(action.assignment.trustBundle, undefined);
});

test("a chain that is absent or null is an assignment without certificates", () => {
	for (const extra of [
		{},
		{ issuedCertificateChain: null },
		{ issuedCertificateChain: [] },
		{ issuedClientCertificate: null, trustBundle: null },
	]) {
		const action = answer(200, { status: "assigned", registrationState: { ...ASSIGNED, ...extra } });
		assert.ok(action.type === "assigned" && action.assignment.certificates.length === 0);
	}
});

test("assignedHub and deviceId must appear together", () => {
	for (const state of [{ assignedHub: "h" }, { deviceId: "d" }, {}, { ...ASSIGNED, deviceId: 5 }, null, "x"])
		assert.equal(faultCode(answer(200, { status: "assigned", registrationState: state })), "dps.response");
});

test("connectionProfile: absent, null and classic pass, anything else is a Fault of its own", () => {
	for (const connectionProfile of [undefined, null, "classic"])
		assert.equal(
			answer(200, { status: "assigned", registrationState: { ...ASSIGNED, connectionProfile } }).type,
			"assigned",
		);
	for (const connectionProfile of ["mqttV5", "", 1, {}])
		assert.equal(
			faultCode(answer(200, { status: "assigned", registrationState: { ...ASSIGNED, connectionProfile } })),
			"dps.profile",
		);
});

test("failed and disabled end the registration, whatever the topic's status", () => {
	const failed = {
		operationId: OPERATION,
		status: "failed",
		registrationState: {
			status: "failed",
			errorCode: 400207,
			errorMessage: "Custom allocation failed with status code: 400",
		},
	};
	assert.equal(faultCode(answer(200, failed)), "dps.failed");
	assert.equal(
		faultCode(answer(200, { operationId: "", status: "disabled", registrationState: { status: "disabled" } })),
		"dps.disabled",
	);
	assert.equal(faultCode(answer(200, { status: "failed" })), "dps.failed");
	assert.equal(
		faultCode(answer(200, { ...failed, registrationState: { errorCode: 400040, errorMessage: "x" } })),
		"dps.csr-rejected",
	);
	assert.equal(
		faultCode(answer(200, { ...failed, registrationState: { errorCode: 500001, errorMessage: "x" } })),
		"dps.unavailable",
	);
});

for (const [status, errorCode, code, retryable] of [
	[400, 400004, "dps.bad-request", false],
	[400, 400037, "dps.csr-rejected", false],
	[400, 400040, "dps.csr-rejected", false],
	[400, 400207, "dps.bad-request", false],
	[401, 401002, "dps.unauthorized", false],
	[403, 403001, "dps.forbidden", false],
	[404, 404201, "dps.not-found", false],
	[404, 404202, "dps.not-found", false],
	[409, 409004, "dps.conflict", true],
	[412, 412001, "dps.bad-request", false],
	[429, 429001, "dps.throttled", true],
	[500, 500001, "dps.unavailable", true],
	[503, 503001, "dps.unavailable", true],
	[599, 599000, "dps.unavailable", true],
] as const)
	test(`an error answer ${status} / ${errorCode} is ${code}${retryable ? ", to be tried again" : ""}`, () => {
		const body = {
			errorCode,
			trackingId: "8ad0463c",
			message: "Invalid certificate.",
			timestampUtc: "2020-04-10T05:24:22Z",
		};
		const action = answer(status, body, "&retry-after=9");
		assert.equal(faultCode(action), code);
		assert.ok(action.type === "failed" && action.fault.retryable === retryable && action.fault.retryAfterSeconds === 9);
		// The class of the error code alone, and the class of the status alone, say the same.
		if (errorCode !== 409004) assert.equal(faultCode(answer(200, body)), code);
		if (code !== "dps.csr-rejected")
			for (const text of ["", "<html>"]) assert.equal(faultCode(answer(status, text)), code);
	});

test("a 400 that speaks of the CSR is a rejected CSR", () => {
	assert.equal(faultCode(answer(400, { errorCode: 400000, message: "Failed to decode the CSR." })), "dps.csr-rejected");
});

test("an unknown status, no operation id, a body that is no JSON object, a malformed topic: dps.response", () => {
	for (const body of [
		{ status: "pending" },
		{ status: "assigning" },
		{},
		[],
		"nonsense",
		"",
		'"text"',
		"null",
		{ status: "assigning", operationId: "x".repeat(257) },
		// It is to stand in a topic.
		'{"status":"assigning","operationId":"\\ud800"}',
		JSON.stringify({ status: "assigning", operationId: OPERATION }).padEnd(32_769),
	])
		assert.equal(faultCode(answer(200, body)), "dps.response");
	for (const topic of [
		"$dps/registrations/res/20/?$rid=1",
		"$dps/registrations/res/2000/?$rid=1",
		"$dps/registrations/res/",
	])
		assert.equal(faultCode(message(begin(), topic, utf8("{}"))!), "dps.response");
});

test("a message of the service is shortened and cleaned before it enters a Fault", () => {
	const action = answer(401, { errorCode: 401002, message: `\u0007${"x".repeat(5000)}` });
	assert.ok(action.type === "failed" && action.fault.message.length < 260 && !action.fault.message.includes("\u0007"));
});

test("mutated and truncated answers end in an action or a Fault, never in another error", () => {
	const body = utf8(
		JSON.stringify({
			operationId: OPERATION,
			status: "assigned",
			registrationState: {
				...ASSIGNED,
				issuedCertificateChain: ["MAMCAQA="],
				trustBundle: { certificates: [{ certificate: "x" }] },
			},
		}),
	);
	for (const mutated of mutations(body, 3000)) message(begin(), "$dps/registrations/res/200/?$rid=1", mutated);
});
