/* SPDX-License-Identifier: Apache-2.0 */
/* The controller as a whole: reset, EEPROM, link and address filters. */
#include "e1000.h"

#include <string.h>
#include <time.h>

/* Known to work; others of the family need their own EEPROM and PHY code. */
static const struct e1000_model models[] = {
    {.device_id = 0x100e, .name = "82540EM", .eerd_address_shift = 8, .eerd_done = 1u << 4},
    {.device_id = 0x100f, .name = "82545EM", .eerd_address_shift = 8, .eerd_done = 1u << 4},
    {.device_id = 0x10d3, .name = "82574L", .eerd_address_shift = 2, .eerd_done = 1u << 1, .is_82574 = true},
};

const struct e1000_model *e1000_find_model(uint16_t device_id)
{
	for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++)
		if (models[i].device_id == device_id)
			return &models[i];
	return NULL;
}

uint64_t e1000_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void pause_us(long us)
{
	nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

/* True once the bits of `mask` read as `wanted`, within about `tries` * 100 us. */
static bool wait_for(struct e1000 *nic, uint32_t offset, uint32_t mask, uint32_t wanted, unsigned tries)
{
	for (unsigned i = 0; i < tries; i++) {
		if ((e1000_read(nic, offset) & mask) == wanted)
			return true;
		pause_us(100);
	}
	return false;
}

/* SDM 14.3 with 13.4.1, 82574 4.6.3 with 5.2.5.3.2.1 (PCIe master disable). */
enum rf_status e1000_reset(struct e1000 *nic, struct rf_error *error)
{
	e1000_write(nic, E1000_IMC, UINT32_MAX);
	e1000_write(nic, E1000_RCTL, 0);
	e1000_write(nic, E1000_TCTL, E1000_TCTL_PSP);
	const uint32_t control = e1000_read(nic, E1000_CTRL);
	if (nic->model->is_82574) {
		/* Requests that are still pending after this are dropped by the reset. */
		e1000_write(nic, E1000_CTRL, control | E1000_CTRL_GIO_MASTER_DISABLE);
		(void)wait_for(nic, E1000_STATUS, E1000_STATUS_GIO_MASTER_ENABLED, 0, 8);
	}
	e1000_write(nic, E1000_CTRL, control | E1000_CTRL_RST);
	/* The reset clears itself, then the EEPROM is loaded: 5 ms (SDM 5.6, 82574 4.6.3.1 for the first
	 * access). */
	pause_us(1000);
	const bool done = wait_for(nic, E1000_CTRL, E1000_CTRL_RST, 0, 200);
	pause_us(5000);
	if (!done || e1000_read(nic, E1000_STATUS) == E1000_GONE)
		return rf_fail(error, RF_ERR_SYSTEM,
		               "e1000:%s: the device does not come out of its reset: is it still plugged in "
		               "and powered?",
		               nic->bus->name);
	e1000_write(nic, E1000_IMC, UINT32_MAX);
	(void)e1000_read(nic, E1000_ICR);
	return RF_OK;
}

/* SDM 13.4.4, 82574 10.2.2.4 */
static bool read_eeprom(struct e1000 *nic, uint32_t word, uint16_t *value)
{
	const uint32_t done = nic->model->eerd_done;
	e1000_write(nic, E1000_EERD, word << nic->model->eerd_address_shift | E1000_EERD_START);
	if (!wait_for(nic, E1000_EERD, done, done, 100))
		return false;
	*value = (uint16_t)(e1000_read(nic, E1000_EERD) >> E1000_EERD_DATA_SHIFT);
	return true;
}

enum rf_status e1000_read_mac(struct e1000 *nic, struct rf_error *error)
{
	uint16_t sum = 0;
	for (uint32_t word = 0; word < E1000_EEPROM_WORDS; word++) {
		uint16_t value;
		if (!read_eeprom(nic, word, &value))
			return rf_fail(error, RF_ERR_SYSTEM, "e1000:%s: EEPROM word %u cannot be read",
			               nic->bus->name, word);
		sum = (uint16_t)(sum + value);
		/* Words 0 to 2 are the address, low byte first (SDM 5.6.1). */
		if (word < 3) {
			nic->mac[2 * word] = (uint8_t)value;
			nic->mac[2 * word + 1] = (uint8_t)(value >> 8);
		}
	}
	if (sum != E1000_EEPROM_SUM)
		return rf_fail(
		    error, RF_ERR_SYSTEM,
		    "e1000:%s: the EEPROM's checksum is %04x instead of %04x: its contents are damaged",
		    nic->bus->name, sum, E1000_EEPROM_SUM);
	return RF_OK;
}

/* SDM 13.5.2: the first pair is the device's own address, the others stay empty. */
static void set_addresses(struct e1000 *nic)
{
	const uint8_t *mac = nic->mac;
	const uint32_t low = mac[0] | (uint32_t)mac[1] << 8 | (uint32_t)mac[2] << 16 | (uint32_t)mac[3] << 24;
	e1000_write(nic, E1000_RAL(0), low);
	e1000_write(nic, E1000_RAH(0), mac[4] | (uint32_t)mac[5] << 8 | E1000_RAH_AV);
	for (uint32_t i = 1; i < E1000_RAL_PAIRS; i++) {
		e1000_write(nic, E1000_RAL(i), 0);
		e1000_write(nic, E1000_RAH(i), 0);
	}
}

/* SDM 13.5.1 with RCTL.MO = 0: bits 47:36 of the address select one of 4,096 bits. */
static void set_multicast(struct e1000 *nic)
{
	uint32_t table[E1000_MTA_REGISTERS] = {0};
	for (uint32_t i = 0; i < nic->options.multicast_count; i++) {
		const uint8_t *mac = nic->options.multicast[i];
		const uint32_t hash = (uint32_t)mac[4] >> 4 | (uint32_t)mac[5] << 4;
		table[hash >> 5] |= 1u << (hash & 31);
	}
	for (uint32_t i = 0; i < E1000_MTA_REGISTERS; i++)
		e1000_write(nic, E1000_MTA + 4 * i, table[i]);
}

void e1000_configure(struct e1000 *nic)
{
	/* SDM 14.3: link up by auto-negotiation; nothing forced, no flow control. */
	uint32_t control = e1000_read(nic, E1000_CTRL);
	control &= ~(E1000_CTRL_LRST | E1000_CTRL_PHY_RST | E1000_CTRL_ILOS | E1000_CTRL_FRCSPD |
	             E1000_CTRL_FRCDPLX | E1000_CTRL_RFCE | E1000_CTRL_TFCE | E1000_CTRL_VME |
	             E1000_CTRL_GIO_MASTER_DISABLE);
	control |= E1000_CTRL_SLU | E1000_CTRL_ASDE;
	if (nic->options.strip_vlan)
		control |= E1000_CTRL_VME;
	e1000_write(nic, E1000_CTRL, control);
	e1000_write(nic, E1000_FCAL, 0);
	e1000_write(nic, E1000_FCAH, 0);
	e1000_write(nic, E1000_FCT, 0);
	e1000_write(nic, E1000_FCTTV, 0);
	e1000_write(nic, E1000_VET, E1000_VET_8021Q);
	set_addresses(nic);
	set_multicast(nic);
	e1000_stats_clear(nic);
}

bool e1000_check_link(struct e1000 *nic)
{
	const uint32_t status = e1000_read(nic, E1000_STATUS);
	if (status == E1000_GONE)
		return false;
	const bool up = (status & E1000_STATUS_LU) != 0;
	if (up != nic->link_up)
		nic->link_changes++;
	nic->link_up = up;
	return true;
}
