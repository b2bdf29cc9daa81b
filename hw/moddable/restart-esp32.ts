/** `enrollee/restart` on ESP32. */
export const restart = (): never => System.restart();
