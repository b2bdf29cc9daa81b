/** What a cloud continues from: authorities, enrolments, the onboarding certificate. Made on first use of a folder. */
import { randomBytes, X509Certificate } from "node:crypto";
import { Ca, type SavedCa } from "./ca.ts";
import type { IssuingCurve } from "./contract.ts";
import { Devices } from "./devices.ts";
import { Enrolments, type SavedEnrolments } from "./enrolments.ts";
import type { Folder } from "./folder.ts";
import { createEntity, type KeyType, type SavedEntity, saveEntity } from "./pki.ts";
import { RegistryFile } from "./registry-file.ts";
import { createServerCa, type SavedServerCa } from "./server-chain.ts";

export interface State {
	readonly ca: Ca;
	readonly serverCa: SavedServerCa;
	readonly enrolments: Enrolments;
	readonly devices: Devices;
	readonly onboarding: SavedEntity;
	save(): Promise<void>;
}

export interface StateOptions {
	readonly registrationId: string;
	/** Of that registration, when it differs. */
	readonly deviceId: string | undefined;
	readonly issuing: IssuingCurve;
	readonly tlsKey: KeyType;
	readonly now: number;
}

export async function openState(folder: Folder, options: StateOptions): Promise<State> {
	const { registrationId, deviceId, now } = options;
	const kept = <T>(name: string) => {
		const text = folder.read(name);
		return text === undefined ? undefined : (JSON.parse(text) as T);
	};
	const keep = (name: string, value: unknown) => folder.write(name, `${JSON.stringify(value, undefined, "\t")}\n`);

	const savedCa = kept<SavedCa>("ca.json");
	const ca = savedCa === undefined ? await Ca.create(options.issuing, now) : await Ca.load(savedCa);

	const serverFile = `server-ca-${options.tlsKey.toLowerCase()}.json`;
	const serverCa = kept<SavedServerCa>(serverFile) ?? (await createServerCa(options.tlsKey, now));
	keep(serverFile, serverCa);

	const individual = { [registrationId.toLowerCase()]: newKey() };
	const savedEnrolments = kept<SavedEnrolments>("enrolments.json");
	const enrolments = new Enrolments({
		groupKey: savedEnrolments?.groupKey ?? newKey(),
		individual: { ...individual, ...savedEnrolments?.individual },
		disabled: savedEnrolments?.disabled ?? [],
		deviceIds: { ...savedEnrolments?.deviceIds, ...(deviceId && { [registrationId.toLowerCase()]: deviceId }) },
	});

	const onboardingFile = `onboarding-${registrationId.toLowerCase().replaceAll(":", "_")}.json`;
	const savedOnboarding = kept<SavedEntity>(onboardingFile);
	const onboarding =
		savedOnboarding !== undefined && isOf(ca, savedOnboarding, registrationId, now)
			? savedOnboarding
			: await onboardingCertificate(ca, registrationId, now);
	keep(onboardingFile, onboarding);

	const devices = new Devices(RegistryFile.read(folder), {
		changed: (device) => file.add(device),
		removed: (id) => file.add({ id, gone: true }),
	});
	const file = new RegistryFile(folder, () => devices.save());
	const save = async () => {
		keep("ca.json", await ca.save());
		keep("enrolments.json", enrolments.save());
		file.putTogether();
	};
	await save();
	return { ca, serverCa, enrolments, devices, onboarding, save };
}

/** Not of an authority that is gone, as where a first start was killed before it kept its own, nor of another registration. */
function isOf(ca: Ca, { certificate }: SavedEntity, registrationId: string, now: number): boolean {
	return !("refusal" in ca.examine([new X509Certificate(certificate).raw], registrationId, now, "onboarding"));
}

async function onboardingCertificate(ca: Ca, registrationId: string, now: number): Promise<SavedEntity> {
	const day = 24 * 3600 * 1000;
	const request = { commonName: registrationId, role: { kind: "client" }, notBefore: now - day } as const;
	const entity = await createEntity("P-256", { ...request, notAfter: now + 10 * 365 * day }, ca.onboarding);
	return saveEntity(entity);
}

function newKey(): string {
	return randomBytes(32).toString("base64");
}
