/** The settings: each one's flag, help, and what it is in the configuration. Variables and names in enrollee.json follow from the flag. */
import type { ConfigInput } from "../../src/config.ts";

export interface Setting {
	/** Absent: of the command, not of the agent. */
	readonly field?: keyof ConfigInput;
	readonly flag: string;
	readonly help: string;
	/** The flag names a file with the value. */
	readonly file?: true;
	/** Never shown. */
	readonly secret?: true;
	/** The variable of Azure's samples; always a path where `file` is set. */
	readonly azure?: string;
}

/** Of `run`: the state folder and what is sent. */
export const RUN_SETTINGS: readonly Setting[] = [
	{ flag: "--state <folder>", help: "the device's flash (.enrollee, beside enrollee.json where there is one)" },
	{ flag: "--once", help: "one acknowledged message, then exit; exit 1 with the first fault" },
	{ flag: "--telemetry <json>", help: 'the message to send ({"hello":"hub"}); -: each line of standard input' },
	{ flag: "--interval <seconds>", help: "send the message again and again, at this interval" },
	{ flag: "--slots [folder]", help: "take updates over the air, into slots as files; default: in the state folder" },
];

export const RUN_DEFAULTS = { state: ".enrollee", telemetry: '{"hello":"hub"}' } as const;

export const SETTINGS: readonly Setting[] = [
	{ field: "dps", flag: "--dps <host[:port]>", help: "DPS endpoint" },
	{ field: "idScope", flag: "--id-scope <scope>", help: "ID scope", azure: "AZ_IOT_PROVISIONING_ID_SCOPE" },
	{
		field: "registrationId",
		flag: "--registration-id <id>",
		help: "registration id; becomes the certificate's CN",
		azure: "AZ_IOT_PROVISIONING_REGISTRATION_ID",
	},
	{
		field: "ca",
		flag: "--ca <file>",
		help: "PEM anchors for DPS and hub instead of the built-in ones",
		file: true,
		azure: "AZ_IOT_DEVICE_X509_TRUST_PEM_FILE_PATH",
	},
	{
		field: "symmetricKey",
		flag: "--symmetric-key <base64>",
		secret: true,
		help: "individual key (prefer ENROLLEE_SYMMETRIC_KEY or --symmetric-key-file: others can read argv)",
		azure: "AZ_IOT_PROVISIONING_SAS_KEY",
	},
	{ field: "symmetricKey", flag: "--symmetric-key-file <file>", help: "file with the individual key", file: true },
	{
		field: "groupKey",
		flag: "--group-key <base64>",
		secret: true,
		help: "enrolment group key, with ids in lower case; for test benches only",
	},
	{
		field: "onboardingCert",
		flag: "--onboarding-cert <file>",
		help: "PEM chain to onboard with, leaf first",
		file: true,
		azure: "AZ_IOT_DEVICE_X509_CERT_PEM_FILE_PATH",
	},
	{
		field: "onboardingKey",
		flag: "--onboarding-key <file>",
		help: "its key, PEM; default: the key in the certificate's file",
		file: true,
	},
	{
		field: "operationalCsr",
		flag: "--operational-csr <file>",
		help: "an own CSR instead of the device's, EC or RSA",
		file: true,
		azure: "AZ_IOT_DEVICE_X509_OPERATIONAL_CSR_PEM_FILE_PATH",
	},
	{
		field: "operationalKey",
		flag: "--operational-key <file>",
		help: "the key of the own CSR, PEM",
		file: true,
		azure: "AZ_IOT_DEVICE_X509_OPERATIONAL_KEY_PEM_FILE_PATH",
	},
	{
		field: "dialect",
		flag: "--dialect <version>",
		help: "auto | 2021-11-01-preview | 2025-07-01-preview | 2026-11-02-preview (auto: 2025-07-01-preview)",
	},
	{
		field: "transport",
		flag: "--transport <auto|mqtt|ws>",
		help: "MQTT over TLS on port 8883, over WebSocket on 443, or the one that gets through (auto)",
	},
	{ field: "hub", flag: "--hub <host[:port]>", help: "connect here instead of the assigned hub" },
	{
		field: "trustBundle",
		flag: "--trust-bundle <keep|install>",
		help: "trust the bundle of 2021-11-01-preview (keep)",
	},
	{
		field: "renewAt",
		flag: "--renew-at <share>",
		help: "share of the certificate's validity after which it is renewed, 0.1 to 0.9 (0.8)",
	},
	{
		field: "key",
		flag: "--key <auto|P-256|P-384>",
		help: "curve of the device's key; auto: P-256 until the service refuses it (auto)",
	},
	{ field: "renewKey", flag: "--renew-key <new|same>", help: "the key of a renewed certificate (new)" },
	{ field: "payload", flag: "--payload <json>", help: "JSON object for custom allocation" },
	{ field: "queueMessages", flag: "--queue-messages <count>", help: "telemetry that waits while offline (64)" },
	{ field: "queueBytes", flag: "--queue-bytes <count>", help: "and its bytes (32768)" },
	{
		field: "maxMessageBytes",
		flag: "--max-message-bytes <count>",
		help: "the largest message from the hub that is looked at (131072)",
	},
	{
		field: "operations",
		flag: "--operations <list>",
		help: "what the hub's operator may do: all, none, or of status,renew,reboot,resume,twin,update (all)",
	},
	{ field: "healthSeconds", flag: "--health-seconds <seconds>", help: "the agent's health as telemetry; 0: never (0)" },
	{ field: "firmware", flag: "--firmware <version>", help: "the application's version, for the twin" },
	{ field: "releaseKey", flag: "--release-key <file>", help: "public key that signs updates, PEM", file: true },
	{ field: "nextReleaseKey", flag: "--next-release-key <file>", help: "the one that follows it, PEM", file: true },
	{ field: "updateClass", flag: "--update-class <name>", help: "which bundles are meant, <chip>/<board>/<map>" },
	{ field: "updateVendor", flag: "--update-vendor <uuid-or-domain>", help: "whose bundles; default: Enrollee's own" },
	{
		field: "updateHosts",
		flag: "--update-hosts <domains>",
		help: "domains that download servers may redirect to, with commas, besides their own",
	},
	{ field: "updateCa", flag: "--update-ca <file>", help: "PEM anchors for download servers (as --ca)", file: true },
	{ field: "trialSeconds", flag: "--trial-seconds <seconds>", help: "for a new image to reach the hub (600)" },
];
