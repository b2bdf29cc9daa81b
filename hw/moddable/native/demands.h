/*
 * What the image's ESP-IDF must be configured to, or it is not built. More than half of the SDK's targets name an sdkconfig folder of
 * their own, which wins over hw/moddable/sdkconfig (SDK 8.2.3): their images would have neither rollback nor our watchdog, and a
 * panic would print memory, keys included. Copy that folder, add the lines that are missing, and name it in SDKCONFIGPATH.
 */
#include "sdkconfig.h"

#ifndef CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE
	#error "enrollee: add CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE=y to this target's sdkconfig.defaults"
#endif
#if defined(CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS)
	#error "enrollee: add CONFIG_BOOTLOADER_SKIP_VALIDATE_ALWAYS=n to this target's sdkconfig.defaults"
#endif
#if !defined(CONFIG_BOOTLOADER_WDT_ENABLE) || !defined(CONFIG_BOOTLOADER_WDT_DISABLE_IN_USER_CODE)
	#error "enrollee: add CONFIG_BOOTLOADER_WDT_ENABLE=y and CONFIG_BOOTLOADER_WDT_DISABLE_IN_USER_CODE=y to this target's sdkconfig.defaults"
#endif
#if !defined(CONFIG_PARTITION_TABLE_CUSTOM)
	#error "enrollee: add CONFIG_PARTITION_TABLE_CUSTOM=y to this target's sdkconfig.defaults"
#endif
/* mcconfig writes that one, and partitions.mk looks at it. */
#if defined(CONFIG_PARTITION_TABLE_CUSTOM_FILENAME)
_Static_assert(__builtin_strcmp(CONFIG_PARTITION_TABLE_CUSTOM_FILENAME, "partitions.csv") == 0,
	"enrollee: name the table in PARTITIONS_FILE, not by CONFIG_PARTITION_TABLE_CUSTOM_FILENAME in this target's sdkconfig.defaults");
#endif
#if !defined(CONFIG_ESP_ERR_TO_NAME_LOOKUP)
	#error "enrollee: add CONFIG_ESP_ERR_TO_NAME_LOOKUP=y to this target's sdkconfig.defaults"
#endif
/* Where a program is debugged, memory may be seen. */
#ifndef mxDebug
	#if defined(CONFIG_ESP_COREDUMP_ENABLE_TO_UART) || defined(CONFIG_ESP_COREDUMP_ENABLE_TO_FLASH)
		#error "enrollee: add CONFIG_ESP_COREDUMP_ENABLE_TO_NONE=y (TO_UART and TO_FLASH =n) to this target's sdkconfig.defaults"
	#endif
	#if !defined(CONFIG_ESP_SYSTEM_PANIC_SILENT_REBOOT)
		#error "enrollee: add CONFIG_ESP_SYSTEM_PANIC_SILENT_REBOOT=y (PRINT_REBOOT and GDBSTUB =n) to this target's sdkconfig.defaults"
	#endif
#endif
