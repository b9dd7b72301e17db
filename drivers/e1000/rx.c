/* SPDX-License-Identifier: Apache-2.0 */
/* The receive ring. */
#include "e1000.h"

#include <string.h>
#include <time.h>

/* What a descriptor says, in either format; read once, since the device could change it. */
struct completion {
	uint32_t status, errors, hash;
	uint16_t length, vlan_tci;
	bool has_hash;
};

static uint64_t wall_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* 82574 7.1.11, 10.2.5.16: any key does; a fixed one gives the same hash on every run. */
static void start_hash(struct e1000 *nic)
{
	static const uint8_t key[4 * E1000_RSSRK_REGISTERS] = {
	    /* The key of Microsoft's RSS verification suite, so that its vectors can be used. */
	    0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
	    0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
	    0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};
	for (uint32_t i = 0; i < E1000_RSSRK_REGISTERS; i++) {
		uint32_t word;
		memcpy(&word, key + 4 * i, 4);
		e1000_write(nic, E1000_RSSRK + 4 * i, word);
	}
	for (uint32_t i = 0; i < E1000_RETA_REGISTERS; i++)
		e1000_write(nic, E1000_RETA + 4 * i, 0); /* all to queue 0 */
	e1000_write(nic, E1000_MRQC,
	            E1000_MRQC_RSS | E1000_MRQC_TCP_IPV4 | E1000_MRQC_IPV4 | E1000_MRQC_TCP_IPV6 |
	                E1000_MRQC_IPV6_EX | E1000_MRQC_IPV6);
}

static uint32_t receive_control(const struct e1000_options *options)
{
	uint32_t control = E1000_RCTL_EN | E1000_RCTL_BAM | E1000_RCTL_SECRC;
	if (options->promiscuous)
		control |= E1000_RCTL_UPE;
	if (options->promiscuous || options->all_multicast)
		control |= E1000_RCTL_MPE;
	return control;
}

/* SDM 14.4, 82574 4.6.5 */
void e1000_rx_start(struct e1000 *nic)
{
	struct e1000_ring *ring = &nic->rx.ring;
	const uint64_t address = nic->bus->rings_dma;
	ring->head = ring->tail = 0;
	nic->rx.skipping = false;
	e1000_write(nic, E1000_RDTR, 0);
	e1000_write(nic, E1000_RADV, 0);
	e1000_write(nic, E1000_RDBAL, (uint32_t)address);
	e1000_write(nic, E1000_RDBAH, (uint32_t)(address >> 32));
	e1000_write(nic, E1000_RDLEN, ring->size * (uint32_t)sizeof(struct e1000_descriptor));
	e1000_write(nic, E1000_RDH, 0);
	e1000_write(nic, E1000_RDT, 0);
	uint32_t checksums = E1000_RXCSUM_IPOFLD | E1000_RXCSUM_TUOFLD;
	if (nic->model->is_82574) {
		e1000_write(nic, E1000_RXDCTL, E1000_RXDCTL_VALUE);
		e1000_write(nic, E1000_RFCTL, E1000_RFCTL_EXSTEN);
		start_hash(nic);
		checksums |= E1000_RXCSUM_PCSD;
	}
	e1000_write(nic, E1000_RXCSUM, checksums);
	e1000_write(nic, E1000_RCTL, receive_control(&nic->options));
	e1000_rx_refill(nic);
}

void e1000_rx_refill(struct e1000 *nic)
{
	struct e1000_ring *ring = &nic->rx.ring;
	uint32_t slots[RF_BURST_MAX];
	uint32_t filled = 0;
	for (;;) {
		const uint32_t room = e1000_ring_room(ring);
		const uint32_t wanted = room < RF_BURST_MAX ? room : RF_BURST_MAX;
		const uint32_t count = wanted > 0 ? rf_slot_take(nic->config.slots, slots, wanted) : 0;
		for (uint32_t i = 0; i < count; i++) {
			struct e1000_descriptor *descriptor = &ring->descriptor[ring->tail];
			const uint64_t address = e1000_slot_dma(nic->bus, slots[i], rf_slot_head(slots[i]));
			ring->slot[ring->tail] = slots[i];
			e1000_store(&descriptor->word[0], (uint32_t)address);
			e1000_store(&descriptor->word[1], (uint32_t)(address >> 32));
			e1000_store(&descriptor->word[2], 0);
			e1000_store(&descriptor->word[3], 0);
			ring->tail = (ring->tail + 1) & (ring->size - 1);
		}
		filled += count;
		if (count < RF_BURST_MAX)
			break;
	}
	if (filled > 0)
		e1000_write(nic, E1000_RDT, ring->tail);
}

