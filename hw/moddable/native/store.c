/* The native half of store-nvs.ts: what the SDK's key-value storage does not tell. What fails throws the esp_err_t's name. */
#include "xsmc.h"
#include "xsHost.h"

#include "esp_err.h"
#include "app_update/include/esp_ota_ops.h"
#include "nvs_flash/include/nvs.h"

/* Whether the running image may be left for the one before it at the next reset. */
void xs_store_trial(xsMachine* the)
{
	esp_ota_img_states_t found = ESP_OTA_IMG_UNDEFINED;
	const esp_partition_t* running = esp_ota_get_running_partition();
	xsmcSetBoolean(xsResult, running != NULL && esp_ota_get_state_partition(running, &found) == ESP_OK
		&& found == ESP_OTA_IMG_PENDING_VERIFY);
}

static void stats(xsMachine* the, nvs_stats_t* found)
{
	esp_err_t error = nvs_get_stats(NULL, found);
	if (error != ESP_OK)
		xsUnknownError("%s", esp_err_to_name(error));
}

/* Entries of 32 bytes: those that hold something, and all of the partition. */
void xs_store_used(xsMachine* the)
{
	nvs_stats_t found;
	stats(the, &found);
	xsmcSetInteger(xsResult, (int)found.used_entries);
}

void xs_store_total(xsMachine* the)
{
	nvs_stats_t found;
	stats(the, &found);
	xsmcSetInteger(xsResult, (int)found.total_entries);
}
