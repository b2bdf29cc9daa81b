/** `enrollee/update`: updates over the air, for the agent's main program and for applications that drive them themselves. */
export { classUuid, defaultVendor } from "../../src/suit/uuid.ts";
export { type DownloadPorts, fetchBundle, fetchImage } from "../../src/update/download.ts";
export type { BootDecision } from "../../src/update/image-trial.ts";
export { type Offer, readOffer } from "../../src/update/offer.ts";
export { Updater, type UpdaterOptions, type UpdateStatus } from "../../src/update/updater.ts";
