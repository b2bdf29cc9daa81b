/*
 * ESP-IDF's NVS over a flash that loses power (flash.c), served by lines on stdin and stdout to test/nvs/served.ts.
 *
 *   clear                        blank flash, mounted
 *   mount                        power up: as after a reset
 *   get|del KEY, blob|str|u32 KEY VALUE     one call of the NVS API, committed; blobs and strings in hexadecimal
 *   fill KEY VALUE               a blob of somebody else: in another namespace
 *   dump                         every key and value of the namespace
 *   save, load                   the flash as it is, one copy
 *   sweep MOST COMMAND           COMMAND from the saved flash, with the power cut in every change of flash, or in so many evenly spread
 *                                ones; each is mounted again. `outcome COUNT CHANGE PART OTHERS KEY=VALUE...` for each end; OTHERS:
 *                                whether what `fill` wrote is as it was
 *   cut CHANGE PART COMMAND      one of these cuts from the saved flash
 *   stats                        entries used, free, of the namespace, in all; changes; erases of each page
 *
 * Each answer is lines that end with `ok ...` or `err NAME`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <algorithm>
#include <string>
#include <vector>

#include "flash.h"
#include "nvs.h"
#include "nvs_flash.h"
#include "text.h"
#include "values.h"

static const char* const NAMESPACE = "enrollee.state";
static const char* const OTHERS = "others";
static nvs_handle_t handle;
static uint8_t saved[FLASH_BYTES];
static uint32_t saved_erases[FLASH_PAGES];

static void unmount()
{
	if (handle)
		nvs_close(handle);
	handle = 0;
	nvs_flash_deinit();
}

/* As the device does at a reset. */
static esp_err_t mount()
{
	unmount();
	flash_power();
	esp_err_t error = nvs_flash_init();
	return error == ESP_OK ? nvs_open(NAMESPACE, NVS_READWRITE, &handle) : error;
}

static uint64_t digest_others()
{
	nvs_handle_t other;
	if (nvs_open(OTHERS, NVS_READONLY, &other) != ESP_OK)
		return 0;
	uint64_t found = digest(OTHERS, other);
	nvs_close(other);
	return found;
}

static esp_err_t fill(const char* key, const std::string& bytes)
{
	nvs_handle_t other;
	esp_err_t error = nvs_open(OTHERS, NVS_READWRITE, &other);
	if (error != ESP_OK)
		return error;
	error = nvs_set_blob(other, key, bytes.data(), bytes.size());
	nvs_close(other);
	return error;
}

static esp_err_t change(std::string rest)
{
	std::string what = word(rest);
	std::string key = word(rest);
	esp_err_t error = ESP_ERR_NOT_SUPPORTED;
	if (what == "del") {
		error = nvs_erase_key(handle, key.c_str());
		if (error == ESP_ERR_NVS_NOT_FOUND)
			error = ESP_OK;
	} else if (what == "blob") {
		std::string bytes = from_hex(rest);
		error = nvs_set_blob(handle, key.c_str(), bytes.data(), bytes.size());
	} else if (what == "fill")
		error = fill(key.c_str(), from_hex(rest));
	else if (what == "str")
		error = nvs_set_str(handle, key.c_str(), from_hex(rest).c_str());
	else if (what == "u32")
		error = nvs_set_u32(handle, key.c_str(), strtoul(rest.c_str(), nullptr, 10));
	return error == ESP_OK ? nvs_commit(handle) : error;
}

static void load()
{
	memcpy(flash_bytes, saved, sizeof saved);
	memcpy(flash_erases, saved_erases, sizeof saved_erases);
}

static void save()
{
	memcpy(saved, flash_bytes, sizeof saved);
	memcpy(saved_erases, flash_erases, sizeof saved_erases);
}

