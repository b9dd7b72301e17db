/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Internet checksum (RFC 1071): full, incremental (RFC 1624) and with the
 * pseudo-headers of IPv4 (RFC 9293 section 3.1, RFC 768) and IPv6 (RFC 8200
 * section 8.1).
 *
 * A partial sum is a 64-bit integer that collects 16-bit words as they lie in
 * memory, so that no byte is swapped until the end, and not even then: a
 * finished checksum is stored as it is. Parts must start at an even distance
 * from the start of what is summed.
 */
#ifndef RINGFENCE_CHECKSUM_H
#define RINGFENCE_CHECKSUM_H

#include <ringfence/ip.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `sum` plus `length` bytes of the selected packet, an odd last byte padded with zero. */
uint64_t rf_sum_packet(uint64_t sum, rf_cpkt from, uint32_t length);

/* `sum` plus `length` bytes of memory. */
uint64_t rf_sum_memory(uint64_t sum, const void *from, uint32_t length);

/* The 16-bit one's complement sum that `sum` stands for, not complemented. */
RF_INLINE uint16_t rf_sum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The checksum to store. A message that holds a right checksum sums to 0 here. */
RF_INLINE rf_be16 rf_sum_finish(uint64_t sum)
{
	return (rf_be16)~rf_sum_fold(sum);
}

/* Pseudo-header sums. `length` is that of transport header and data, in bytes, host byte order. */
RF_INLINE uint64_t rf_sum_pseudo_ipv4(const struct rf_ipv4 RF_PKT *ip, uint8_t protocol, uint32_t length)
{
	return (uint64_t)ip->source + ip->destination + rf_to_be16(protocol) + rf_to_be16((uint16_t)length);
}

RF_INLINE uint64_t rf_sum_pseudo_ipv6(const struct rf_ipv6 RF_PKT *ip, uint8_t protocol, uint32_t length)
{
	const struct rf_unaligned32 RF_PKT *word = (const struct rf_unaligned32 RF_PKT *)&ip->source;
	uint64_t sum = (uint64_t)rf_to_be32(length) + rf_to_be32(protocol);

	for (uint32_t i = 0; i < 8; i++)
		sum += word[i].value;
	return sum;
}

/* The checksum for the IPv4 header at `ip`, its own checksum field taken as zero. */
RF_INLINE rf_be16 rf_ipv4_checksum(const struct rf_ipv4 RF_PKT *ip)
{
	const struct rf_unaligned32 RF_PKT *word = (const struct rf_unaligned32 RF_PKT *)ip;
	const uint32_t header = rf_ipv4_header_length(ip);
	uint64_t sum = (uint64_t)word[0].value + word[1].value + word[3].value + word[4].value;

	sum += ((uint64_t)word[2].value & 0xffff);
	if (header > RF_IPV4_HEADER_LEN)
		sum = rf_sum_packet(sum, (rf_cpkt)(ip + 1), header - RF_IPV4_HEADER_LEN);
	return rf_sum_finish(sum);
}

/* Whether the header at `ip` holds the right checksum. */
RF_INLINE bool rf_ipv4_checksum_ok(const struct rf_ipv4 RF_PKT *ip)
{
	/* 0 and 0xffff are the same number in one's complement (RFC 1624 section 3). */
	const rf_be16 right = rf_ipv4_checksum(ip);
	const rf_be16 held = ip->checksum;

	return held == right || (held == 0xffff && right == 0) || (held == 0 && right == 0xffff);
}

/*
 * Checksum `check` after a 16-bit word of the message changed from `before` to
 * `after`: HC' = ~(~HC + ~m + m'), RFC 1624 equation 3. All in network order.
 */
RF_INLINE rf_be16 rf_checksum_update16(rf_be16 check, rf_be16 before, rf_be16 after)
{
	return rf_sum_finish((uint64_t)(uint16_t)~check + (uint16_t)~before + after);
}

/* The same for a 32-bit field at an even offset, such as an IPv4 address. */
RF_INLINE rf_be16 rf_checksum_update32(rf_be16 check, rf_be32 before, rf_be32 after)
{
	return rf_sum_finish((uint64_t)(uint16_t)~check + (uint32_t)~before + after);
}

/* What a sender puts into a UDP header for checksum `check`: 0 would mean none (RFC 768). */
RF_INLINE rf_be16 rf_udp_checksum(rf_be16 check)
{
	return check ? check : 0xffff;
}

#ifdef __cplusplus
}
#endif

#endif
