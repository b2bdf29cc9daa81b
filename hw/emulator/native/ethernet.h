/*
 * What the SDK's io/ethernet asks of a board with an Ethernet chip of its own: its MAC and its PHY. Here they are those of QEMU's
 * machine esp32c3, an OpenCores MAC, which is on no SPI bus.
 */
#include "esp_eth_mac.h"
#include "esp_eth_phy.h"
#include "driver/gpio.h"
#include "driver/spi_master.h"

#define spi_bus_initialize(...) ESP_OK

esp_eth_mac_t* mod_ethernet_get_mac(spi_device_interface_config_t unused, int interrupt);
esp_eth_phy_t* mod_ethernet_get_phy(void);