/* False: the command was over before. */
static bool cut(uint32_t at, enum flash_part part, const std::string& command)
{
	load();
	mount();
	flash_cut(at, part);
	change(command);
	bool was_cut = flash_is_cut();
	esp_err_t error = mount();
	if (error != ESP_OK)
		printf("lost %u %d %s\n", (unsigned)at, (int)part, esp_err_to_name(error));
	return was_cut;
}

/* Of each different outcome: how often, and the first cut that ends in it. */
static void sweep(uint32_t most, const std::string& command)
{
	struct Outcome {
		std::string text;
		unsigned count;
		unsigned at;
		int part;
	};
	std::vector<Outcome> outcomes;
	unsigned cuts = 0;
	load();
	mount();
	uint64_t others = digest_others();
	flash_cut(UINT32_MAX, FLASH_NOTHING);
	change(command);
	uint32_t step = 1 + flash_changes / most;
	for (uint32_t at = 0;; at += step) {
		bool was_cut = false;
		for (int part = FLASH_NOTHING; part <= FLASH_ALL; part++) {
			was_cut = cut(at, (enum flash_part)part, command);
			if (!was_cut)
				break;
			cuts++;
			std::string text = (digest_others() == others ? " same" : " lost") + dump(NAMESPACE, handle);
			Outcome* found = nullptr;
			for (Outcome& known : outcomes)
				if (known.text == text)
					found = &known;
			if (!found)
				found = &outcomes.emplace_back(Outcome{ text, 0, at, part });
			found->count++;
		}
		if (!was_cut)
			break;
	}
	for (const Outcome& outcome : outcomes)
		printf("outcome %u %u %d%s\n", outcome.count, outcome.at, outcome.part, outcome.text.c_str());
	load();
	mount();
	printf("ok %u\n", cuts);
}

static void stats()
{
	nvs_stats_t found;
	esp_err_t error = nvs_get_stats(nullptr, &found);
	size_t own = 0;
	nvs_get_used_entry_count(handle, &own);
	printf("%s %u %u %u %u %u", error == ESP_OK ? "ok" : "err", (unsigned)found.used_entries, (unsigned)found.free_entries,
		(unsigned)own, (unsigned)found.total_entries, (unsigned)flash_changes);
	for (int page = 0; page < FLASH_PAGES; page++)
		printf(" %u", (unsigned)flash_erases[page]);
	printf("\n");
}

static void answer(esp_err_t error, const std::string& text = "")
{
	if (error == ESP_OK)
		printf("ok%s\n", text.c_str());
	else
		printf("err %s\n", esp_err_to_name(error));
}

static void serve(std::string rest)
{
	std::string whole = rest;
	std::string command = word(rest);
	if (command == "clear") {
		unmount();
		memset(flash_bytes, 0xff, sizeof flash_bytes);
		memset(flash_erases, 0, sizeof flash_erases);
		answer(mount());
	} else if (command == "mount")
		answer(mount());
	else if (command == "get") {
		std::string value;
		nvs_type_t type;
		esp_err_t error = nvs_find_key(handle, rest.c_str(), &type);
		if (error == ESP_OK)
			error = read_value(handle, rest.c_str(), type, value);
		answer(error, " " + value);
	} else if (command == "dump")
		answer(ESP_OK, dump(NAMESPACE, handle));
	else if (command == "save")
		save(), answer(ESP_OK);
	else if (command == "load")
		load(), answer(mount());
	else if (command == "sweep")
		sweep(std::max<uint32_t>(1, strtoul(word(rest).c_str(), nullptr, 10)), rest);
	else if (command == "cut") {
		uint32_t at = strtoul(word(rest).c_str(), nullptr, 10);
		int part = atoi(word(rest).c_str());
		cut(at, (enum flash_part)part, rest);
		answer(ESP_OK);
	} else if (command == "stats")
		stats();
	else
		answer(change(whole));
}

extern "C" void app_main(void)
{
	setvbuf(stdin, nullptr, _IONBF, 0);
	flash_power();
	printf("ready\n");
	for (;;) {
		fflush(stdout);
		serve(line());
	}
}
