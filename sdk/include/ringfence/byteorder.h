/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Byte order. Network headers are big-endian (RFC 1700), x86-64 is
 * little-endian. The rf_be types are plain integers that hold a value as it
 * lies in the packet: compare and copy them freely, convert before counting.
 */
#ifndef RINGFENCE_BYTEORDER_H
#define RINGFENCE_BYTEORDER_H

#include <stdint.h>

#include <ringfence/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef uint16_t rf_be16;
typedef uint32_t rf_be32;
typedef uint64_t rf_be64;

/* Constant expressions: usable in `case` labels and static initialisers. */
#define RF_BE16(value) ((rf_be16)((((uint16_t)(value) & 0xffu) << 8) | ((uint16_t)(value) >> 8)))
#define RF_BE32(value)                                                                                       \
	((rf_be32)(((uint32_t)(value) << 24) | (((uint32_t)(value) & 0xff00u) << 8) |                        \
	           (((uint32_t)(value) >> 8) & 0xff00u) | ((uint32_t)(value) >> 24)))
#define RF_BE64(value) ((rf_be64)RF_BE32(value) << 32 | RF_BE32((uint64_t)(value) >> 32))

RF_INLINE rf_be16 rf_to_be16(uint16_t host)
{
	return __builtin_bswap16(host);
}

RF_INLINE rf_be32 rf_to_be32(uint32_t host)
{
	return __builtin_bswap32(host);
}

RF_INLINE rf_be64 rf_to_be64(uint64_t host)
{
	return __builtin_bswap64(host);
}

RF_INLINE uint16_t rf_from_be16(rf_be16 network)
{
	return __builtin_bswap16(network);
}

RF_INLINE uint32_t rf_from_be32(rf_be32 network)
{
	return __builtin_bswap32(network);
}

RF_INLINE uint64_t rf_from_be64(rf_be64 network)
{
	return __builtin_bswap64(network);
}

/* Unaligned accesses of any type; also how to read a field that no header struct names. */
struct rf_unaligned16 {
	uint16_t value;
} __attribute__((packed, may_alias));

struct rf_unaligned32 {
	uint32_t value;
} __attribute__((packed, may_alias));

struct rf_unaligned64 {
	uint64_t value;
} __attribute__((packed, may_alias));

/* The big-endian integer at `pkt`, converted to host byte order. */
RF_INLINE uint16_t rf_load_be16(rf_cpkt pkt)
{
	return rf_from_be16(((const struct rf_unaligned16 RF_PKT *)pkt)->value);
}

RF_INLINE uint32_t rf_load_be32(rf_cpkt pkt)
{
	return rf_from_be32(((const struct rf_unaligned32 RF_PKT *)pkt)->value);
}

RF_INLINE uint64_t rf_load_be64(rf_cpkt pkt)
{
	return rf_from_be64(((const struct rf_unaligned64 RF_PKT *)pkt)->value);
}

/* Stores `host`, given in host byte order, big-endian at `pkt`. */
RF_INLINE void rf_store_be16(rf_pkt pkt, uint16_t host)
{
	((struct rf_unaligned16 RF_PKT *)pkt)->value = rf_to_be16(host);
}

RF_INLINE void rf_store_be32(rf_pkt pkt, uint32_t host)
{
	((struct rf_unaligned32 RF_PKT *)pkt)->value = rf_to_be32(host);
}

RF_INLINE void rf_store_be64(rf_pkt pkt, uint64_t host)
{
	((struct rf_unaligned64 RF_PKT *)pkt)->value = rf_to_be64(host);
}

#ifdef __cplusplus
}
#endif

#endif
