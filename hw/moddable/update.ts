/** `enrollee/update`: updates over the air, for the agent's main program and for applications that drive them themselves. */
export { type DownloadPorts, fetchBundle, fetchImage } from "../../src/ota/download.ts";
export { type Offer, readOffer } from "../../src/ota/offer.ts";
export type { BootDecision } from "../../src/ota/trial.ts";
export { Updater, type UpdaterOptions, type UpdateStatus } from "../../src/ota/update.ts";
export { classUuid, defaultVendor } from "../../src/ota/uuid.ts";
