#include "values.h"

#include <algorithm>
#include <functional>
#include <vector>

#include "text.h"

esp_err_t read_value(nvs_handle_t handle, const char* key, nvs_type_t type, std::string& value)
{
	size_t length = 0;
	uint32_t number = 0;
	esp_err_t error;
	if (type == NVS_TYPE_U32) {
		error = nvs_get_u32(handle, key, &number);
		value = std::to_string(number);
		return error;
	}
	bool is_blob = type == NVS_TYPE_BLOB;
	error = is_blob ? nvs_get_blob(handle, key, nullptr, &length) : nvs_get_str(handle, key, nullptr, &length);
	if (error != ESP_OK)
		return error;
	std::string bytes(length, '\0');
	error = is_blob ? nvs_get_blob(handle, key, &bytes[0], &length) : nvs_get_str(handle, key, &bytes[0], &length);
	value = to_hex(is_blob ? bytes : bytes.substr(0, length - 1));
	return error;
}

/* ` KEY=VALUE` of each, in NVS's order. What is listed and cannot be read is lost. */
static void each(const char* space, nvs_handle_t handle, const std::function<void(const std::string&)>& take)
{
	nvs_iterator_t it = nullptr;
	esp_err_t error = nvs_entry_find("nvs", space, NVS_TYPE_ANY, &it);
	for (; error == ESP_OK; error = nvs_entry_next(&it)) {
		nvs_entry_info_t info;
		std::string value;
		nvs_entry_info(it, &info);
		if (read_value(handle, info.key, info.type, value) == ESP_OK)
			take(std::string(" ") + info.key + "=" + value);
	}
	nvs_release_iterator(it);
}

std::string dump(const char* space, nvs_handle_t handle)
{
	std::vector<std::string> found;
	each(space, handle, [&](const std::string& pair) { found.push_back(pair); });
	std::sort(found.begin(), found.end());
	std::string text;
	for (const std::string& pair : found)
		text += pair;
	return text;
}

uint64_t digest(const char* space, nvs_handle_t handle)
{
	uint64_t sum = 0;
	each(space, handle, [&](const std::string& pair) {
		/* FNV-1a. */
		uint64_t hash = 0xcbf29ce484222325;
		for (unsigned char byte : pair)
			hash = (hash ^ byte) * 0x100000001b3;
		sum += hash;
	});
	return sum;
}
