/* The native half of store-nvs.ts: what the SDK's key-value storage does not tell. */
#include "xsmc.h"
#include "xsHost.h"

#include "sdkconfig.h"
#include "esp_err.h"
#include "bootloader_support/include/esp_flash_encrypt.h"
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

/*
 * Whether who reads the flash of this board reads its records: a release build whose NVS is not encrypted by a key that flash does not
 * show. In eFuse (HMAC), or in nvs_keys, which flash encryption covers.
 */
void xs_store_clear(xsMachine* the)
{
#if defined(mxDebug) || defined(CONFIG_NVS_SEC_KEY_PROTECT_USING_HMAC)
	xsmcSetBoolean(xsResult, 0);
#elif defined(CONFIG_NVS_ENCRYPTION)
	xsmcSetBoolean(xsResult, !esp_flash_encryption_enabled());
#else
	xsmcSetBoolean(xsResult, 1);
#endif
}

/* Three numbers of 32 bits: entries of the default partition in all, in use, and in use by this namespace. Else undefined. */
void xs_store_entries(xsMachine* the)
{
	nvs_stats_t found;
	nvs_handle_t handle;
	size_t own = 0;
	uint32_t counts[3];
	if (nvs_get_stats(NULL, &found) != ESP_OK)
		return;
	/* Without records there is no namespace. */
	if (nvs_open(xsmcToString(xsArg(0)), NVS_READONLY, &handle) == ESP_OK) {
		if (nvs_get_used_entry_count(handle, &own) != ESP_OK)
			own = 0;
		nvs_close(handle);
	}
	counts[0] = found.total_entries;
	counts[1] = found.used_entries;
	counts[2] = own;
	xsmcSetArrayBuffer(xsResult, counts, sizeof counts);
}
