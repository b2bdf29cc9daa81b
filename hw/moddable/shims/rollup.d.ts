import type { Plugin } from "rollup";

export declare const SHIMS: Readonly<Record<string, string>>;
export declare function mqttPacketShims(): Plugin;
