/** What this build is, as package.json says it (a test compares them): no clock may be behind the release. */
export const VERSION = "0.1.0";
/** Midnight UTC of package.json's `releaseDate`, milliseconds since 1970. */
export const RELEASED = Date.UTC(2026, 10, 23);
