/* What the SDK's io/ethernet asks of a board whose Ethernet chip is on SPI: its MAC and its PHY. */
#include "esp_eth_mac.h"
#include "esp_eth_phy.h"
#include "driver/gpio.h"
#include "driver/spi_master.h"

esp_eth_mac_t* mod_ethernet_get_mac(spi_device_interface_config_t spi, int interrupt);
esp_eth_phy_t* mod_ethernet_get_phy(void);
