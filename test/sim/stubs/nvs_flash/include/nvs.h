/* Stand-in for ESP-IDF's header: only what hw/moddable/native uses. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "esp_err.h"

typedef uint32_t nvs_handle_t;
typedef enum { NVS_READONLY, NVS_READWRITE } nvs_open_mode_t;
typedef struct {
	size_t used_entries;
	size_t free_entries;
	size_t available_entries;
	size_t total_entries;
	size_t namespace_count;
} nvs_stats_t;

esp_err_t nvs_get_stats(const char* partition, nvs_stats_t* stats);
esp_err_t nvs_open(const char* name, nvs_open_mode_t mode, nvs_handle_t* handle);
esp_err_t nvs_get_used_entry_count(nvs_handle_t handle, size_t* count);
void nvs_close(nvs_handle_t handle);
