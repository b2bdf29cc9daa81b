/* The native half of store-nvs.ts: what the SDK's key-value storage does not tell. */
#include "xsmc.h"
#include "xsHost.h"

#include "esp_err.h"
#include "app_update/include/esp_ota_ops.h"

/* Whether the running image may be left for the one before it at the next reset. */
void xs_store_trial(xsMachine* the)
{
	esp_ota_img_states_t found = ESP_OTA_IMG_UNDEFINED;
	const esp_partition_t* running = esp_ota_get_running_partition();
	xsmcSetBoolean(xsResult, running != NULL && esp_ota_get_state_partition(running, &found) == ESP_OK
		&& found == ESP_OTA_IMG_PENDING_VERIFY);
}
