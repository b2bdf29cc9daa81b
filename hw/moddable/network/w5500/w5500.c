/* A W5500 by Espressif's component `w5500`, which took the place of ESP-IDF's own driver in v6.0; pins by manifest_w5500.json. */
#include "mc.defines.h"
#include "ethernet.h"
#include "esp_eth_mac_w5500.h"
#include "esp_eth_phy_w5500.h"

/* Without its interrupt the chip is asked as often. */
#define POLL_MILLISECONDS 10

/* The driver copies the configuration. */
esp_eth_mac_t* mod_ethernet_get_mac(spi_device_interface_config_t spi, int interrupt)
{
	eth_w5500_config_t chip = ETH_W5500_DEFAULT_CONFIG(MODDEF_ETHERNET_SPI_PORT, &spi);
	eth_mac_config_t config = ETH_MAC_DEFAULT_CONFIG();

	chip.int_gpio_num = interrupt;
	chip.poll_period_ms = interrupt < 0 ? POLL_MILLISECONDS : 0;
	return esp_eth_mac_new_w5500(&chip, &config);
}

/* The reset line is left alone: the driver resets the chip by a register. */
esp_eth_phy_t* mod_ethernet_get_phy(void)
{
	eth_phy_config_t config = ETH_PHY_DEFAULT_CONFIG();

	config.reset_gpio_num = -1;
	return esp_eth_phy_new_w5500(&config);
}
