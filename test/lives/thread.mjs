/** Node gives a thread no loader of its own: this one reads TypeScript, as `--import tsx` does in the main thread. */
import { register } from "tsx/esm/api";

register();
await import("./worker.ts");
