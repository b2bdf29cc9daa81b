/** What an application imports on any platform, together with the ports of its own (hw/node, hw/moddable). */
export { Agent, type AgentOptions, type AgentState } from "./agent.ts";
export { type ApplicationLog, applicationLog } from "./base/log.ts";
export { type Config, type ConfigInput, parseConfig } from "./config.ts";
export { Fault, type FaultCode } from "./fault.ts";
export {
	CONTENT_ENCODING,
	CONTENT_TYPE,
	CORRELATION_ID,
	MESSAGE_ID,
	type Properties,
} from "./hub/hub-topics.ts";
export type { Json, JsonObject } from "./hub/json.ts";
export type { CloudMessage } from "./hub/messages.ts";
export type { MethodHandler, MethodHandlers, Respond } from "./hub/methods.ts";
export type { Desired } from "./hub/twin.ts";
export type { DeviceAssignment } from "./identity/record.ts";
export type { Clock, Entropy, Log, Slot, Store, Wire } from "./port.ts";
export { FAULTS } from "./remedies.ts";
