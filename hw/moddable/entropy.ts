/**
 * `#entropy` and the Entropy port on Moddable: getrandom(2) in the simulator, esp_fill_random on ESP32.
 *
 * The SDK's `rng` is no source of keys: RC4 from a seed that is the same in every run of the simulator. On ESP32 the
 * hardware generator is a true one only while the radio is on (ESP-IDF, "Random Number Generation"), so keys are made
 * after the network has come up, and asked for before, it throws; a board on Ethernet feeds it from the ADC's noise at each draw (`defines.entropy.adc`), so that
 * its application must not use the ADC at the same moment.
 */
export function fill(bytes: Uint8Array): void {
	native("xs_entropy_fill").call(undefined, bytes);
}
