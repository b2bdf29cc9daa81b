/** The enrolment list of a simulated life: one device, whose onboarding key an operator may withdraw. */
import { Enrolments } from "../../cloud/enrolments.ts";

/** The device's registration id and device id. */
export const DEVICE = "dev-001";

export class LifeEnrolments extends Enrolments {
	/** What the device was delivered with. */
	readonly delivered: string;
	withdrawn = false;

	constructor(key: string) {
		super({ individual: { [DEVICE]: key }, groupKey: key, disabled: [] });
		this.delivered = key;
	}

	override find(registrationId: string): ReturnType<Enrolments["find"]> {
		const found = super.find(registrationId);
		return this.withdrawn ? { ...found, key: Buffer.alloc(32) } : found;
	}
}
