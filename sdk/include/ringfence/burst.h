/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bursts: choosing a packet, deciding about it, moving its two ends.
 * The descriptors themselves are in <ringfence/nf_abi.h>.
 */
#ifndef RINGFENCE_BURST_H
#define RINGFENCE_BURST_H

#include <ringfence/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Selects packet `index` of the burst and returns the pointer to the first
 * byte that its frame had on arrival. From here on every packet pointer means
 * this packet. Only the low eight bits of `index` count, as a burst has at
 * most 256 packets; an index at or above rf_burst.count selects a window on
 * which every access faults.
 *
 * Costs two instructions. The compiler moves no packet access across it.
 */
RF_INLINE rf_pkt rf_select(uint32_t index)
{
#if defined(RF_NATIVE_PACKETS)
	rf_native_packet = rf_native_window[index & RF_WINDOW_INDEX_MASK];
#else
	uint32_t entry;

	__asm__ volatile("movzbl %b1, %k0\n\tmovq %c2(%%r15,%q0,8), %%r14"
	                 : "=r"(entry)
	                 : "r"(index), "i"(RF_WINDOW_TABLE_OFFSET)
	                 : "memory");
#endif
	return RF_PKT_BASE;
}

/*
 * Runs its body once for each packet of `burst`, in order, with `index` (a
 * uint32_t) and `pkt` (the rf_pkt of that packet, selected) declared.
 * `continue` and `break` mean what they mean in a loop.
 *
 *	RF_FOR_EACH_PACKET(burst, i, pkt) {
 *		struct rf_desc *desc = &burst->desc[i];
 *		...
 *	}
 */
#define RF_FOR_EACH_PACKET(burst, index, pkt)                                                                \
	for (uint32_t index = 0, index##_end = (burst)->count, index##_go = 1;                               \
	     index##_go && index < index##_end; index++)                                                     \
		for (rf_pkt pkt = (index##_go = 0, rf_select(index)); !index##_go; index##_go = 1)

/*
 * Starts loading the first bytes of packet `index` into the cache and leaves
 * that packet selected: call it before rf_select of the packet at hand. Worth
 * it where the work on a packet exceeds some 50 ns. `index` must be below
 * rf_burst.count.
 */
RF_INLINE void rf_prefetch(uint32_t index)
{
	__builtin_prefetch((const void RF_PKT *)rf_select(index));
}

/* ---- Verdicts ----------------------------------------------------------- */

/* Drops the packet. Also what happens to a packet without a verdict. */
RF_INLINE void rf_drop(struct rf_desc *desc)
{
	desc->verdict = RF_DROP;
}

/* Hands the packet to the next NF of the chain, or after the last one to the default output. */
RF_INLINE void rf_next(struct rf_desc *desc)
{
	desc->verdict = RF_NEXT;
}

/* Sends the packet on port `port` at once, past the rest of the chain; an unknown port refuses it. */
RF_INLINE void rf_transmit(struct rf_desc *desc, uint8_t port)
{
	desc->verdict = RF_TX;
	desc->port = port;
}

/* ---- Head and tail ------------------------------------------------------ */

/*
 * The four functions below change where the frame starts or ends. Each needs
 * the packet selected that `desc` describes and returns false, changing
 * nothing, where the frame would leave its bounds. Packet pointers that the
 * NF holds stay valid and mean the same bytes: offsets count from the byte
 * that was first on arrival until the burst ends, so after a prepend of 4 the
 * frame starts at offset -4.
 */

/* The frame's first byte, adjustments included. */
RF_INLINE rf_pkt rf_data(const struct rf_desc *desc)
{
	return rf_pkt_at(RF_PKT_BASE, desc->head);
}

/*
 * Grows the frame by `bytes` at its head, at most RF_HEADROOM below the byte
 * that was first on arrival; *pkt becomes the new first byte. The new bytes
 * hold what the slot held: write them all.
 */
RF_INLINE bool rf_prepend(struct rf_desc *desc, rf_pkt *pkt, uint32_t bytes)
{
	const int32_t head = desc->head;

	if (bytes > (uint32_t)(head + RF_HEADROOM) || bytes > (uint32_t)RF_FRAME_LEN_MAX - desc->length)
		return false;
	desc->head = (int16_t)(head - (int32_t)bytes);
	desc->length = (uint16_t)(desc->length + bytes);
	*pkt = rf_pkt_at(*pkt, -(int32_t)bytes);
	return true;
}

/* Removes `bytes` at the frame's head, leaving at least one; *pkt becomes the new first byte. */
RF_INLINE bool rf_pull(struct rf_desc *desc, rf_pkt *pkt, uint32_t bytes)
{
	if (bytes >= desc->length)
		return false;
	desc->head = (int16_t)(desc->head + (int32_t)bytes);
	desc->length = (uint16_t)(desc->length - bytes);
	*pkt = rf_pkt_at(*pkt, (int32_t)bytes);
	return true;
}

/*
 * Grows the frame by `bytes` at its tail, as long as its length and the
 * offset of its end stay within RF_FRAME_LEN_MAX. The new bytes hold what the
 * slot held: write them all.
 */
RF_INLINE bool rf_append(struct rf_desc *desc, uint32_t bytes)
{
	const int32_t skipped = desc->head > 0 ? desc->head : 0;
	const int32_t room = RF_FRAME_LEN_MAX - skipped - (int32_t)desc->length;

	if (room < 0 || bytes > (uint32_t)room)
		return false;
	desc->length = (uint16_t)(desc->length + bytes);
	return true;
}

/* Removes `bytes` at the frame's tail, leaving at least one. */
RF_INLINE bool rf_trim(struct rf_desc *desc, uint32_t bytes)
{
	if (bytes >= desc->length)
		return false;
	desc->length = (uint16_t)(desc->length - bytes);
	return true;
}

#ifdef __cplusplus
}
#endif

#endif
