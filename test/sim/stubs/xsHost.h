/* Nothing of it is used on ESP32. */
#pragma once
