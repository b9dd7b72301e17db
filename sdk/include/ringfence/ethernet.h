/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ethernet II, IEEE 802.1Q tags, ARP. Structures as on the wire: packed, all
 * multi-byte fields big-endian, usable through packet and ordinary pointers.
 */
#ifndef RINGFENCE_ETHERNET_H
#define RINGFENCE_ETHERNET_H

#include <ringfence/byteorder.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RF_ETH_ADDR_LEN 6
#define RF_ETH_HEADER_LEN 14
#define RF_VLAN_TAG_LEN 4

/* EtherTypes (IANA registry "IEEE 802 Numbers"), host byte order. */
#define RF_ETH_IPV4 0x0800
#define RF_ETH_ARP 0x0806
#define RF_ETH_VLAN 0x8100
#define RF_ETH_IPV6 0x86dd
#define RF_ETH_QINQ 0x88a8

/* IEEE 802.3 clause 3.1, Ethernet II form; no preamble, no frame check sequence. */
struct rf_ethernet {
	uint8_t destination[RF_ETH_ADDR_LEN];
	uint8_t source[RF_ETH_ADDR_LEN];
	rf_be16 type; /* RF_ETH_*; below 0x600 a length (IEEE 802.3 LLC) */
} __attribute__((packed, may_alias));

/* IEEE 802.1Q clause 9.3, as it follows the EtherType RF_ETH_VLAN or RF_ETH_QINQ. */
struct rf_vlan {
	rf_be16 tci;  /* priority (3 bits), drop eligible (1), VLAN identifier (12) */
	rf_be16 type; /* EtherType of what follows */
} __attribute__((packed, may_alias));

#define RF_VLAN_ID_MASK 0x0fff

/* RFC 826, for Ethernet and IPv4 (hardware 1, protocol 0x0800, lengths 6 and 4). */
struct rf_arp {
	rf_be16 hardware;
	rf_be16 protocol;
	uint8_t hardware_length;
	uint8_t protocol_length;
	rf_be16 operation; /* RF_ARP_* */
	uint8_t sender_mac[RF_ETH_ADDR_LEN];
	rf_be32 sender_ip;
	uint8_t target_mac[RF_ETH_ADDR_LEN];
	rf_be32 target_ip;
} __attribute__((packed, may_alias));

#define RF_ARP_REQUEST 1
#define RF_ARP_REPLY 2

#if !defined(__cplusplus)
_Static_assert(sizeof(struct rf_ethernet) == RF_ETH_HEADER_LEN, "wire layout");
_Static_assert(sizeof(struct rf_vlan) == RF_VLAN_TAG_LEN, "wire layout");
_Static_assert(sizeof(struct rf_arp) == 28, "wire layout");
#endif

/*
 * Reads the Ethernet header at `pkt` and up to two VLAN tags after it, in a
 * frame of `length` bytes. Returns the offset of the payload from `pkt`, and
 * in *type its EtherType in host byte order; 0 if the frame ends first. A
 * third tag is not skipped: its EtherType is what *type then says.
 */
RF_INLINE uint32_t rf_ethernet_payload(rf_cpkt pkt, uint32_t length, uint16_t *type)
{
	uint32_t offset = RF_ETH_HEADER_LEN;

	if (length < RF_ETH_HEADER_LEN)
		return 0;
	*type = rf_load_be16(rf_pkt_at(pkt, 12));
	for (uint32_t tags = 0; tags < 2 && (*type == RF_ETH_VLAN || *type == RF_ETH_QINQ); tags++) {
		if (!rf_fits(length, offset, RF_VLAN_TAG_LEN))
			return 0;
		*type = rf_load_be16(rf_pkt_at(pkt, (int32_t)offset + 2));
		offset += RF_VLAN_TAG_LEN;
	}
	return offset;
}

/* Exchanges source and destination address of the frame at `pkt`. */
RF_INLINE void rf_ethernet_swap(rf_pkt pkt)
{
	const uint32_t destination = rf_load_be32(pkt);
	const uint16_t destination_end = rf_load_be16(rf_pkt_at(pkt, 4));
	const uint32_t source = rf_load_be32(rf_pkt_at(pkt, 6));
	const uint16_t source_end = rf_load_be16(rf_pkt_at(pkt, 10));

	rf_store_be32(pkt, source);
	rf_store_be16(rf_pkt_at(pkt, 4), source_end);
	rf_store_be32(rf_pkt_at(pkt, 6), destination);
	rf_store_be16(rf_pkt_at(pkt, 10), destination_end);
}

#ifdef __cplusplus
}
#endif

#endif
