/**
 * The partition `nvs_keys` of one board (ESP-IDF, "NVS Encryption", NVS Key Partition): an XTS key and a tweak key, 32 bytes each,
 * their CRC-32, little endian, and erased flash up to 4,096 bytes.
 */
import { randomBytes } from "node:crypto";
import { crc32 } from "node:zlib";

const KEY_BYTES = 32;
const PARTITION_BYTES = 4096;
/** As the ROM's esp_rom_crc32_le is begun there. */
const CRC_START = 0xffffffff;

export function encodeNvsKeys(keys: Uint8Array = randomBytes(2 * KEY_BYTES)): Uint8Array {
	const partition = new Uint8Array(PARTITION_BYTES).fill(0xff);
	partition.set(keys);
	new DataView(partition.buffer).setUint32(2 * KEY_BYTES, crc32(keys, CRC_START), true);
	return partition;
}
