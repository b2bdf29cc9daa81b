/* Stand-in for ESP-IDF's header: only what hw/moddable/native uses. */
#pragma once
#include <stddef.h>
#include "esp_err.h"
typedef struct {
	size_t used_entries;
	size_t free_entries;
	size_t available_entries;
	size_t total_entries;
	size_t namespace_count;
} nvs_stats_t;
esp_err_t nvs_get_stats(const char* part_name, nvs_stats_t* nvs_stats);
