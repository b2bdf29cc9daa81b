/**
 * The slot of an application as a power-up finds it. Of the engine there is only that it restarts: nothing that is placed is run. Plain
 * JavaScript for XS and Node alike.
 */

/** `restarted` is called in place of a restart. */
export function powerUp({ AppSlot, flash, store, version, modules }, restarted) {
	const engine = { version, modules, isMapped: () => false, guard() {}, restart: restarted };
	const slot = new AppSlot({ flash, store, engine });
	slot.boot(false);
	return slot;
}
