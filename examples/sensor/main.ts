/** The device: an agent, and the sensor that is built in until another one comes over the air. */
import { runApp } from "enrollee/app";
import sensor from "./app";

runApp(sensor);
