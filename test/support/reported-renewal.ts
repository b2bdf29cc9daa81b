/** The ordering in which a renewal takes most. */
import { type Cloud, startCloud } from "../../cloud/cloud.ts";

/** A renewed certificate leaves when a report has come, and before the answer to that: the device checks the one and holds the other. */
export async function startReportedCloud(): Promise<Cloud> {
	let isRenewing = false;
	const cloud = await startCloud({
		polls: 0,
		faults: ["renew-hold"],
		onEvent({ event, deviceId }) {
			if (event === "renew") isRenewing = true;
			if (event !== "reported" || !isRenewing) return;
			isRenewing = false;
			cloud.release(deviceId);
		},
	});
	return cloud;
}
