/* SPDX-License-Identifier: Apache-2.0 */
/* The transmit ring. */
#include "e1000.h"

#include <string.h>

/* A report for each packet would cost a write by the device each; none within a long burst, idle slots. */
#define REPORT_EVERY 32

#define CHECKSUM_FLAGS (RF_TX_IP_CSUM | RF_TX_L4_CSUM)

/* SDM 14.5, 82574 4.6.6 */
void e1000_tx_start(struct e1000 *nic)
{
	struct e1000_tx *tx = &nic->tx;
	struct e1000_ring *ring = &tx->ring;
	const uint64_t address = nic->bus->rings_dma + E1000_RING_MAX * sizeof(struct e1000_descriptor);
	ring->head = ring->tail = 0;
	tx->report_head = tx->report_tail = 0;
	tx->unreported = 0;
	tx->has_context = false;
	tx->progress_ns = e1000_now();
	e1000_write(nic, E1000_TDBAL, (uint32_t)address);
	e1000_write(nic, E1000_TDBAH, (uint32_t)(address >> 32));
	e1000_write(nic, E1000_TDLEN, ring->size * (uint32_t)sizeof(struct e1000_descriptor));
	e1000_write(nic, E1000_TDH, 0);
	e1000_write(nic, E1000_TDT, 0);
	e1000_write(nic, E1000_TIDV, 0);
	e1000_write(nic, E1000_TADV, 0);
	if (nic->model->is_82574)
		e1000_write(nic, E1000_TXDCTL, E1000_TXDCTL_VALUE);
	e1000_write(nic, E1000_TIPG, E1000_TIPG_COPPER);
	e1000_write(nic, E1000_TCTL, E1000_TCTL_EN | E1000_TCTL_PSP | E1000_TCTL_CT | E1000_TCTL_COLD);
}

static uint32_t next(const struct e1000_ring *ring, uint32_t index)
{
	return (index + 1) & (ring->size - 1);
}

static void release_head(struct e1000 *nic)
{
	struct e1000_ring *ring = &nic->tx.ring;
	const uint32_t slot = ring->slot[ring->head];
	ring->slot[ring->head] = RF_SLOT_NONE;
	ring->head = next(ring, ring->head);
	if (slot != RF_SLOT_NONE)
		rf_slot_give(nic->config.slots, slot);
}

void e1000_tx_reclaim(struct e1000 *nic)
{
	struct e1000_tx *tx = &nic->tx;
	struct e1000_ring *ring = &tx->ring;
	while (tx->report_head != tx->report_tail) {
		const uint32_t index = tx->report[tx->report_head & (ring->size - 1)];
		if (!(e1000_load(&ring->descriptor[index].word[3]) & E1000_TXS_DD))
			return;
		tx->report_head++;
		while (ring->head != next(ring, index))
			release_head(nic);
		tx->progress_ns = nic->checked_ns;
	}
}

void e1000_tx_drain(struct e1000 *nic)
{
	struct e1000_tx *tx = &nic->tx;
	e1000_tx_reclaim(nic);
	while (tx->ring.head != tx->ring.tail) {
		tx->lost += tx->ring.slot[tx->ring.head] != RF_SLOT_NONE;
		release_head(nic);
	}
	tx->report_head = tx->report_tail = 0;
	tx->unreported = 0;
}

static void put_descriptor(struct e1000_ring *ring, uint32_t slot, uint64_t first, uint32_t word2,
                           uint32_t word3)
{
	struct e1000_descriptor *descriptor = &ring->descriptor[ring->tail];
	e1000_store(&descriptor->word[0], (uint32_t)first);
	e1000_store(&descriptor->word[1], (uint32_t)(first >> 32));
	e1000_store(&descriptor->word[2], word2);
	e1000_store(&descriptor->word[3], word3);
	ring->slot[ring->tail] = slot;
	ring->tail = next(ring, ring->tail);
}

/* Descriptor `index` tells when all up to it are done. */
static void ask_for_report(struct e1000_tx *tx, uint32_t index)
{
	uint32_t *command = &tx->ring.descriptor[index].word[2];
	e1000_store(command, *command | E1000_TXC_RS);
	tx->report[tx->report_tail++ & (tx->ring.size - 1)] = index;
	tx->unreported = 0;
}

static bool same_context(const struct e1000_tx *tx, const struct e1000_context *context)
{
	return tx->has_context && memcmp(&tx->context, context, sizeof(*context)) == 0;
}

/* The wire takes no shorter frame; the controller's own padding corrupts some (SDM 13.4.33 leaves it open
 * below 16). */
static uint32_t pad(uint8_t *frame, uint32_t length)
{
	if (length >= E1000_FRAME_MIN)
		return length;
	memset(frame + length, 0, E1000_FRAME_MIN - length);
	return E1000_FRAME_MIN;
}

/* False if the ring has no room for it; then nothing has changed. */
static bool put_packet(struct e1000 *nic, const struct rf_packet *packet)
{
	struct e1000_tx *tx = &nic->tx;
	uint8_t *frame = rf_pool_slot(nic->config.pool, packet->slot) + packet->head;
	/* The most that one packet takes: a context and its data. */
	if (e1000_ring_room(&tx->ring) < 2)
		return false;
	struct e1000_offload offload = {0};
	if (packet->flags & CHECKSUM_FLAGS)
		offload = e1000_plan_offload(frame, packet->length, packet->flags);
	uint32_t word2 = pad(frame, packet->length) | E1000_TXC_EOP | E1000_TXC_IFCS;
	uint32_t word3 = 0;
	if (offload.options != 0) {
		const struct e1000_context *context = &offload.context;
		if (!same_context(tx, context)) {
			put_descriptor(&tx->ring, RF_SLOT_NONE,
			               context->word0 | (uint64_t)context->word1 << 32, context->word2, 0);
			tx->context = *context;
			tx->has_context = true;
		}
		word2 |= E1000_TXC_DATA;
		word3 |= offload.options;
	}
	if (packet->flags & RF_TX_VLAN) {
		word2 |= E1000_TXC_VLE;
		word3 |= (uint32_t)packet->vlan_tci << E1000_TXV_SHIFT;
	}
	put_descriptor(&tx->ring, packet->slot, e1000_slot_dma(nic->bus, packet->slot, packet->head), word2,
	               word3);
	tx->packets++;
	tx->bytes += (word2 & 0xffff) + (packet->flags & RF_TX_VLAN ? 4u : 0u);
	return true;
}

uint32_t e1000_tx_put(struct e1000 *nic, const struct rf_packet *packets, uint32_t count)
{
	struct e1000_tx *tx = &nic->tx;
	struct e1000_ring *ring = &tx->ring;
	const uint32_t last = ring->size - 1;
	if (ring->head == ring->tail)
		tx->progress_ns = nic->checked_ns;
	uint32_t taken = 0;
	while (taken < count && put_packet(nic, &packets[taken])) {
		taken++;
		if (++tx->unreported == REPORT_EVERY)
			ask_for_report(tx, (ring->tail - 1) & last);
	}
	if (tx->unreported > 0)
		ask_for_report(tx, (ring->tail - 1) & last);
	if (taken > 0)
		e1000_write(nic, E1000_TDT, ring->tail);
	tx->full += count - taken;
	return taken;
}
