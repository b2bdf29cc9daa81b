/*
 * Flash in memory under ESP-IDF's NVS, in place of the partition: the linker lets esp_partition's calls end here
 * (CMakeLists.txt, --wrap). As NOR flash: a write clears bits, an erase sets those of a sector. Power goes before, in the
 * middle of, or after the change that was ordered; from then on nothing changes until `flash_power`.
 */
#include "flash.h"

#include <string.h>

uint8_t flash_bytes[FLASH_BYTES];
uint32_t flash_erases[FLASH_PAGES];
uint32_t flash_changes;

static uint32_t cut_at;
static enum flash_part cut_part;
static bool powered = true;

void flash_power(void)
{
	powered = true;
	flash_changes = 0;
	cut_at = UINT32_MAX;
}

void flash_cut(uint32_t change, enum flash_part part)
{
	flash_changes = 0;
	cut_at = change;
	cut_part = part;
}

bool flash_is_cut(void)
{
	return !powered;
}

/* How much of a change of `size` bytes takes effect. */
static size_t take(size_t size)
{
	if (!powered)
		return 0;
	if (flash_changes++ != cut_at)
		return size;
	powered = false;
	return cut_part == FLASH_NOTHING ? 0 : cut_part == FLASH_HALF ? size / 2 : size;
}

static bool is_outside(size_t offset, size_t size)
{
	return offset > FLASH_BYTES || size > FLASH_BYTES - offset;
}

static esp_err_t read_flash(size_t offset, void* to, size_t size)
{
	if (is_outside(offset, size))
		return ESP_ERR_INVALID_SIZE;
	memcpy(to, flash_bytes + offset, size);
	return ESP_OK;
}

static esp_err_t write_flash(size_t offset, const void* from, size_t size)
{
	if (is_outside(offset, size))
		return ESP_ERR_INVALID_SIZE;
	size_t taken = take(size);
	for (size_t i = 0; i < taken; i++)
		flash_bytes[offset + i] &= ((const uint8_t*)from)[i];
	return powered ? ESP_OK : ESP_FAIL;
}

esp_err_t __wrap_esp_partition_read(const esp_partition_t* partition, size_t offset, void* to, size_t size)
{
	(void)partition;
	return read_flash(offset, to, size);
}

esp_err_t __wrap_esp_partition_read_raw(const esp_partition_t* partition, size_t offset, void* to, size_t size)
{
	(void)partition;
	return read_flash(offset, to, size);
}

esp_err_t __wrap_esp_partition_write(const esp_partition_t* partition, size_t offset, const void* from, size_t size)
{
	(void)partition;
	return write_flash(offset, from, size);
}

esp_err_t __wrap_esp_partition_write_raw(const esp_partition_t* partition, size_t offset, const void* from, size_t size)
{
	(void)partition;
	return write_flash(offset, from, size);
}

esp_err_t __wrap_esp_partition_erase_range(const esp_partition_t* partition, size_t offset, size_t size)
{
	(void)partition;
	if (is_outside(offset, size) || offset % FLASH_PAGE_BYTES || size % FLASH_PAGE_BYTES)
		return ESP_ERR_INVALID_SIZE;
	for (size_t at = offset; at < offset + size; at += FLASH_PAGE_BYTES) {
		size_t taken = take(FLASH_PAGE_BYTES);
		memset(flash_bytes + at, 0xff, taken);
		if (taken)
			flash_erases[at / FLASH_PAGE_BYTES]++;
	}
	return powered ? ESP_OK : ESP_FAIL;
}
