/* Stand-in for ESP-IDF's header: only what hw/moddable/native uses. */
#pragma once
#include <stdint.h>
uint32_t esp_efuse_read_secure_version(void);
