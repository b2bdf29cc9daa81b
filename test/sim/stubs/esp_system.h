/* Stand-in for ESP-IDF's header: only what hw/moddable/native uses. */
#pragma once
void esp_restart(void) __attribute__((__noreturn__));
