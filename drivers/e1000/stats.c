/* SPDX-License-Identifier: Apache-2.0 */
/* The statistics registers (SDM 13.7, 82574 10.2.7) as named counters. */
#include "e1000.h"

struct hw_counter {
	uint32_t offset;
	bool is_64_bit; /* low half first: reading the high half clears both */
	const char *name;
};

static const struct hw_counter hw_counters[] = {
    {0x4000, false, "hw_rx_crc_errors"},
    {0x4004, false, "hw_rx_alignment_errors"},
    {0x4008, false, "hw_rx_symbol_errors"},
    {0x400c, false, "hw_rx_phy_errors"},
    {0x4010, false, "hw_rx_missed"},
    {0x4014, false, "hw_tx_single_collisions"},
    {0x4018, false, "hw_tx_excessive_collisions"},
    {0x401c, false, "hw_tx_multiple_collisions"},
    {0x4020, false, "hw_tx_late_collisions"},
    {0x4028, false, "hw_tx_collisions"},
    {0x4030, false, "hw_tx_deferred"},
    {0x4034, false, "hw_tx_no_carrier"},
    {0x4038, false, "hw_rx_sequence_errors"},
    {0x403c, false, "hw_rx_extension_errors"},
    {0x4040, false, "hw_rx_length_errors"},
    {0x4048, false, "hw_rx_xon"},
    {0x404c, false, "hw_tx_xon"},
    {0x4050, false, "hw_rx_xoff"},
    {0x4054, false, "hw_tx_xoff"},
    {0x4058, false, "hw_rx_flow_unsupported"},
    {0x405c, false, "hw_rx_64"},
    {0x4060, false, "hw_rx_65_127"},
    {0x4064, false, "hw_rx_128_255"},
    {0x4068, false, "hw_rx_256_511"},
    {0x406c, false, "hw_rx_512_1023"},
    {0x4070, false, "hw_rx_1024_max"},
    {0x4074, false, "hw_rx_good_packets"},
    {0x4078, false, "hw_rx_broadcast"},
    {0x407c, false, "hw_rx_multicast"},
    {0x4080, false, "hw_tx_good_packets"},
    {0x4088, true, "hw_rx_good_bytes"},
    {0x4090, true, "hw_tx_good_bytes"},
    {0x40a0, false, "hw_rx_no_buffer"},
    {0x40a4, false, "hw_rx_undersize"},
    {0x40a8, false, "hw_rx_fragments"},
    {0x40ac, false, "hw_rx_oversize"},
    {0x40b0, false, "hw_rx_jabber"},
    {0x40c0, true, "hw_rx_total_bytes"},
    {0x40c8, true, "hw_tx_total_bytes"},
    {0x40d0, false, "hw_rx_total_packets"},
    {0x40d4, false, "hw_tx_total_packets"},
    {0x40d8, false, "hw_tx_64"},
    {0x40dc, false, "hw_tx_65_127"},
    {0x40e0, false, "hw_tx_128_255"},
    {0x40e4, false, "hw_tx_256_511"},
    {0x40e8, false, "hw_tx_512_1023"},
    {0x40ec, false, "hw_tx_1024_max"},
    {0x40f0, false, "hw_tx_multicast"},
    {0x40f4, false, "hw_tx_broadcast"},
};
_Static_assert(sizeof(hw_counters) / sizeof(hw_counters[0]) == E1000_HW_COUNTERS, "a total for each");

/* The row of ROC: frames longer than the controller lets through. */
#define OVERSIZE 35

void e1000_stats_clear(struct e1000 *nic)
{
	for (uint32_t i = 0; i < E1000_HW_COUNTERS; i++) {
		const uint32_t value = e1000_read(nic, hw_counters[i].offset);
		if (hw_counters[i].is_64_bit)
			(void)e1000_read(nic, hw_counters[i].offset + 4);
		/* For registers that the reading did not clear. */
		nic->stats.last[i] = value != 0 ? e1000_read(nic, hw_counters[i].offset) : 0;
	}
}

/*
 * SDM 13.7: reading clears. QEMU's model leaves some running (missed packets,
 * no buffer) instead. A second reading tells: a cleared register holds only
 * what came in the microsecond between.
 */
static void add_32(struct e1000 *nic, uint32_t index)
{
	struct e1000_stats *stats = &nic->stats;
	const uint32_t first = e1000_read(nic, hw_counters[index].offset);
	if (first == 0)
		return;
	const uint32_t second = e1000_read(nic, hw_counters[index].offset);
	if (second < first) {
		stats->total[index] += (uint64_t)first + second;
		stats->last[index] = 0;
		return;
	}
	stats->total[index] += second - stats->last[index];
	stats->last[index] = second;
}

static void add_64(struct e1000 *nic, uint32_t index)
{
	const uint64_t low = e1000_read(nic, hw_counters[index].offset);
	nic->stats.total[index] += low | (uint64_t)e1000_read(nic, hw_counters[index].offset + 4) << 32;
}

void e1000_stats_update(struct e1000 *nic)
{
	if (e1000_read(nic, E1000_STATUS) == E1000_GONE)
		return;
	for (uint32_t i = 0; i < E1000_HW_COUNTERS; i++) {
		if (hw_counters[i].is_64_bit)
			add_64(nic, i);
		else
			add_32(nic, i);
	}
}

uint32_t e1000_counters(struct rf_port *port, struct rf_counter *counters, uint32_t max)
{
	struct e1000 *nic = (struct e1000 *)port;
	if (nic->started)
		e1000_stats_update(nic);
	const struct rf_counter own[] = {
	    {"rx_packets", nic->rx.packets},
	    {"rx_bytes", nic->rx.bytes},
	    {"rx_too_long", nic->rx.too_long + nic->stats.total[OVERSIZE]},
	    {"rx_errors", nic->rx.errors},
	    {"tx_packets", nic->tx.packets},
	    {"tx_bytes", nic->tx.bytes},
	    {"tx_full", nic->tx.full},
	    {"tx_link_down", nic->tx.link_down},
	    {"tx_lost", nic->tx.lost},
	    {"link_up", nic->link_up},
	    {"link_changes", nic->link_changes},
	    {"resets", nic->resets},
	    {"interrupt_waits", nic->wakeups},
	};
	const uint32_t own_count = sizeof(own) / sizeof(own[0]);
	_Static_assert(sizeof(own) / sizeof(own[0]) + E1000_HW_COUNTERS <= RF_PORT_COUNTERS_MAX, "all fit");
	uint32_t count = 0;
	for (uint32_t i = 0; i < own_count && count < max; i++)
		counters[count++] = own[i];
	for (uint32_t i = 0; i < E1000_HW_COUNTERS && count < max; i++)
		counters[count++] = (struct rf_counter){hw_counters[i].name, nic->stats.total[i]};
	return count;
}
