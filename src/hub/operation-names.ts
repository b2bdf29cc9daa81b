/** What can be switched off of what the agent does for an operator over the hub; see operations.ts, src/update/component.ts. */
export const OPERATIONS = ["status", "renew", "reboot", "resume", "twin", "update"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The part of the configuration that is about operations. */
export interface OperationSettings {
	readonly operations: readonly Operation[];
	/** Between two telemetry messages about the device's health; 0: none. */
	readonly healthSeconds: number;
	/** Version of the application's firmware. */
	readonly firmware: string | undefined;
}
