/* Flash in memory, whose power can be cut: flash.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "esp_err.h"
#include "esp_partition.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FLASH_PAGE_BYTES 4096
/* As the partition `nvs` of hw/moddable/partitions.csv. */
#define FLASH_PAGES 16
#define FLASH_BYTES (FLASH_PAGES * FLASH_PAGE_BYTES)

/* Of the change in which the power goes. */
enum flash_part { FLASH_NOTHING, FLASH_HALF, FLASH_ALL };

extern uint8_t flash_bytes[FLASH_BYTES];
extern uint32_t flash_erases[FLASH_PAGES];
/* Writes and erases since flash_power or flash_cut. */
extern uint32_t flash_changes;

void flash_power(void);
/* The power goes in the change with this number from now, counted from 0. */
void flash_cut(uint32_t change, enum flash_part part);
bool flash_is_cut(void);

#ifdef __cplusplus
}
#endif
