/* SPDX-License-Identifier: Apache-2.0 */
/* Network byte order and the Internet checksum (RFC 1071), for ports. */
#ifndef RINGFENCE_INET_H
#define RINGFENCE_INET_H

#include <stddef.h>
#include <stdint.h>

#define RF_ETHER_HEADER 14
#define RF_ETHER_ADDRESSES 12 /* destination and source; the type, or a VLAN tag, follows */
#define RF_ETHERTYPE_IPV4 0x0800
#define RF_ETHERTYPE_IPV6 0x86dd
#define RF_ETHERTYPE_VLAN 0x8100 /* IEEE 802.1Q */
#define RF_ETHERTYPE_QINQ 0x88a8 /* IEEE 802.1ad */
#define RF_PROTOCOL_TCP 6
#define RF_PROTOCOL_UDP 17

static inline uint16_t rf_get_be16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline void rf_put_be16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* Adds bytes to a sum; an odd last byte counts as the upper half. For at most 64 KiB in all: no carry is
 * lost. */
static inline uint32_t rf_inet_add(uint32_t sum, const uint8_t *bytes, size_t length)
{
	for (; length > 1; bytes += 2, length -= 2)
		sum += rf_get_be16(bytes);
	return length == 0 ? sum : sum + (uint32_t)(bytes[0] << 8);
}

static inline uint16_t rf_inet_finish(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

#endif