/* False while the device is not done with the descriptor. */
static bool read_legacy(const struct e1000_descriptor *descriptor, struct completion *done)
{
	const uint32_t word3 = e1000_load(&descriptor->word[3]);
	done->status = E1000_RXW3_STATUS(word3);
	if (!(done->status & E1000_RXS_DD))
		return false;
	done->errors = E1000_RXW3_ERRORS(word3);
	done->vlan_tci = E1000_RXW3_VLAN(word3);
	done->length = E1000_RXW2_LENGTH(e1000_load(&descriptor->word[2]));
	done->has_hash = false;
	done->hash = 0;
	return true;
}

static bool read_extended(const struct e1000_descriptor *descriptor, struct completion *done)
{
	const uint32_t word2 = e1000_load(&descriptor->word[2]);
	done->status = E1000_RXX2_STATUS(word2);
	if (!(done->status & E1000_RXS_DD))
		return false;
	const uint32_t word3 = e1000_load(&descriptor->word[3]);
	done->errors = E1000_RXX2_ERRORS(word2);
	done->length = E1000_RXX3_LENGTH(word3);
	done->vlan_tci = E1000_RXX3_VLAN(word3);
	done->has_hash = E1000_RXX0_RSS_TYPE(e1000_load(&descriptor->word[0])) != 0;
	done->hash = done->has_hash ? e1000_load(&descriptor->word[1]) : 0;
	return true;
}

/* SDM 3.2.3.1-3.2.3.2, 3.2.9: a check that was not done says nothing. */
static uint8_t receive_flags(const struct completion *done)
{
	uint8_t flags = 0;
	if (!(done->status & E1000_RXS_IXSM)) {
		if (done->status & E1000_RXS_IPCS)
			flags |= done->errors & E1000_RXE_IPE ? RF_RX_CSUM_BAD : RF_RX_IP_CSUM_OK;
		if (done->status & (E1000_RXS_TCPCS | E1000_RXS_UDPCS))
			flags |= done->errors & E1000_RXE_TCPE ? RF_RX_CSUM_BAD : RF_RX_L4_CSUM_OK;
	}
	if (done->status & E1000_RXS_VP)
		flags |= RF_RX_VLAN;
	if (done->has_hash)
		flags |= RF_RX_HASH;
	return flags;
}

/* Whether the frame may be delivered; counts it if not. Nothing that a descriptor says is trusted. */
static bool may_deliver(struct e1000_rx *rx, const struct completion *done)
{
	const bool last = (done->status & E1000_RXS_EOP) != 0;
	if (rx->skipping || !last) {
		/* A frame of more than one buffer is longer than a slot. Counted once, at its end. */
		rx->skipping = !last;
		rx->too_long += last;
		return false;
	}
	if (done->length > RF_FRAME_LEN_MAX) {
		rx->too_long++;
		return false;
	}
	if (done->length == 0 || done->errors & E1000_RXE_FRAME) {
		rx->errors++;
		return false;
	}
	return true;
}

uint32_t e1000_rx_take(struct e1000 *nic, struct rf_packet *packets, uint32_t max)
{
	struct e1000_rx *rx = &nic->rx;
	struct e1000_ring *ring = &rx->ring;
	uint32_t count = 0;
	uint64_t time = 0;
	while (count < max && ring->head != ring->tail) {
		const struct e1000_descriptor *descriptor = &ring->descriptor[ring->head];
		struct completion done;
		if (!(nic->model->is_82574 ? read_extended(descriptor, &done)
		                           : read_legacy(descriptor, &done)))
			break;
		const uint32_t slot = ring->slot[ring->head];
		ring->slot[ring->head] = RF_SLOT_NONE;
		ring->head = (ring->head + 1) & (ring->size - 1);
		if (!may_deliver(rx, &done)) {
			rf_slot_give(nic->config.slots, slot);
			continue;
		}
		if (time == 0)
			time = wall_clock();
		packets[count++] = (struct rf_packet){
		    .slot = slot,
		    .head = rf_slot_head(slot),
		    .length = done.length,
		    .wire_length = done.length,
		    .hash = done.hash,
		    .timestamp_ns = time,
		    .vlan_tci = done.status & E1000_RXS_VP ? done.vlan_tci : 0,
		    .flags = receive_flags(&done),
		};
		rx->packets++;
		rx->bytes += done.length + (done.status & E1000_RXS_VP ? 4u : 0u);
	}
	return count;
}

void e1000_rx_drain(struct e1000 *nic)
{
	struct e1000_ring *ring = &nic->rx.ring;
	for (; ring->head != ring->tail; ring->head = (ring->head + 1) & (ring->size - 1)) {
		rf_slot_give(nic->config.slots, ring->slot[ring->head]);
		ring->slot[ring->head] = RF_SLOT_NONE;
	}
}
