/* What stands in a namespace. */
#pragma once

#include <stdint.h>

#include <string>

#include "nvs.h"

/* Blobs and strings in hexadecimal. */
esp_err_t read_value(nvs_handle_t handle, const char* key, nvs_type_t type, std::string& value);

/* Every key and value: ` KEY=VALUE` each, sorted. */
std::string dump(const char* space, nvs_handle_t handle);

/* Of every key and value, in any order: a full partition, written out, would not fit into the memory of a chip. */
uint64_t digest(const char* space, nvs_handle_t handle);
