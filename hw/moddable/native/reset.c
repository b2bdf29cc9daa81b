/* The native half of system-esp32.ts: what began this start, by the names of ResetReason (src/port.ts). */
#include "xsmc.h"
#include "xsHost.h"

#include "esp_system.h"

void xs_system_reset(xsMachine* the)
{
	const char* name = "unknown";
	switch (esp_reset_reason()) {
		case ESP_RST_POWERON:
			name = "power-on";
			break;
		case ESP_RST_EXT:
			name = "reset-pin";
			break;
		case ESP_RST_SW:
			name = "software";
			break;
		case ESP_RST_PANIC:
			name = "panic";
			break;
		case ESP_RST_INT_WDT:
		case ESP_RST_TASK_WDT:
		case ESP_RST_WDT:
			name = "watchdog";
			break;
		case ESP_RST_DEEPSLEEP:
			name = "deep-sleep";
			break;
		case ESP_RST_BROWNOUT:
			name = "brownout";
			break;
		default:
			break;
	}
	xsmcSetString(xsResult, (char*)name);
}
