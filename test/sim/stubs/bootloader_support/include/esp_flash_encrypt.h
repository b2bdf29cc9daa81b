/* Stand-in for ESP-IDF's header: only what hw/moddable/native uses. */
#pragma once
#include <stdbool.h>

bool esp_flash_encryption_enabled(void);
