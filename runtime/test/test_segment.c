/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel leaves to a network card: checksums and cutting. */
#include <criterion/criterion.h>
#include <string.h>

#include "af_packet/segment.h"

/* Ones' complement sum of 16-bit big-endian words, RFC 1071, written out. */
static uint32_t sum(const uint8_t *bytes, size_t length)
{
	uint32_t total = 0;
	for (size_t i = 0; i < length; i++)
		total += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

static bool good(const uint8_t *ip_addresses, size_t addresses, uint8_t protocol, const uint8_t *l4,
                 size_t length)
{
	uint32_t total = sum(ip_addresses, addresses) + protocol + (uint32_t)length + sum(l4, length);
	while (total > 0xffff)
		total = (total & 0xffff) + (total >> 16);
	return total == 0xffff;
}

static const uint8_t ipv4_tcp[54] = {
    2,    0,  0,    0,    0,    2,    2,    0,    0,  0, 0, 1, 8,    0, /* Ethernet */
    0x45, 0,  0xff, 0xff, 0x12, 0xff, 0x40, 0,    64, 6, 0, 0, 10,   0,
    0,    1,  10,   0,    0,    2, /* IPv4 */
    0,    80, 0,    81,   0xff, 0xff, 0xff, 0x00, 0,  0, 0, 1, 0x50, 0x99,
    1,    0,  0,    0,    0,    0, /* TCP: CWR, ACK, PSH, FIN */
};

Test(segment, cuts_tcp_over_ipv4)
{
	enum { PAYLOAD = 3500, SIZE = 1448 };
	uint8_t frame[54 + PAYLOAD], out[1792];
	memcpy(frame, ipv4_tcp, 54);
	for (int i = 0; i < PAYLOAD; i++)
		frame[54 + i] = (uint8_t)(i * 31);
	const struct virtio_net_hdr header = {
	    .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = SIZE, .csum_start = 34};
	struct rf_segmenter segmenter;
	cr_assert(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	size_t done = 0;
	for (int i = 0; i < 3; i++) {
		const size_t bytes = i < 2 ? SIZE : PAYLOAD - 2 * SIZE;
		cr_assert_eq(rf_segment_next(&segmenter, out), 54 + bytes);
		cr_assert_arr_eq(out, ipv4_tcp, 16);
		cr_assert_eq(out[16] << 8 | out[17], 40 + bytes);
		cr_assert_eq(out[18] << 8 | out[19], 0x12ff + i);
		cr_assert_eq(sum(out + 14, 20), 0xffff);
		/* The sequence number wraps on the way. */
		const uint32_t sequence =
		    (uint32_t)out[38] << 24 | (uint32_t)out[39] << 16 | (uint32_t)out[40] << 8 | out[41];
		cr_assert_eq(sequence, (uint32_t)(0xffffff00 + done));
		cr_assert_eq(out[47], (i == 0 ? 0x80 : 0) | 0x10 | (i == 2 ? 0x09 : 0));
		cr_assert(good(out + 26, 8, 6, out + 34, 20 + bytes));
		cr_assert_arr_eq(out + 54, frame + 54 + done, bytes);
		done += bytes;
	}
	cr_assert_eq(rf_segment_next(&segmenter, out), 0);
}

Test(segment, cuts_tcp_over_ipv6)
{
	uint8_t frame[74 + 100] = {2, 0,    0,    0,    0, 2, 2, 0, 0,   0, 0,
	                           1, 0x86, 0xdd, 0x60, 0, 0, 0, 0, 120, 6, 64};
	for (int i = 22; i < 54; i++)
		frame[i] = (uint8_t)i;
	frame[54 + 12] = 0x50;
	const struct virtio_net_hdr header = {
	    .gso_type = VIRTIO_NET_HDR_GSO_TCPV6 | VIRTIO_NET_HDR_GSO_ECN, .gso_size = 60, .csum_start = 54};
	struct rf_segmenter segmenter;
	uint8_t out[1792];
	cr_assert(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	for (int i = 0; i < 2; i++) {
		const size_t bytes = i == 0 ? 60 : 40;
		cr_assert_eq(rf_segment_next(&segmenter, out), 74 + bytes);
		cr_assert_eq(out[18] << 8 | out[19], 20 + bytes);
		cr_assert(good(out + 22, 32, 6, out + 54, 20 + bytes));
	}
	cr_assert_eq(rf_segment_next(&segmenter, out), 0);
}

/* Each field of a kernel's or a hostile peer's frame that could lead astray. */
Test(segment, refuses_nonsense)
{
	uint8_t frame[1000];
	struct rf_segmenter segmenter;
	const struct virtio_net_hdr right = {
	    .gso_type = VIRTIO_NET_HDR_GSO_TCPV4, .gso_size = 100, .csum_start = 34};
	memset(frame, 0, sizeof(frame));
	memcpy(frame, ipv4_tcp, 54);
	struct virtio_net_hdr header = right;
	cr_assert(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	header.gso_type = VIRTIO_NET_HDR_GSO_UDP;
	cr_assert_not(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	header = right;
	header.gso_size = 0;
	cr_assert_not(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	header.gso_size = 1792 - 54 + 1;
	cr_assert_not(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	header = right;
	header.csum_start = 33;
	cr_assert_not(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	header.csum_start = 65535;
	cr_assert_not(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	header = right;
	for (size_t length = 0; length < 54; length++)
		cr_assert_not(rf_segment_begin(&segmenter, &header, frame, length, 1792));
	frame[34 + 12] = 0x40;
	cr_assert_not(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
	frame[34 + 12] = 0x50;
	frame[12] = 0x81;
	cr_assert_not(rf_segment_begin(&segmenter, &header, frame, sizeof(frame), 1792));
}

Test(segment, completes_checksums)
{
	/* UDP, whose field holds the pseudo header's sum: RFC 768. */
	uint8_t frame[50];
	memset(frame, 7, sizeof(frame));
	frame[40] = 0x12;
	frame[41] = 0x34;
	const struct virtio_net_hdr header = {.csum_start = 34, .csum_offset = 6};
	cr_assert(rf_complete_checksum(&header, frame, sizeof(frame)));
	uint8_t expected[16];
	memset(expected, 7, sizeof(expected));
	expected[6] = 0x12;
	expected[7] = 0x34;
	cr_assert_eq(frame[40] << 8 | frame[41], ~sum(expected, 16) & 0xffff);
	for (size_t length = 0; length < 42; length++)
		cr_assert_not(rf_complete_checksum(&header, frame, length));
	const struct virtio_net_hdr far = {.csum_start = 65535, .csum_offset = 65535};
	cr_assert_not(rf_complete_checksum(&far, frame, sizeof(frame)));
}
