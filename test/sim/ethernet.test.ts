/** Images for boards with Ethernet, as far as they can be made without ESP-IDF: the script with its preloads, pins, drivers, sdkconfig. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { project, skip } from "../../hw/simulator/harness.ts";
import { configureForEsp32, type Image, linkForEsp32 } from "./esp32.ts";

/** Compiled C of the image that has to do with its network. */
const drivers = (image: Image): string[] =>
	[
		...new Set(image.file("makefile").match(/(?<=^\t\$\(TMP_DIR\)\/)(ethernet|enc28|wifi|w5500)\S*(?=\.c\.o)/gm)),
	].sort();

const defined = (image: Image): Record<string, string> =>
	Object.fromEntries(
		[...image.file("mc.defines.h").matchAll(/^#define MODDEF_(\w+) \(?(.*?)\)?$/gm)].map(([, name, value]) => [
			name!,
			value!,
		]),
	);

function checkEthernet(image: Image): void {
	assert.ok(image.module("enrollee/link").includes("embedded:network/interface/ethernet"));
	assert.ok(image.module("setup/network").includes("network: lost"), "setup/network is the SDK's");
	assert.ok(!/"(setup\/)?ethernet", \{ XS_MAJOR/.test(image.script), "the SDK's older driver is linked, too");
	assert.equal(defined(image).ENTROPY_ADC, "1", "nothing would feed the random generator");
}

describe("Ethernet", { skip }, () => {
	for (const [target, pins] of [
		["wt32_eth01", { PHY_ADDRESS: "1", PHY_RESET: "16", MAC_MDC: "23", MAC_MDIO: "18" }],
		["ethernet_kit", { PHY_ADDRESS: "1", PHY_RESET: "5", MAC_MDC: "23", MAC_MDIO: "18" }],
	] as const)
		test(`esp32/${target}: the SDK's pins, one driver, and the sdkconfig and partitions of every other ESP32 of ours`, () => {
			const manifest = join(project, "manifest.json");
			const image = linkForEsp32(manifest, `esp32/${target}`, "esp32");
			checkEthernet(image);
			assert.deepEqual(drivers(image), ["ethernet-esp32"]);
			for (const [name, value] of Object.entries(pins))
				assert.equal(defined(image)[`ETHERNET_INTERNAL_${name}`], value);
			const { sdkconfig, partitions } = configureForEsp32(manifest, "esp32", "esp32");
			assert.deepEqual([image.sdkconfig, image.partitions], [sdkconfig, partitions]);
		});

	test("SDKCONFIGPATH of the shell is taken for esp32/wt32_eth01, too", () => {
		const SDKCONFIGPATH = join(project, "hw/moddable/sdkconfig-encrypted");
		const { sdkconfig } = configureForEsp32(join(project, "manifest.json"), "esp32/wt32_eth01", "esp32", {
			SDKCONFIGPATH,
		});
		assert.match(sdkconfig, /^CONFIG_SECURE_FLASH_ENC_ENABLED=y$/m);
	});

	for (const [target, chip] of [
		["esp32", "esp32"],
		["esp32/esp32c3", "esp32c3"],
	] as const)
		test(`a W5500 at ${target}: the pins of its manifest, one driver and Espressif's component`, () => {
			const image = linkForEsp32(join(project, "test/sim/w5500/manifest.json"), target, chip);
			checkEthernet(image);
			assert.deepEqual(drivers(image), ["ethernet-esp32", "w5500"]);
			const { ETHERNET_INT_PIN, ETHERNET_HZ, ETHERNET_SPI_CS_PIN, ETHERNET_SPI_DMA_CH } = defined(image);
			assert.deepEqual(
				[ETHERNET_INT_PIN, ETHERNET_HZ, ETHERNET_SPI_CS_PIN, ETHERNET_SPI_DMA_CH],
				["10", "16000000", "7", "SPI_DMA_CH_AUTO"],
			);
			assert.match(image.file("makefile"), /add-dependency "espressif\/w5500\^1\.0\.1"/);
			const { sdkconfig } = configureForEsp32(join(project, "manifest.json"), target, chip);
			assert.equal(image.sdkconfig, sdkconfig);
		});
});
