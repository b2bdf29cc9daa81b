/*
 * The native half of slot.ts: the calls of ESP-IDF's app_update that the SDK does not bind, on the two application
 * slots, with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE. What fails throws the name of the esp_err_t.
 */
#include "xsmc.h"
#include "xsHost.h"

#include "sdkconfig.h"
#include "esp_err.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "esp_partition.h"
#include "app_update/include/esp_ota_ops.h"
#include "hal/wdt_hal.h"
#if CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
#include "efuse/include/esp_efuse.h"
#endif

#include "demands.h"

static esp_timer_handle_t gGuard;

/*
 * The release's number, eight bytes behind the mark, little endian: `enrollee bundle` writes it into the linked image. It is
 * volatile, or the compiler would take its zeros for what it will ever be.
 */
static const volatile struct {
	char mark[16];
	uint8_t number[8];
} gRelease = { { 'E', 'N', 'R', 'O', 'L', 'L', 'E', 'E', ' ', 'R', 'E', 'L', 'E', 'A', 'S', 'E' }, { 0 } };

static void check(xsMachine* the, esp_err_t error)
{
	if (error != ESP_OK)
		xsUnknownError("%s", esp_err_to_name(error));
}

/* Valid also for an image flashed by cable: the bootloader writes so at its first start. Undefined where flash has lost it. */
static esp_ota_img_states_t state(void)
{
	esp_ota_img_states_t found = ESP_OTA_IMG_UNDEFINED;
	if (esp_ota_get_state_partition(esp_ota_get_running_partition(), &found) != ESP_OK)
		return ESP_OTA_IMG_UNDEFINED;
	return found;
}

void xs_slot_running(xsMachine* the)
{
	xsmcSetString(xsResult, (char*)esp_ota_get_running_partition()->label);
}

void xs_slot_state(xsMachine* the)
{
	esp_ota_img_states_t found = state();
	const char* name = "unknown";
	if (found == ESP_OTA_IMG_PENDING_VERIFY)
		name = "trial";
	else if (found == ESP_OTA_IMG_VALID)
		name = "valid";
	xsmcSetString(xsResult, (char*)name);
}

/* All of the mark is looked at, so that the linker keeps it. */
void xs_slot_sequence(xsMachine* the)
{
	double number = 0;
	int i, marked = 1;
	for (i = 0; i < 16; i++)
		marked &= gRelease.mark[i] != 0;
	for (i = 7; marked && i >= 0; i--)
		number = number * 256 + gRelease.number[i];
	xsmcSetNumber(xsResult, number);
}

/* Of the eFuse, which ESP-IDF raises when an image is confirmed; undefined where the bootloader does not look at it. */
void xs_slot_secure_version(xsMachine* the)
{
#if CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
	xsmcSetInteger(xsResult, esp_efuse_read_secure_version());
#else
	(void)the;
#endif
}

void xs_slot_secure_bits(xsMachine* the)
{
#if CONFIG_BOOTLOADER_APP_ANTI_ROLLBACK
	xsmcSetInteger(xsResult, CONFIG_BOOTLOADER_APP_SEC_VER_SIZE_EFUSE_FIELD);
#else
	(void)the;
#endif
}

/*
 * As esp_ota_begin does: no entry may name a slot that is being written. ESP_FAIL says that none does, as on every new
 * board, or that it is the one that the bootloader has just passed over; what cannot be erased has a code of its own.
 */
void xs_slot_prepare(xsMachine* the)
{
	esp_err_t error = esp_ota_invalidate_inactive_ota_data_slot();
	if (error != ESP_FAIL)
		check(the, error);
}

/* Verifies the image, then writes one of the two sectors of otadata. */
void xs_slot_arm(xsMachine* the)
{
	check(the, esp_ota_set_boot_partition(esp_ota_get_next_update_partition(NULL)));
}

void xs_slot_confirm(xsMachine* the)
{
	if (state() != ESP_OTA_IMG_UNDEFINED)
		check(the, esp_ota_mark_app_valid_cancel_rollback());
	if (gGuard)
		esp_timer_stop(gGuard);
}

/*
 * Returns only by throwing. ESP-IDF refuses to mark the image where otadata has lost what it said about the other one;
 * there the bootloader ends the trial at the restart.
 */
void xs_slot_revert(xsMachine* the)
{
	esp_err_t error = esp_ota_mark_app_invalid_rollback_and_reboot();
	if (state() == ESP_OTA_IMG_PENDING_VERIFY)
		esp_restart();
	check(the, error == ESP_OK ? ESP_FAIL : error);
}

static void expire(void* unused)
{
	(void)unused;
	esp_restart();
}

/* A timer of the system's own task: it fires also when the script hangs. 0 seconds stop it. */
void xs_slot_guard(xsMachine* the)
{
	const esp_timer_create_args_t options = { .callback = expire, .name = "slot-guard" };
	uint64_t microseconds = (uint64_t)xsmcToInteger(xsArg(0)) * 1000000;
	if (gGuard)
		esp_timer_stop(gGuard);
	else
		check(the, esp_timer_create(&options, &gGuard));
	if (microseconds)
		check(the, esp_timer_start_once(gGuard, microseconds));
}

/* The watchdog that has run since the bootloader: CONFIG_BOOTLOADER_WDT_DISABLE_IN_USER_CODE leaves it to us. */
void xs_slot_awake(xsMachine* the)
{
	wdt_hal_context_t watchdog = RWDT_HAL_CONTEXT_DEFAULT();
	(void)the;
	wdt_hal_write_protect_disable(&watchdog);
	wdt_hal_disable(&watchdog);
	wdt_hal_write_protect_enable(&watchdog);
}

void xs_slot_restart(xsMachine* the)
{
	(void)the;
	esp_restart();
}
