import { environment, exit } from "simulator";

trace(`hello ${environment("WHO")} <&"\u00e9>\n`);
if (environment("MODE") === "throw") throw new Error("on purpose");
// biome-ignore lint/suspicious/noDebugger: what the test is about
if (environment("MODE") === "debugger") debugger;
if (environment("MODE") === "allocate") new ArrayBuffer(200_000);
if (environment("MODE") !== "hang") exit(Number(environment("CODE") ?? 0));
