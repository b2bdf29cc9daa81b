/**
 * Who may register: one individual enrolment that accepts either attestation, and a group: everybody who holds a key derived
 * from the group key or a certificate of the onboarding CA. Registration ids compare without case (as DPS does).
 */
import { deriveKey } from "./sas.ts";

export interface Enrolment {
	readonly registrationId: string;
	/** What the hub calls it; the registration id unless the enrolment says otherwise. */
	readonly deviceId: string;
	/** What signs this device's SAS tokens, for DPS and hub. */
	readonly key: Uint8Array;
	readonly disabled: boolean;
	/** The group's name; undefined for an individual enrolment. */
	readonly group: string | undefined;
}

export interface SavedEnrolments {
	readonly individual: Readonly<Record<string, string>>;
	readonly groupKey: string;
	readonly disabled: readonly string[];
	/** By registration id. */
	readonly deviceIds?: Readonly<Record<string, string>>;
}

export class Enrolments {
	readonly groupKey: Uint8Array;
	readonly #individual = new Map<string, Uint8Array>();
	readonly #disabled = new Set<string>();
	readonly #deviceIds: Map<string, string>;

	constructor(saved: SavedEnrolments) {
		this.groupKey = Buffer.from(saved.groupKey, "base64");
		for (const [id, key] of Object.entries(saved.individual)) this.#individual.set(id, Buffer.from(key, "base64"));
		this.#deviceIds = new Map(Object.entries(saved.deviceIds ?? {}));
		for (const id of saved.disabled) this.#disabled.add(id);
	}

	find(registrationId: string): Enrolment {
		const id = registrationId.toLowerCase();
		const own = this.#individual.get(id);
		const { groupKey } = this;
		return {
			registrationId: id,
			deviceId: this.#deviceIds.get(id) ?? id,
			get key() {
				return own ?? deriveKey(groupKey, id);
			},
			disabled: this.#disabled.has(id),
			group: own === undefined ? GROUP : undefined,
		};
	}

	/** The enrolment behind a device of the hub; undefined for an id that none leads to. */
	ofDevice(deviceId: string): Enrolment | undefined {
		const renamed = [...this.#deviceIds].find(([, id]) => id === deviceId);
		const enrolment = this.find(renamed?.[0] ?? deviceId);
		return enrolment.deviceId === deviceId ? enrolment : undefined;
	}

	setDisabled(registrationId: string, disabled: boolean): void {
		const id = registrationId.toLowerCase();
		if (disabled) this.#disabled.add(id);
		else this.#disabled.delete(id);
	}

	save(): SavedEnrolments {
		return {
			individual: Object.fromEntries(
				[...this.#individual].map(([id, key]) => [id, Buffer.from(key).toString("base64")] as const),
			),
			groupKey: Buffer.from(this.groupKey).toString("base64"),
			disabled: [...this.#disabled],
			deviceIds: Object.fromEntries(this.#deviceIds),
		};
	}
}

const GROUP = "local-group";

/**
 * Why DPS knows no such registration id, or undefined. Up to 128 letters, digits and - . _ : with a letter, a digit or a
 * hyphen at the end ("IoT Hub Device Provisioning Service (DPS) terminology", Microsoft); none of the four at the start
 * ("Runtime Registration: Register Device", Microsoft, whose rule for the end, without the hyphen, the other contradicts).
 */
export function idProblem(registrationId: string): string | undefined {
	if (registrationId.length > 128) return "a registration id has 128 characters at most";
	if (!/^[A-Za-z0-9._:-]*$/.test(registrationId)) return "a registration id has letters, digits and - . _ :";
	if (!/^[A-Za-z0-9]/.test(registrationId)) return "a registration id begins with a letter or a digit";
	if (!/[A-Za-z0-9-]$/.test(registrationId)) return "a registration id ends with a letter, a digit or -";
	return undefined;
}
