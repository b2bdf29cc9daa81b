/** `simulator` for apps in the simulator: what a desktop process has and a device does not. */

/** An environment variable, or undefined. */
export const environment = (name) => native("xs_simulator_environment").call(undefined, name);

/** Ends the headless host with this exit code after the current callback; mcsim stays open. */
export const exit = (code) => globalThis.screen.postMessage(`exit:${code}`);
