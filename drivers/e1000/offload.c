/* SPDX-License-Identifier: Apache-2.0 */
/* Checksum offload of the transmit side: SDM 3.5 and 3.3.6, 82574 7.2.10. */
#include "e1000.h"

#include <ringfence/inet.h>

/* Where the headers of a frame are; offsets from its first byte. */
struct headers {
	uint32_t ip;        /* network header */
	uint32_t l4;        /* transport header; 0 if there is none to sum up */
	uint32_t end;       /* first byte past the transport payload */
	uint32_t addresses; /* the IP addresses, and how many bytes they are */
	uint32_t addresses_length;
	uint8_t protocol;
	bool is_ipv4;
};

static uint32_t find_network_header(const uint8_t *frame, uint32_t length, uint16_t *type)
{
	uint32_t at = RF_ETHER_ADDRESSES;
	for (int tags = 0; at + 2 <= length; tags++, at += 4) {
		*type = rf_get_be16(frame + at);
		if (tags == 2 || (*type != RF_ETHERTYPE_VLAN && *type != RF_ETHERTYPE_QINQ))
			return at + 2;
	}
	return length;
}

static bool find_ipv4(const uint8_t *frame, uint32_t length, struct headers *headers)
{
	const uint32_t ip = headers->ip;
	if (ip + 20 > length || frame[ip] >> 4 != 4)
		return false;
	const uint32_t size = (frame[ip] & 15u) * 4;
	const uint32_t total = rf_get_be16(frame + ip + 2);
	if (size < 20 || total < size || ip + total > length)
		return false;
	const bool fragment = (rf_get_be16(frame + ip + 6) & 0x3fff) != 0;
	headers->is_ipv4 = true;
	headers->l4 = fragment ? 0 : ip + size;
	headers->end = ip + total;
	headers->addresses = ip + 12;
	headers->addresses_length = 8;
	headers->protocol = frame[ip + 9];
	return true;
}

/* Without extension headers: those packets are left alone. */
static bool find_ipv6(const uint8_t *frame, uint32_t length, struct headers *headers)
{
	const uint32_t ip = headers->ip;
	if (ip + 40 > length || frame[ip] >> 4 != 6)
		return false;
	headers->l4 = ip + 40;
	headers->end = headers->l4 + rf_get_be16(frame + ip + 4);
	headers->addresses = ip + 8;
	headers->addresses_length = 32;
	headers->protocol = frame[ip + 6];
	return headers->end <= length;
}

static bool find_headers(const uint8_t *frame, uint32_t length, struct headers *headers)
{
	uint16_t type = 0;
	headers->ip = find_network_header(frame, length, &type);
	if (type == RF_ETHERTYPE_IPV4)
		return find_ipv4(frame, length, headers);
	return type == RF_ETHERTYPE_IPV6 && find_ipv6(frame, length, headers);
}

/* The sum over the pseudo-header (RFC 9293 3.1, RFC 8200 8.1), not complemented. */
static uint32_t pseudo_header(const uint8_t *frame, const struct headers *headers)
{
	const uint32_t sum = headers->protocol + (headers->end - headers->l4);
	return rf_inet_add(sum, frame + headers->addresses, headers->addresses_length);
}

/* Where the transport checksum is; 0 if the packet has none. */
static uint32_t find_l4_checksum(const struct headers *headers)
{
	const bool tcp = headers->protocol == RF_PROTOCOL_TCP;
	const uint32_t at = headers->l4 + (tcp ? 16 : 6);
	if (headers->l4 == 0 || (!tcp && headers->protocol != RF_PROTOCOL_UDP) || at + 2 > headers->end)
		return 0;
	return at;
}

static uint32_t ip_header_length(const uint8_t *frame, const struct headers *headers)
{
	return (frame[headers->ip] & 15u) * 4;
}

/* ---- By the device: an offset is one byte, at most 14 + 8 + 60 + 16 ----------- */

static void plan_ip(uint8_t *frame, const struct headers *headers, struct e1000_offload *offload)
{
	const uint32_t last = headers->ip + ip_header_length(frame, headers) - 1;
	rf_put_be16(frame + headers->ip + 10, 0);
	offload->context.word0 = headers->ip | (headers->ip + 10) << 8 | last << 16;
	offload->context.word2 |= E1000_TXK_IP;
	offload->options |= E1000_TXO_IXSM;
}

/* SDM 3.5.1: the device sums what is in the field too, so the pseudo-header goes there first. */
static void plan_l4(uint8_t *frame, const struct headers *headers, uint32_t at, struct e1000_offload *offload)
{
	rf_put_be16(frame + at, (uint16_t)~rf_inet_finish(pseudo_header(frame, headers)));
	offload->context.word1 = headers->l4 | at << 8;
	offload->context.word2 |= headers->protocol == RF_PROTOCOL_TCP ? E1000_TXK_TCP : 0;
	offload->options |= E1000_TXO_TXSM;
}

/* ---- Here ----------------------------------------------------------------------- */

static void sum_ip(uint8_t *frame, const struct headers *headers)
{
	uint8_t *ip = frame + headers->ip;
	rf_put_be16(ip + 10, 0);
	rf_put_be16(ip + 10, rf_inet_finish(rf_inet_add(0, ip, ip_header_length(frame, headers))));
}

static void sum_l4(uint8_t *frame, const struct headers *headers, uint32_t at)
{
	rf_put_be16(frame + at, 0);
	const uint32_t sum =
	    rf_inet_add(pseudo_header(frame, headers), frame + headers->l4, headers->end - headers->l4);
	const uint16_t checksum = rf_inet_finish(sum);
	/* UDP's 0 means "none": RFC 768. */
	rf_put_be16(frame + at, checksum == 0 && headers->protocol == RF_PROTOCOL_UDP ? 0xffff : checksum);
}

/*
 * The device sums up to the end of the frame, and padding is not part of the
 * segment but anybody's bytes. A padded frame is a short one, so it is summed
 * here: the device would need a context of its own for each, and QEMU's 82574L
 * takes the padding for payload whatever the context says.
 */
struct e1000_offload e1000_plan_offload(uint8_t *frame, uint32_t length, uint8_t flags)
{
	struct e1000_offload offload = {0};
	struct headers headers = {0};
	if (!find_headers(frame, length, &headers))
		return offload;
	const bool wants_ip = headers.is_ipv4 && (flags & RF_TX_IP_CSUM) != 0;
	const uint32_t l4_at = flags & RF_TX_L4_CSUM ? find_l4_checksum(&headers) : 0;
	if (headers.end < length || length < E1000_FRAME_MIN) {
		if (wants_ip)
			sum_ip(frame, &headers);
		if (l4_at != 0)
			sum_l4(frame, &headers, l4_at);
		return offload;
	}
	offload.context.word2 = E1000_TXK_DEXT;
	if (wants_ip)
		plan_ip(frame, &headers, &offload);
	if (l4_at != 0)
		plan_l4(frame, &headers, l4_at, &offload);
	return offload;
}
