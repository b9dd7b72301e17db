/* SPDX-License-Identifier: Apache-2.0 */
#include "segment.h"

#include <string.h>

#include <ringfence/inet.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER 20
#define TCP_CHECKSUM 16
#define UDP_CHECKSUM 6
#define TCP_FIN 0x01
#define TCP_PSH 0x08
#define TCP_CWR 0x80

bool rf_complete_checksum(const struct virtio_net_hdr *header, uint8_t *frame, size_t length)
{
	const size_t start = header->csum_start;
	const size_t at = start + header->csum_offset;
	if (start >= length || at + 2 > length)
		return false;
	/* The field holds the pseudo header's sum already: Linux, networking/checksum-offloads. */
	const uint16_t checksum = rf_inet_finish(rf_inet_add(0, frame + start, length - start));
	rf_put_be16(frame + at, header->csum_offset == UDP_CHECKSUM && checksum == 0 ? 0xffff : checksum);
	return true;
}

static uint32_t get_be32(const uint8_t *bytes)
{
	return (uint32_t)rf_get_be16(bytes) << 16 | rf_get_be16(bytes + 2);
}

static void put_be32(uint8_t *bytes, uint32_t value)
{
	rf_put_be16(bytes, (uint16_t)(value >> 16));
	rf_put_be16(bytes + 2, (uint16_t)value);
}

bool rf_segment_begin(struct rf_segmenter *segmenter, const struct virtio_net_hdr *header,
                      const uint8_t *frame, size_t length, size_t max)
{
	const unsigned type = header->gso_type & ~(unsigned)VIRTIO_NET_HDR_GSO_ECN;
	const bool ipv6 = type == VIRTIO_NET_HDR_GSO_TCPV6;
	const size_t ip = RF_ETHER_HEADER;
	const size_t tcp = header->csum_start;
	if ((type != VIRTIO_NET_HDR_GSO_TCPV4 && !ipv6) || header->gso_size == 0)
		return false;
	if (tcp < ip + (ipv6 ? IPV6_HEADER : IPV4_HEADER) || tcp + TCP_HEADER > length)
		return false;
	if (rf_get_be16(frame + RF_ETHER_ADDRESSES) != (ipv6 ? RF_ETHERTYPE_IPV6 : RF_ETHERTYPE_IPV4))
		return false;
	const size_t payload = tcp + (size_t)(frame[tcp + 12] >> 4) * 4;
	if (payload < tcp + TCP_HEADER || payload > length || payload + header->gso_size > max)
		return false;
	*segmenter = (struct rf_segmenter){
	    .frame = frame,
	    .length = length,
	    .ip = ip,
	    .tcp = tcp,
	    .payload = payload,
	    .segment_size = header->gso_size,
	    .ipv6 = ipv6,
	};
	return true;
}

/* RFC 791, RFC 8200: the lengths, for IPv4 also identification and checksum. */
static void write_ip(const struct rf_segmenter *segmenter, uint8_t *ip, size_t length)
{
	if (segmenter->ipv6) {
		rf_put_be16(ip + 4, (uint16_t)(length - segmenter->ip - IPV6_HEADER));
		return;
	}
	rf_put_be16(ip + 2, (uint16_t)(length - segmenter->ip));
	rf_put_be16(ip + 4, (uint16_t)(rf_get_be16(ip + 4) + segmenter->index));
	rf_put_be16(ip + 10, 0);
	rf_put_be16(ip + 10, rf_inet_finish(rf_inet_add(0, ip, segmenter->tcp - segmenter->ip)));
}

/* RFC 9293; FIN and PSH belong to the last segment, CWR (RFC 3168) to the first. */
static void write_tcp(const struct rf_segmenter *segmenter, uint8_t *ip, uint8_t *tcp, size_t length,
                      bool last)
{
	const size_t tcp_length = length - segmenter->tcp;
	put_be32(tcp + 4, get_be32(tcp + 4) + (uint32_t)segmenter->done);
	if (!last)
		tcp[13] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (segmenter->index > 0)
		tcp[13] &= (uint8_t)~TCP_CWR;
	rf_put_be16(tcp + TCP_CHECKSUM, 0);
	uint32_t sum = RF_PROTOCOL_TCP + (uint32_t)tcp_length;
	sum = segmenter->ipv6 ? rf_inet_add(sum, ip + 8, 32) : rf_inet_add(sum, ip + 12, 8);
	rf_put_be16(tcp + TCP_CHECKSUM, rf_inet_finish(rf_inet_add(sum, tcp, tcp_length)));
}

size_t rf_segment_next(struct rf_segmenter *segmenter, uint8_t *to)
{
	const size_t total = segmenter->length - segmenter->payload;
	if (segmenter->done >= total)
		return 0;
	const size_t left = total - segmenter->done;
	const bool last = left <= segmenter->segment_size;
	const size_t bytes = last ? left : segmenter->segment_size;
	const size_t length = segmenter->payload + bytes;
	memcpy(to, segmenter->frame, segmenter->payload);
	memcpy(to + segmenter->payload, segmenter->frame + segmenter->payload + segmenter->done, bytes);
	write_ip(segmenter, to + segmenter->ip, length);
	write_tcp(segmenter, to + segmenter->ip, to + segmenter->tcp, length, last);
	segmenter->done += bytes;
	segmenter->index++;
	return length;
}
