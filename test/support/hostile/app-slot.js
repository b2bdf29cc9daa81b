/**
 * The slot of an application as a power-up finds it. Plain JavaScript for XS and Node alike.
 */

/** `restarted` is called in place of a restart. */
export function powerUp({ AppSlot, flash, store, engine }, restarted) {
	const slot = new AppSlot({ flash, store, engine: engine(restarted) });
	slot.boot(false);
	return slot;
}
