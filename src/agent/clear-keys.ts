/** Which private keys who has the device in hand could read. */
import type { AgentOptions } from "../options.ts";

/** For Fault store.clear; undefined where there are none, or nobody can say whether the store is encrypted. */
export function keysInClear({ store, keystore, config }: AgentOptions): string | undefined {
	if (!store.isClear) return undefined;
	const keys = [
		...(keystore && !config.operational ? [] : ["the device's key"]),
		...(config.onboarding ? ["the onboarding key"] : []),
	];
	return keys.length > 0 ? `${keys.join(" and ")}: neither flash nor NVS is encrypted` : undefined;
}
