/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packet pointers.
 *
 * A packet pointer is an offset from the first byte that the frame had when
 * the burst arrived; the hardware adds the frame's address (register r14) at
 * each access. So a packet pointer says where in "the selected packet" and
 * not which packet: after rf_select(j) the same pointer means the same place
 * in packet j.
 *
 * What an access reaches is the packet's slot, not only its frame: reading
 * past rf_desc.length reads slack bytes of the same slot, never other data.
 * So no access here can harm the host or another packet, but a correct
 * network function compares offsets with rf_desc.length before it reads.
 *
 * A constant offset is exact from -256 to 3071. A variable offset is exact
 * in [-256, 1792); others alias some byte of the same slot. Address 0 is the
 * frame's first byte and valid: a null test on a packet pointer says nothing.
 */
#ifndef RINGFENCE_PACKET_H
#define RINGFENCE_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/nf_abi.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Qualifies what a pointer points to: `const struct rf_ipv4 RF_PKT *ip`.
 * RF_NATIVE_PACKETS compiles a network function as ordinary code of the host,
 * for unit tests and to measure what the sandbox costs; the program then
 * defines and fills the two variables below.
 */
#if defined(RF_NATIVE_PACKETS)
#define RF_PKT
extern uint8_t *rf_native_window[RF_WINDOW_ENTRIES]; /* first byte of each packet */
extern uint8_t *rf_native_packet;                    /* the selected one */
#define RF_PKT_BASE (rf_native_packet)
#else
#define RF_PKT __attribute__((address_space(257)))
#define RF_PKT_BASE ((rf_pkt)0)
#endif

/* A byte of the selected packet. */
typedef uint8_t RF_PKT *rf_pkt;
typedef const uint8_t RF_PKT *rf_cpkt;

/* Functions so small that a call would cost more than they do. */
#define RF_INLINE static inline __attribute__((always_inline, unused))

/*
 * `pkt` moved by `bytes`, which may be negative, by plain 32-bit arithmetic:
 * unlike C's pointer arithmetic it is defined across offset 0.
 */
RF_INLINE rf_pkt rf_pkt_at(rf_cpkt pkt, int32_t bytes)
{
	return (rf_pkt)((uintptr_t)pkt + (uintptr_t)(intptr_t)bytes);
}

/* A header of type `type` that starts `offset` bytes after packet pointer `pkt`. */
#define RF_HEADER(type, pkt, offset) ((type RF_PKT *)rf_pkt_at((pkt), (int32_t)(offset)))

/*
 * Whether `size` bytes at `offset` lie in a frame of `length` bytes. All in
 * bytes; no combination of values overflows.
 */
RF_INLINE bool rf_fits(uint32_t length, uint32_t offset, uint32_t size)
{
	return offset <= length && size <= length - offset;
}

/*
 * Copies between packet and memory, `length` bytes each. rf_pkt_move is right
 * for ranges that overlap; all ranges stay in one packet. Offsets are exact
 * where both ends lie in [-256, 1792). They never fail.
 */
void __rf_memcpy_from_packet(void *to, rf_cpkt from, uint32_t length);
void __rf_memcpy_to_packet(rf_pkt to, const void *from, uint32_t length);
void __rf_memmove_packet(rf_pkt to, rf_cpkt from, uint32_t length);
void __rf_memset_packet(rf_pkt to, int value, uint32_t length);

RF_INLINE void rf_pkt_read(void *to, rf_cpkt from, uint32_t length)
{
	__rf_memcpy_from_packet(to, from, length);
}

RF_INLINE void rf_pkt_write(rf_pkt to, const void *from, uint32_t length)
{
	__rf_memcpy_to_packet(to, from, length);
}

RF_INLINE void rf_pkt_move(rf_pkt to, rf_cpkt from, uint32_t length)
{
	__rf_memmove_packet(to, from, length);
}

RF_INLINE void rf_pkt_fill(rf_pkt to, uint8_t value, uint32_t length)
{
	__rf_memset_packet(to, value, length);
}

/*
 * Order of `length` bytes of the packet and of memory, as memcmp: 0 if equal,
 * else the difference of the first two bytes that differ.
 */
int rf_pkt_compare(rf_cpkt pkt, const void *memory, uint32_t length);

#ifdef __cplusplus
}
#endif

#endif
