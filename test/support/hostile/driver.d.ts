import type { Agent, AgentOptions } from "../../../src/agent.ts";
import type { Config } from "../../../src/config.ts";
import type { Slot } from "../../../src/port.ts";

export function drive(
	options: {
		readonly Agent: typeof Agent;
		readonly ports: Pick<AgentOptions, "wire" | "store" | "clock" | "entropy">;
		readonly config: Config;
		readonly slot?: Slot | undefined;
		/** As a power-up finds it. */
		appSlot?(restarted: () => void): AgentOptions["appSlot"];
		/** An application that has a twin and nothing else. */
		readonly isSmall?: boolean;
		readonly log?: AgentOptions["log"];
		next(index: number, start: (row: string | undefined) => void): void;
		connected?(index: number): void;
		tell(index: number, how: string, codes: string, messages: number): void;
		end(): void;
	},
	index?: number,
): void;
