/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over IPv6 extension headers (RFC 8200 section 4). */
#include <ringfence/ip.h>

#define MAX_EXTENSIONS 8
/* Extension headers are multiples of 8 bytes and at least that. */
#define MIN_EXTENSION 8

/* Bytes in the extension header of type `type` whose second byte is `length_field`. */
static uint32_t extension_length(uint8_t type, uint8_t length_field)
{
	if (type == RF_IP_FRAGMENT)
		return 8;
	if (type == RF_IP_AH) /* RFC 4302 section 2.2: 4-byte units, minus 2 */
		return ((uint32_t)length_field + 2) * 4;
	return ((uint32_t)length_field + 1) * 8;
}

static bool is_extension(uint8_t type)
{
	switch (type) {
	case RF_IP_HOP_BY_HOP:
	case RF_IP_ROUTING:
	case RF_IP_FRAGMENT:
	case RF_IP_AH:
	case RF_IP_DESTINATION:
	case RF_IP_MOBILITY:
		return true;
	default:
		return false;
	}
}

bool rf_ipv6_payload(rf_cpkt pkt, uint32_t length, uint32_t offset, struct rf_ip_payload *payload)
{
	const struct rf_ipv6 RF_PKT *ip = RF_HEADER(const struct rf_ipv6, pkt, offset);

	if (!rf_fits(length, offset, RF_IPV6_HEADER_LEN) || *(rf_cpkt)ip >> 4 != 6)
		return false;
	uint32_t at = offset + RF_IPV6_HEADER_LEN;
	uint32_t left = rf_from_be16(ip->payload_length);
	uint8_t type = ip->next_header;

	if (!rf_fits(length, at, left))
		return false;
	payload->fragment = false;
	payload->first = true;
	for (uint32_t seen = 0; is_extension(type); seen++) {
		if (seen == MAX_EXTENSIONS || left < MIN_EXTENSION)
			return false;
		rf_cpkt header = rf_pkt_at(pkt, (int32_t)at);
		const uint32_t size = extension_length(type, header[1]);

		if (size > left)
			return false;
		if (type == RF_IP_FRAGMENT) {
			const uint16_t offset_more = rf_load_be16(rf_pkt_at(header, 2));

			/* An "atomic fragment" (RFC 6946) has neither an offset nor a successor. */
			payload->fragment |= (offset_more & 0xfff9) != 0;
			payload->first = offset_more >> 3 == 0;
		}
		type = header[0];
		at += size;
		left -= size;
		if (!payload->first)
			break;
	}
	payload->offset = at;
	payload->length = left;
	payload->protocol = type;
	return true;
}
