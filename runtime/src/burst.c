/* SPDX-License-Identifier: Apache-2.0 */
#include "burst.h"

#include <string.h>
#include <x86intrin.h>

#define RX_FLAGS (RF_RX_IP_CSUM_OK | RF_RX_L4_CSUM_OK | RF_RX_CSUM_BAD | RF_RX_VLAN | RF_RX_HASH)
#define TX_FLAGS (RF_TX_IP_CSUM | RF_TX_L4_CSUM | RF_TX_VLAN)

/* May write what is declared as something else. */
typedef uint64_t __attribute__((may_alias)) word;

/* Four stores instead of one for each member: this is done for every packet. */
void rf_desc_fill(struct rf_desc *desc, const struct rf_packet *packet)
{
	_Static_assert(offsetof(struct rf_desc, in_port) == 6 && offsetof(struct rf_desc, flags) == 7 &&
	                   offsetof(struct rf_desc, hash) == 8 && offsetof(struct rf_desc, vlan_tci) == 12 &&
	                   offsetof(struct rf_desc, wire_length) == 16 &&
	                   offsetof(struct rf_desc, timestamp_ns) == 24,
	               "the words below");
	/* Head 0, verdict RF_DROP, port 0, all reserved members 0. */
	word *words = (word *)desc;
	words[0] = packet->length | (uint64_t)packet->in_port << 48 | (uint64_t)packet->flags << 56;
	words[1] = packet->hash | (uint64_t)packet->vlan_tci << 32;
	words[2] = packet->wire_length;
	words[3] = packet->timestamp_ns;
}

uint8_t rf_desc_take(const volatile struct rf_desc *desc, uint32_t output_count, struct rf_packet *packet,
                     uint8_t *port)
{
	const uint8_t verdict = desc->verdict;
	if (verdict == RF_DROP)
		return RF_DROP;
	const uint8_t output = desc->port;
	if (verdict > RF_TX || (verdict == RF_TX && output >= output_count))
		return RF_REFUSED;
	const uint16_t length = desc->length;
	if (length < 1 || length > RF_FRAME_LEN_MAX)
		return RF_REFUSED;
	const int32_t head = packet->head + desc->head;
	if (head < RF_SLOT_HEAD_MIN || head > RF_SLOT_HEAD_MAX)
		return RF_REFUSED;
	const uint8_t flags = desc->flags;
	/* Where the source cut the frame, what is missing stays missing. */
	const uint32_t missing =
	    packet->wire_length > packet->length ? packet->wire_length - packet->length : 0;
	packet->head = (uint16_t)head;
	packet->length = length;
	packet->wire_length = missing <= UINT32_MAX - length ? length + missing : UINT32_MAX;
	packet->vlan_tci = desc->vlan_tci;
	/* What was seen on receipt can be taken back, not claimed; what to do on sending is asked for freely.
	 */
	packet->flags = (uint8_t)((packet->flags & flags & RX_FLAGS) | (flags & TX_FLAGS));
	*port = output;
	return verdict;
}

void rf_slot_hand_over(struct rf_pool *pool, const struct rf_packet *packet, uint16_t tenant)
{
	uint16_t *const last = &pool->tenants[packet->slot];
	if (*last == tenant)
		return;
	uint8_t *slot = rf_pool_slot(pool, packet->slot);
	const size_t end = (size_t)packet->head + packet->length;
	memset(slot, 0, packet->head);
	memset(slot + end, 0, RF_SLOT_SIZE - end);
	*last = tenant;
}

/* Where the cell finds packet i: in its slot, or in the cell's own memory in copy mode. */
static uint8_t *packet_slot(const struct rf_cell *cell, const struct rf_pool *pool,
                            const struct rf_packet *packet, uint32_t i)
{
	if (cell->is.copy)
		return cell->space.base + cell->copy_start + (size_t)i * RF_SLOT_SIZE;
	return rf_pool_slot(pool, packet->slot);
}

static void offer(struct rf_cell *cell, struct rf_pool *pool, const struct rf_packet *packets, uint32_t count)
{
	uint64_t *window = cell->space.control->window;
	for (uint32_t i = 0; i < count; i++) {
		const struct rf_packet *packet = &packets[i];
		uint8_t *slot = packet_slot(cell, pool, packet, i);
		if (cell->is.copy)
			memcpy(slot + packet->head, rf_pool_slot(pool, packet->slot) + packet->head,
			       packet->length);
		else
			rf_slot_hand_over(pool, packet, cell->is.tenant);
		window[i] = (uint64_t)(uintptr_t)(slot + packet->head);
		rf_desc_fill(&cell->burst->desc[i], packet);
	}
	/* What was handed on with an earlier burst is out of reach. */
	rf_cell_close_window(cell, count);
	cell->burst->count = count;
}

static void take(struct rf_cell *cell, const struct rf_pool *pool, uint32_t output_count,
                 struct rf_packet *packets, uint32_t count, uint8_t *verdicts, uint8_t *ports)
{
	for (uint32_t i = 0; i < count; i++) {
		struct rf_packet *packet = &packets[i];
		verdicts[i] = rf_desc_take(&cell->burst->desc[i], output_count, packet, &ports[i]);
		if (cell->is.copy && (verdicts[i] == RF_NEXT || verdicts[i] == RF_TX))
			memcpy(rf_pool_slot(pool, packet->slot) + packet->head,
			       packet_slot(cell, pool, packet, i) + packet->head, packet->length);
	}
}

bool rf_cell_process(struct rf_cell *cell, struct rf_pool *pool, uint32_t output_count,
                     struct rf_packet *packets, uint32_t count, uint8_t *verdicts, uint8_t *ports,
                     uint64_t *cycles)
{
	uint32_t result;
	offer(cell, pool, packets, count);
	const uint64_t start = __rdtsc();
	const bool returned =
	    rf_thread_run(cell, cell->process, cell->nf->image.burst, cell->is.budget_ms, &result);
	*cycles += __rdtsc() - start;
	if (returned)
		take(cell, pool, output_count, packets, count, verdicts, ports);
	return returned;
}
