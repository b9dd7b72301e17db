/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an NF asks the port to do and the port cannot: checksums and VLAN
 * tags, in software. Frames are untrusted: every offset is checked against
 * the frame's length before it is used.
 */
#include <ringfence/offload.h>

#include <string.h>

#include <ringfence/inet.h>

/* TCP or UDP over [start, end) of the frame, whose IP addresses are at `addresses`. */
static void set_l4_checksum(uint8_t *frame, size_t start, size_t end, uint8_t protocol, size_t addresses,
                            size_t addresses_length)
{
	const bool udp = protocol == RF_PROTOCOL_UDP;
	const size_t at = start + (udp ? 6 : 16);
	if ((!udp && protocol != RF_PROTOCOL_TCP) || at + 2 > end)
		return;
	rf_put_be16(frame + at, 0);
	uint32_t sum = rf_inet_add(0, frame + addresses, addresses_length);
	sum += protocol + (uint32_t)(end - start);
	const uint16_t checksum = rf_inet_finish(rf_inet_add(sum, frame + start, end - start));
	/* UDP over IPv4 uses 0 for "none": RFC 768. */
	rf_put_be16(frame + at, udp && checksum == 0 ? 0xffff : checksum);
}

static void checksum_ipv4(uint8_t *frame, size_t length, size_t ip, uint8_t flags)
{
	if (ip + 20 > length)
		return;
	const size_t header = (size_t)(frame[ip] & 15) * 4;
	const size_t total = rf_get_be16(frame + ip + 2);
	if (frame[ip] >> 4 != 4 || header < 20 || total < header || ip + total > length)
		return;
	if (flags & RF_TX_IP_CSUM) {
		rf_put_be16(frame + ip + 10, 0);
		rf_put_be16(frame + ip + 10, rf_inet_finish(rf_inet_add(0, frame + ip, header)));
	}
	/* A fragment has no whole segment to sum up: RFC 791, flags and fragment offset. */
	const bool fragment = (rf_get_be16(frame + ip + 6) & 0x3fff) != 0;
	if ((flags & RF_TX_L4_CSUM) && !fragment)
		set_l4_checksum(frame, ip + header, ip + total, frame[ip + 9], ip + 12, 8);
}

/* Without extension headers, as NICs of this class do it. */
static void checksum_ipv6(uint8_t *frame, size_t length, size_t ip, uint8_t flags)
{
	if (ip + 40 > length || frame[ip] >> 4 != 6 || !(flags & RF_TX_L4_CSUM))
		return;
	const size_t payload = rf_get_be16(frame + ip + 4);
	if (ip + 40 + payload <= length)
		set_l4_checksum(frame, ip + 40, ip + 40 + payload, frame[ip + 6], ip + 8, 32);
}

static void set_checksums(uint8_t *frame, size_t length, uint8_t flags)
{
	size_t type_at = RF_ETHER_ADDRESSES;
	for (int tags = 0; tags < 2 && type_at + 2 <= length; tags++) {
		const uint16_t type = rf_get_be16(frame + type_at);
		if (type != RF_ETHERTYPE_VLAN && type != RF_ETHERTYPE_QINQ)
			break;
		type_at += 4;
	}
	if (type_at + 2 > length)
		return;
	const uint16_t type = rf_get_be16(frame + type_at);
	if (type == RF_ETHERTYPE_IPV4)
		checksum_ipv4(frame, length, type_at + 2, flags);
	else if (type == RF_ETHERTYPE_IPV6)
		checksum_ipv6(frame, length, type_at + 2, flags);
}

/* The addresses move four bytes down: there is always that much room below a frame. */
static bool insert_vlan(const struct rf_pool *pool, struct rf_packet *packet)
{
	if (packet->length < RF_ETHER_HEADER || packet->length + 4 > RF_FRAME_LEN_MAX)
		return false;
	packet->head = (uint16_t)(packet->head - 4);
	packet->length = (uint16_t)(packet->length + 4);
	packet->wire_length += packet->wire_length <= UINT32_MAX - 4 ? 4 : 0;
	uint8_t *frame = rf_pool_slot(pool, packet->slot) + packet->head;
	memmove(frame, frame + 4, RF_ETHER_ADDRESSES);
	rf_put_be16(frame + RF_ETHER_ADDRESSES, RF_ETHERTYPE_VLAN);
	rf_put_be16(frame + RF_ETHER_ADDRESSES + 2, packet->vlan_tci);
	return true;
}

bool rf_offload_prepare(const struct rf_port *port, const struct rf_pool *pool, struct rf_packet *packet)
{
	uint8_t wanted = packet->flags & (RF_TX_IP_CSUM | RF_TX_L4_CSUM | RF_TX_VLAN);
	/* A tag that the NIC took out and no NF disposed of belongs to the frame. */
	if (packet->flags & RF_RX_VLAN)
		wanted |= RF_TX_VLAN;
	const uint8_t ours = (uint8_t)(wanted & ~port->tx_offloads);
	packet->flags = wanted & port->tx_offloads;
	if (ours & (RF_TX_IP_CSUM | RF_TX_L4_CSUM))
		set_checksums(rf_pool_slot(pool, packet->slot) + packet->head, packet->length, ours);
	return !(ours & RF_TX_VLAN) || insert_vlan(pool, packet);
}
