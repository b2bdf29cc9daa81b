/**
 * `enrollee/link`: what carries the network of a board. wifi.ts and ethernet.ts have this shape; the manifest names one.
 * A link never gives up: after a loss it comes back by itself.
 */

/** Hears the address as soon as there is one, and undefined at each loss. */
export type LinkChanged = (address: string | undefined) => void;

/** False where the board has no such link configured: then there is nothing to wait for. */
export type OpenLink = (changed: LinkChanged) => boolean;
