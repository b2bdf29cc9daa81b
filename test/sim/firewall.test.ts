/** The application on XS at a site where port 8883 is closed: enrolled, renewed and updated over 443, and back with what it has. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { type App, buildForXs, project, skip } from "../../hw/simulator/harness.ts";
import { noSite, openSite, type Site } from "../support/firewall.ts";
import { offer } from "../support/updated.ts";
import { updatesEnvironmentOf } from "./environment.ts";
import { Simulated } from "./simulated.ts";

describe("8883 is closed", { skip: skip || (await noSite()), concurrency: true }, () => {
	let app: App;
	before(async () => {
		app = await buildForXs({
			name: "firewall",
			build: "release",
			manifest: join(project, "hw/simulator/manifest.json"),
		});
	});

	const withSite = async (number: number, use: (site: Site, device: Simulated) => Promise<void>) => {
		const site = await openSite(number);
		const device = new Simulated(app, site.cloud);
		try {
			await use(site, device);
		} finally {
			await device.remove();
			await site.close();
		}
	};
	const boot = (device: Simulated, { cloud, dps }: Site) =>
		device.boot({ ...updatesEnvironmentOf(cloud, device.flash), ENROLLEE_DPS: dps });
	const transports = ({ cloud }: Site) => cloud.connections.map(({ service, transport }) => `${service} ${transport}`);

	test("refused: enrols, renews and updates over 443, remembers it, and needs nothing new when 8883 opens", () =>
		withSite(2, async (site, device) => {
			const { cloud } = site;
			boot(device, site);
			await device.log("transport  failed=wire.refused  next=ws");
			await device.methods();
			await device.renew();
			await device.log("credential.proven  sequence=2");
			offer(cloud);
			await device.ended();
			assert.equal(device.count("ota.restart"), 1);
			assert.equal(device.count("transport"), 1, "the new certificate and the update went the way that works");

			boot(device, site);
			await device.log("ota.confirmed  sequence=2");
			await device.powerOff();
			assert.deepEqual(transports(site), ["dps ws", "hub ws", "hub ws", "hub ws"]);

			await site.set8883("open");
			boot(device, site);
			await device.methods();
			await device.powerOff();
			assert.equal(transports(site).at(-1), "hub mqtt");
			assert.equal(device.count("transport"), 0);
			assert.equal(cloud.registrations.length, 1);
			const { certificates } = cloud.device(cloud.registrationId)!;
			assert.equal(certificates.length, 2, "issued: enrolment and renewal");
			assert.equal(cloud.connections.at(-1)!.serial, certificates[0]!.serial);
		}));

	const sweep = process.env.SWEEP === undefined ? "SKIPPED: waits for 30 s (SWEEP=1)" : false;
	test("dropped in silence: over 443 after half of the time that a connection has", { skip: sweep }, () =>
		withSite(3, async (site, device) => {
			await site.set8883("silent");
			boot(device, site);
			await device.log("transport  failed=wire.timeout  next=ws");
			await device.methods();
			assert.deepEqual(transports(site), ["dps ws", "hub ws"]);
			assert.equal(site.tried, 1);
			await device.powerOff();
		}),
	);
});
