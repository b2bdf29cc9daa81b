/* Stand-in for ESP-IDF's header: only what hw/moddable/native uses. */
#pragma once
typedef struct {
	char label[17];
} esp_partition_t;
