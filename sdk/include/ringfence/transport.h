/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP, UDP, ICMP, ICMPv6. Structures as on the wire: packed, all multi-byte
 * fields big-endian.
 */
#ifndef RINGFENCE_TRANSPORT_H
#define RINGFENCE_TRANSPORT_H

#include <ringfence/byteorder.h>

#ifdef __cplusplus
extern "C" {
#endif

/* RFC 9293 section 3.1. Options, if any, follow. */
struct rf_tcp {
	rf_be16 source_port;
	rf_be16 destination_port;
	rf_be32 sequence;
	rf_be32 acknowledgement;
	uint8_t offset; /* header length in 4-byte units (4), reserved (4) */
	uint8_t flags;  /* RF_TCP_* */
	rf_be16 window;
	rf_be16 checksum; /* over pseudo-header, header and data */
	rf_be16 urgent;
} __attribute__((packed, may_alias));

#define RF_TCP_HEADER_LEN 20
#define RF_TCP_FIN 0x01
#define RF_TCP_SYN 0x02
#define RF_TCP_RST 0x04
#define RF_TCP_PSH 0x08
#define RF_TCP_ACK 0x10
#define RF_TCP_URG 0x20
#define RF_TCP_ECE 0x40
#define RF_TCP_CWR 0x80

/* Bytes in the TCP header, 0 … 60; below 20 it is malformed. */
RF_INLINE uint32_t rf_tcp_header_length(const struct rf_tcp RF_PKT *tcp)
{
	return (uint32_t)(tcp->offset >> 4) * 4;
}

/* RFC 768. */
struct rf_udp {
	rf_be16 source_port;
	rf_be16 destination_port;
	rf_be16 length;   /* bytes, this header included */
	rf_be16 checksum; /* over pseudo-header, header and data; 0 over IPv4: none */
} __attribute__((packed, may_alias));

#define RF_UDP_HEADER_LEN 8

/* RFC 792: the part that all messages share, and echo's identifier and sequence. */
struct rf_icmp {
	uint8_t type;
	uint8_t code;
	rf_be16 checksum; /* over the ICMP message */
	rf_be16 id;
	rf_be16 sequence;
} __attribute__((packed, may_alias));

#define RF_ICMP_HEADER_LEN 8
#define RF_ICMP_ECHO_REPLY 0
#define RF_ICMP_UNREACHABLE 3
#define RF_ICMP_ECHO_REQUEST 8
#define RF_ICMP_TIME_EXCEEDED 11

/* RFC 4443. The checksum covers the IPv6 pseudo-header too. */
struct rf_icmpv6 {
	uint8_t type;
	uint8_t code;
	rf_be16 checksum;
	rf_be16 id; /* of echo messages */
	rf_be16 sequence;
} __attribute__((packed, may_alias));

#define RF_ICMPV6_ECHO_REQUEST 128
#define RF_ICMPV6_ECHO_REPLY 129
#define RF_ICMPV6_NEIGHBOR_SOLICITATION 135
#define RF_ICMPV6_NEIGHBOR_ADVERTISEMENT 136

#if !defined(__cplusplus)
_Static_assert(sizeof(struct rf_tcp) == RF_TCP_HEADER_LEN, "wire layout");
_Static_assert(sizeof(struct rf_udp) == RF_UDP_HEADER_LEN, "wire layout");
_Static_assert(sizeof(struct rf_icmp) == RF_ICMP_HEADER_LEN, "wire layout");
_Static_assert(sizeof(struct rf_icmpv6) == RF_ICMP_HEADER_LEN, "wire layout");
#endif

#ifdef __cplusplus
}
#endif

#endif
