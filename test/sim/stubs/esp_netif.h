/* ESP-IDF, esp_netif. */
#pragma once
#include <stdbool.h>

typedef struct esp_netif_obj esp_netif_t;

esp_netif_t* esp_netif_get_default_netif(void);
bool esp_netif_is_netif_up(esp_netif_t* esp_netif);
