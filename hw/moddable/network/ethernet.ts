/**
 * The link over Ethernet through the SDK's `io/ethernet`, which takes the pins from the manifest's `defines`: RMII PHYs, and chips on
 * SPI whose driver the application brings (README.md, "The network"). It follows the cable by itself, and DHCP with it; there is
 * nothing to connect again.
 */
import Ethernet from "embedded:network/interface/ethernet";
import type { LinkChanged } from "./link.ts";

/** `connection` of ECMA-419's network interface, from here on: an address. */
const ADDRESSED = 500;

export function openLink(changed: LinkChanged): boolean {
	let up = false;
	const look = (): void => {
		const addressed = ethernet.connection >= ADDRESSED;
		if (addressed === up) return;
		up = addressed;
		changed(addressed ? ethernet.address : undefined);
	};
	const ethernet = new Ethernet({ onChanged: look });
	ethernet.connect();
	look();
	return true;
}
