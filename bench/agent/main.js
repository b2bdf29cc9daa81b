import { run } from "app";
import { Agent, createPorts, readConfig } from "enrollee";

run({ Agent, createPorts, readConfig });
