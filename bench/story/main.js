import { run } from "app";
import { Agent, readConfig } from "enrollee";
import { createClock } from "enrollee/clock";
import { fill } from "enrollee/entropy";
import { createWire } from "enrollee/wire";

run({ Agent, readConfig, createClock, createWire, fill });
