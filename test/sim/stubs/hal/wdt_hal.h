/* Stand-in for ESP-IDF's header: only what hw/moddable/native uses. */
#pragma once
typedef struct {
	int inst;
	void* rwdt_dev;
} wdt_hal_context_t;
#define RWDT_HAL_CONTEXT_DEFAULT() { 0, 0 }
void wdt_hal_write_protect_disable(wdt_hal_context_t* hal);
void wdt_hal_write_protect_enable(wdt_hal_context_t* hal);
void wdt_hal_disable(wdt_hal_context_t* hal);
