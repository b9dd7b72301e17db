/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IPv4 (RFC 791) and IPv6 (RFC 8200). Structures as on the wire: packed, all
 * multi-byte fields big-endian.
 */
#ifndef RINGFENCE_IP_H
#define RINGFENCE_IP_H

#include <ringfence/byteorder.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Protocol numbers (IANA registry "Protocol Numbers"); IPv6 extension headers among them. */
#define RF_IP_HOP_BY_HOP 0
#define RF_IP_ICMP 1
#define RF_IP_TCP 6
#define RF_IP_UDP 17
#define RF_IP_IPV6 41
#define RF_IP_ROUTING 43
#define RF_IP_FRAGMENT 44
#define RF_IP_GRE 47
#define RF_IP_ESP 50
#define RF_IP_AH 51
#define RF_IP_ICMPV6 58
#define RF_IP_NO_NEXT 59
#define RF_IP_DESTINATION 60
#define RF_IP_SCTP 132
#define RF_IP_MOBILITY 135

/* RFC 791 section 3.1. Options, if any, follow. */
struct rf_ipv4 {
	uint8_t version_ihl;  /* version (4), header length in 4-byte units (4) */
	uint8_t tos;          /* DSCP (6), ECN (2): RFC 2474, RFC 3168 */
	rf_be16 total_length; /* bytes, this header included */
	rf_be16 id;
	rf_be16 fragment; /* RF_IPV4_* flags (3), offset in 8-byte units (13) */
	uint8_t ttl;
	uint8_t protocol; /* RF_IP_* */
	rf_be16 checksum; /* RFC 1071, over the header */
	rf_be32 source;
	rf_be32 destination;
} __attribute__((packed, may_alias));

#define RF_IPV4_HEADER_LEN 20
#define RF_IPV4_DONT_FRAGMENT 0x4000
#define RF_IPV4_MORE_FRAGMENTS 0x2000
#define RF_IPV4_OFFSET_MASK 0x1fff

struct rf_ipv6_addr {
	uint8_t byte[16];
};

/* RFC 8200 section 3. */
struct rf_ipv6 {
	rf_be32 version_class_flow; /* version (4), traffic class (8), flow label (20) */
	rf_be16 payload_length;     /* bytes after this header */
	uint8_t next_header;        /* RF_IP_* */
	uint8_t hop_limit;
	struct rf_ipv6_addr source;
	struct rf_ipv6_addr destination;
} __attribute__((packed, may_alias));

#define RF_IPV6_HEADER_LEN 40

/* RFC 8200 section 4.5. */
struct rf_ipv6_fragment {
	uint8_t next_header;
	uint8_t reserved;
	rf_be16 offset_more; /* offset in 8-byte units (13), reserved (2), more fragments (1) */
	rf_be32 id;
} __attribute__((packed, may_alias));

#if !defined(__cplusplus)
_Static_assert(sizeof(struct rf_ipv4) == RF_IPV4_HEADER_LEN, "wire layout");
_Static_assert(sizeof(struct rf_ipv6) == RF_IPV6_HEADER_LEN, "wire layout");
_Static_assert(sizeof(struct rf_ipv6_fragment) == 8, "wire layout");
#endif

/* Bytes in the header that `ip` points to, 0 … 60; below 20 it is malformed. */
RF_INLINE uint32_t rf_ipv4_header_length(const struct rf_ipv4 RF_PKT *ip)
{
	return (uint32_t)(ip->version_ihl & 0x0f) * 4;
}

/* Whether the packet is a fragment, the first one included. */
RF_INLINE bool rf_ipv4_is_fragment(const struct rf_ipv4 RF_PKT *ip)
{
	return (ip->fragment & RF_BE16(RF_IPV4_MORE_FRAGMENTS | RF_IPV4_OFFSET_MASK)) != 0;
}

/* What stands behind an IP header. Offsets and lengths in bytes, from the packet pointer given. */
struct rf_ip_payload {
	uint32_t offset;  /* of the transport header */
	uint32_t length;  /* of transport header and data, as the IP header says */
	uint8_t protocol; /* RF_IP_* */
	bool fragment;    /* the datagram is fragmented */
	bool first;       /* the transport header is here: not a fragment, or the first one */
};

/*
 * Checks the IPv4 header at `pkt` + `offset` in a frame of `length` bytes
 * (version, header length, total length; not the checksum) and says what
 * follows it. False if it is malformed or the frame ends before the datagram.
 */
RF_INLINE bool rf_ipv4_payload(rf_cpkt pkt, uint32_t length, uint32_t offset, struct rf_ip_payload *payload)
{
	const struct rf_ipv4 RF_PKT *ip = RF_HEADER(const struct rf_ipv4, pkt, offset);
	uint32_t header, total;

	if (!rf_fits(length, offset, RF_IPV4_HEADER_LEN))
		return false;
	header = rf_ipv4_header_length(ip);
	total = rf_from_be16(ip->total_length);
	if (ip->version_ihl >> 4 != 4 || header < RF_IPV4_HEADER_LEN || total < header ||
	    !rf_fits(length, offset, total))
		return false;
	payload->offset = offset + header;
	payload->length = total - header;
	payload->protocol = ip->protocol;
	payload->fragment = rf_ipv4_is_fragment(ip);
	payload->first = (ip->fragment & RF_BE16(RF_IPV4_OFFSET_MASK)) == 0;
	return true;
}

/*
 * Checks the IPv6 header at `pkt` + `offset` in a frame of `length` bytes and
 * walks its extension headers (RFC 8200 section 4: hop-by-hop, routing,
 * destination options, fragment; RFC 4302 AH; RFC 6275 mobility). Stops at
 * the first other header, or behind the fragment header of a later fragment.
 * False if a header is malformed, there are more than 8 of them, or the frame
 * ends before the payload does.
 */
bool rf_ipv6_payload(rf_cpkt pkt, uint32_t length, uint32_t offset, struct rf_ip_payload *payload);

#ifdef __cplusplus
}
#endif

#endif
