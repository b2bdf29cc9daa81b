#include "ethernet.h"
#include "esp_eth_mac_openeth.h"

esp_eth_mac_t* mod_ethernet_get_mac(spi_device_interface_config_t unused, int interrupt)
{
	eth_mac_config_t config = ETH_MAC_DEFAULT_CONFIG();
	(void)unused;
	(void)interrupt;
	return esp_eth_mac_new_openeth(&config);
}

esp_eth_phy_t* mod_ethernet_get_phy(void)
{
	eth_phy_config_t config = ETH_PHY_DEFAULT_CONFIG();
	config.autonego_timeout_ms = 100;
	return esp_eth_phy_new_generic(&config);
}
