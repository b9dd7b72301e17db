/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The packet headers and helpers, compiled for the host: checksums against a
 * plain 16-bit sum and known packets, copies at all sizes, the walk over IPv6
 * extension headers, and the frame's two ends.
 */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/nf.h>

#include "native.h"

/* The prefixed library's names for what the headers declare. */
uint64_t rft_rf_sum_packet(uint64_t sum, rf_cpkt from, uint32_t length);
uint64_t rft_rf_sum_memory(uint64_t sum, const void *from, uint32_t length);
bool rft_rf_ipv6_payload(rf_cpkt pkt, uint32_t length, uint32_t offset, struct rf_ip_payload *payload);
void rft___rf_memcpy_from_packet(void *to, rf_cpkt from, uint32_t length);
void rft___rf_memcpy_to_packet(rf_pkt to, const void *from, uint32_t length);
void rft___rf_memmove_packet(rf_pkt to, rf_cpkt from, uint32_t length);
void rft___rf_memset_packet(rf_pkt to, int value, uint32_t length);
int rft_rf_pkt_compare(rf_cpkt pkt, const void *memory, uint32_t length);

uint8_t *rf_native_window[RF_WINDOW_ENTRIES];
uint8_t *rf_native_packet;

uint64_t rf_sum_packet(uint64_t sum, rf_cpkt from, uint32_t length)
{
	return rft_rf_sum_packet(sum, from, length);
}

/* RFC 1071 section 4.1 word by word, in host arithmetic on big-endian words. */
static uint16_t plain_checksum(const uint8_t *bytes, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

Test(checksum, every_length)
{
	uint8_t bytes[1800];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)native_random();
	for (uint32_t length = 0; length < sizeof(bytes) - 3; length++) {
		const uint8_t *const at = bytes + length % 3;
		const uint16_t expected = plain_checksum(at, length);

		cr_assert_eq(rf_from_be16(rf_sum_finish(rft_rf_sum_packet(0, at, length))), expected);
		cr_assert_eq(rf_from_be16(rf_sum_finish(rft_rf_sum_memory(0, at, length))), expected);
	}
}

Test(checksum, extreme_sums)
{
	uint8_t ones[1500];

	memset(ones, 0xff, sizeof(ones));
	cr_assert_eq(rf_sum_finish(rft_rf_sum_packet(0, ones, sizeof(ones))), 0);
	cr_assert_eq(rf_sum_fold(UINT64_MAX), 0xffff);
	cr_assert_eq(rf_sum_fold(0), 0);
	cr_assert_eq(rf_sum_fold(0xffff0000ffff0001), 1);
	cr_assert_eq(rf_sum_fold(0x1fffe), 0xffff);
}

/* RFC 1071 section 3's example: 00 01 f2 03 f4 f5 f6 f7 sums to ddf2. */
Test(checksum, rfc_1071_example)
{
	const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	cr_assert_eq(rf_from_be16(rf_sum_fold(rft_rf_sum_memory(0, bytes, sizeof(bytes)))), 0xddf2);
}

/* RFC 1624 section 4's example: DD2F, 5555 becomes 3285: 0000. */
Test(checksum, rfc_1624_example)
{
	cr_assert_eq(rf_checksum_update16(RF_BE16(0xdd2f), RF_BE16(0x5555), RF_BE16(0x3285)), 0);
}

Test(checksum, incremental_equals_full)
{
	for (int round = 0; round < 2000; round++) {
		uint8_t bytes[64];
		uint16_t check, before;
		uint32_t before32, after32;

		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (uint8_t)native_random();
		check = rf_to_be16(plain_checksum(bytes, sizeof(bytes)));
		memcpy(&before, bytes + 10, 2);
		const uint16_t after = (uint16_t)native_random();
		memcpy(bytes + 10, &after, 2);
		check = rf_checksum_update16(check, before, after);
		memcpy(&before32, bytes + 20, 4);
		after32 = (uint32_t)native_random();
		memcpy(bytes + 20, &after32, 4);
		check = rf_checksum_update32(check, before32, after32);
		cr_assert_eq(rf_from_be16(check), plain_checksum(bytes, sizeof(bytes)));
	}
}

/* A header from Wikipedia's article on the IPv4 checksum: b861. */
Test(checksum, ipv4_header)
{
	uint8_t bytes[24] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40, 0x00, 0x40, 0x11,
	                     0xb8, 0x61, 0xc0, 0xa8, 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
	struct rf_ipv4 *const ip = (struct rf_ipv4 *)bytes;

	cr_assert_eq(rf_ipv4_checksum(ip), RF_BE16(0xb861));
	cr_assert(rf_ipv4_checksum_ok(ip));
	bytes[8]--;
	cr_assert_not(rf_ipv4_checksum_ok(ip));
	bytes[0] = 0x46; /* with an option */
	memcpy(bytes + 20, "\x94\x04\x00\x00", 4);
	memset(bytes + 10, 0, 2);
	const uint16_t expected = plain_checksum(bytes, 24);
	bytes[10] = 0x12; /* what the field holds does not count */
	cr_assert_eq(rf_from_be16(rf_ipv4_checksum(ip)), expected);
}

Test(checksum, pseudo_headers)
{
	/* The same sums over pseudo-headers written out byte by byte. */
	uint8_t v4[20] = {0x45}, v6[40] = {0x60}, pseudo4[12] = {0}, pseudo6[40] = {0};

	for (int i = 12; i < 20; i++)
		pseudo4[i - 12] = v4[i] = (uint8_t)native_random();
	pseudo4[9] = RF_IP_UDP;
	pseudo4[10] = 0x05;
	pseudo4[11] = 0xd1;
	cr_assert_eq(rf_from_be16(rf_sum_finish(rf_sum_pseudo_ipv4((struct rf_ipv4 *)v4, RF_IP_UDP, 0x5d1))),
	             plain_checksum(pseudo4, sizeof(pseudo4)));
	for (int i = 8; i < 40; i++)
		pseudo6[i - 8] = v6[i] = (uint8_t)native_random();
	pseudo6[34] = 0x05;
	pseudo6[35] = 0xd1;
	pseudo6[39] = RF_IP_ICMPV6;
	cr_assert_eq(
	    rf_from_be16(rf_sum_finish(rf_sum_pseudo_ipv6((struct rf_ipv6 *)v6, RF_IP_ICMPV6, 0x5d1))),
	    plain_checksum(pseudo6, sizeof(pseudo6)));
}

/* ---- Copies --------------------------------------------------------------------- */

static void random_bytes(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)native_random();
}

Test(copy, every_size)
{
	uint8_t from[400], mine[400], theirs[400];

	for (uint32_t size = 0; size < 300; size++) {
		random_bytes(from, sizeof(from));
		random_bytes(mine, sizeof(mine));
		memcpy(theirs, mine, sizeof(mine));
		memcpy(theirs + 33, from + 7, size);
		memcpy(theirs + 33 + size, mine + 33 + size, sizeof(mine) - 33 - size);
		if (size % 2)
			rft___rf_memcpy_from_packet(mine + 33, from + 7, size);
		else
			rft___rf_memcpy_to_packet(mine + 33, from + 7, size);
		cr_assert_arr_eq(mine, theirs, sizeof(mine));
		memset(theirs + 5, 0x5a, size);
		rft___rf_memset_packet(mine + 5, 0x5a, size);
		cr_assert_arr_eq(mine, theirs, sizeof(mine));
	}
}

Test(copy, overlapping_moves)
{
	uint8_t mine[512], theirs[512];

	for (uint32_t size = 0; size < 250; size += size < 70 ? 1 : 9) {
		for (uint32_t to = 0; to < 250; to++) {
			random_bytes(mine, sizeof(mine));
			memcpy(theirs, mine, sizeof(mine));
			memmove(theirs + to, theirs + 120, size);
			rft___rf_memmove_packet(mine + to, mine + 120, size);
			cr_assert(memcmp(mine, theirs, sizeof(mine)) == 0, "%u bytes from 120 to %u", size,
			          to);
		}
	}
}

Test(copy, compare)
{
	uint8_t a[100], b[100];

	random_bytes(a, sizeof(a));
	memcpy(b, a, sizeof(a));
	for (uint32_t size = 0; size <= 100; size++) {
		cr_assert_eq(rft_rf_pkt_compare(a, b, size), 0);
		for (uint32_t i = 0; i < size; i++) {
			b[i] ^= 0x80;
			cr_assert_eq(rft_rf_pkt_compare(a, b, size) > 0, memcmp(a, b, size) > 0);
			cr_assert_neq(rft_rf_pkt_compare(a, b, size), 0);
			b[i] ^= 0x80;
		}
	}
}

/* ---- Headers ---------------------------------------------------------------------- */

Test(headers, byte_order)
{
	const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08};
	uint8_t copy[8];

	cr_assert_eq(rf_load_be16(bytes), 0x0102);
	cr_assert_eq(rf_load_be32(bytes), 0x01020304);
	cr_assert_eq(rf_load_be64(bytes), 0x0102030405060708);
	rf_store_be16(copy, 0x0102);
	rf_store_be16(copy + 2, 0x0304);
	rf_store_be32(copy + 4, 0x05060708);
	cr_assert_arr_eq(copy, bytes, 8);
	rf_store_be64(copy, 0x0102030405060708);
	cr_assert_arr_eq(copy, bytes, 8);
	cr_assert_eq(RF_BE16(0x1234), rf_to_be16(0x1234));
	cr_assert_eq(RF_BE32(0x12345678), rf_to_be32(0x12345678));
	cr_assert_eq(RF_BE64(0x123456789abcdef0), rf_to_be64(0x123456789abcdef0));
}

Test(headers, vlan_tags)
{
	uint8_t frame[64] = {0};
	uint16_t type;

	rf_store_be16(frame + 12, RF_ETH_IPV4);
	cr_assert_eq(rf_ethernet_payload(frame, 64, &type), 14);
	cr_assert_eq(type, RF_ETH_IPV4);
	cr_assert_eq(rf_ethernet_payload(frame, 14, &type), 14);
	cr_assert_eq(rf_ethernet_payload(frame, 13, &type), 0);
	rf_store_be16(frame + 12, RF_ETH_QINQ);
	rf_store_be16(frame + 16, RF_ETH_VLAN);
	rf_store_be16(frame + 20, RF_ETH_IPV6);
	cr_assert_eq(rf_ethernet_payload(frame, 64, &type), 22);
	cr_assert_eq(type, RF_ETH_IPV6);
	cr_assert_eq(rf_ethernet_payload(frame, 22, &type), 22);
	cr_assert_eq(rf_ethernet_payload(frame, 21, &type), 0);
	rf_store_be16(frame + 20, RF_ETH_VLAN); /* a third tag is the payload */
	cr_assert_eq(rf_ethernet_payload(frame, 64, &type), 22);
	cr_assert_eq(type, RF_ETH_VLAN);
	cr_assert_eq(rf_ethernet_payload(frame, 0, &type), 0);
}

Test(headers, swap_addresses)
{
	uint8_t frame[14] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
	const uint8_t swapped[14] = {7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6, 13, 14};

	rf_ethernet_swap(frame);
	cr_assert_arr_eq(frame, swapped, 14);
}

Test(headers, ipv4_payload)
{
	uint8_t bytes[80] = {0};
	uint8_t *const ip = bytes + 14;
	struct rf_ip_payload payload;

	ip[0] = 0x46;
	ip[3] = 60;
	ip[9] = RF_IP_TCP;
	cr_assert(rf_ipv4_payload(bytes, 80, 14, &payload));
	cr_assert_eq(payload.offset, 14 + 24);
	cr_assert_eq(payload.length, 36);
	cr_assert_eq(payload.protocol, RF_IP_TCP);
	cr_assert(payload.first && !payload.fragment);
	cr_assert(rf_ipv4_payload(bytes, 74, 14, &payload));
	cr_assert_not(rf_ipv4_payload(bytes, 73, 14, &payload), "the frame ends before the datagram");
	ip[6] = 0x40;
	cr_assert(rf_ipv4_payload(bytes, 80, 14, &payload) && !payload.fragment, "don't fragment");
	ip[6] = 0x20;
	cr_assert(rf_ipv4_payload(bytes, 80, 14, &payload) && payload.fragment && payload.first);
	ip[7] = 1;
	cr_assert(rf_ipv4_payload(bytes, 80, 14, &payload) && payload.fragment && !payload.first);
	ip[0] = 0x44;
	cr_assert_not(rf_ipv4_payload(bytes, 80, 14, &payload), "header length 16");
	ip[0] = 0x65;
	cr_assert_not(rf_ipv4_payload(bytes, 80, 14, &payload), "version 6");
	ip[0] = 0x4f;
	ip[3] = 59;
	cr_assert_not(rf_ipv4_payload(bytes, 80, 14, &payload), "total length below the header's");
	cr_assert_not(rf_ipv4_payload(bytes, 33, 14, &payload), "header cut");
	cr_assert_not(rf_ipv4_payload(bytes, 10, 14, &payload), "offset beyond the frame");
}

/* An IPv6 header, then `extensions`, then 8 bytes of UDP; returns the frame's length. */
static uint32_t ipv6_packet(uint8_t *frame, uint8_t first, const uint8_t *extensions, uint32_t length)
{
	memset(frame, 0, 40);
	frame[0] = 0x60;
	rf_store_be16(frame + 4, (uint16_t)(length + 8));
	frame[6] = first;
	if (length > 0)
		memcpy(frame + 40, extensions, length);
	memset(frame + 40 + length, 0xaa, 8);
	return 40 + length + 8;
}

Test(headers, ipv6_payload)
{
	uint8_t frame[512];
	struct rf_ip_payload payload;
	const uint8_t chain[] = {
	    RF_IP_DESTINATION,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0, /* hop by hop */
	    RF_IP_ROUTING,
	    1,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0, /* destination options, 16 bytes */
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0, /* */
	    RF_IP_AH,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0, /* routing */
	    RF_IP_FRAGMENT,
	    4,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0, /* AH: (4 + 2) * 4 = 24 bytes */
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0,
	    0, /* */
	    RF_IP_UDP,
	    0,
	    0,
	    1,
	    0,
	    0,
	    0,
	    7, /* first fragment, more follow */
	};
	uint32_t length = ipv6_packet(frame, RF_IP_HOP_BY_HOP, chain, sizeof(chain));

	cr_assert(rft_rf_ipv6_payload(frame, length, 0, &payload));
	cr_assert_eq(payload.protocol, RF_IP_UDP);
	cr_assert_eq(payload.offset, 40 + sizeof(chain));
	cr_assert_eq(payload.length, 8);
	cr_assert(payload.fragment && payload.first);
	cr_assert_not(rft_rf_ipv6_payload(frame, length - 1, 0, &payload), "cut by a byte");
	for (uint32_t cut = 0; cut < sizeof(chain); cut += 8) { /* the payload ends in the chain */
		rf_store_be16(frame + 4, (uint16_t)(cut + 4));
		cr_assert_not(rft_rf_ipv6_payload(frame, length, 0, &payload), "payload of %u", cut + 4);
	}
	const uint8_t later[] = {RF_IP_TCP, 0, 0x00, 0x08, 0, 0, 0, 1};

	length = ipv6_packet(frame, RF_IP_FRAGMENT, later, 8);
	cr_assert(rft_rf_ipv6_payload(frame, length, 0, &payload));
	cr_assert(payload.fragment && !payload.first && payload.protocol == RF_IP_TCP);
	const uint8_t atomic[] = {RF_IP_TCP, 0, 0, 0, 0, 0, 0, 1};

	length = ipv6_packet(frame, RF_IP_FRAGMENT, atomic, 8);
	cr_assert(rft_rf_ipv6_payload(frame, length, 0, &payload));
	cr_assert(!payload.fragment && payload.first);
	length = ipv6_packet(frame, RF_IP_NO_NEXT, NULL, 0);
	cr_assert(rft_rf_ipv6_payload(frame, length, 0, &payload) && payload.protocol == RF_IP_NO_NEXT);
	frame[0] = 0x45;
	cr_assert_not(rft_rf_ipv6_payload(frame, length, 0, &payload), "version 4");
}

Test(headers, ipv6_endless_chain)
{
	uint8_t frame[512], chain[9 * 8] = {0}; /* nine hop-by-hop headers */
	struct rf_ip_payload payload;

	for (uint32_t i = 0; i < 8; i++)
		chain[i * 8] = i == 7 ? RF_IP_UDP : RF_IP_HOP_BY_HOP;
	cr_assert(rft_rf_ipv6_payload(frame, ipv6_packet(frame, RF_IP_HOP_BY_HOP, chain, 64), 0, &payload));
	chain[7 * 8] = RF_IP_HOP_BY_HOP;
	chain[8 * 8] = RF_IP_UDP;
	cr_assert_not(
	    rft_rf_ipv6_payload(frame, ipv6_packet(frame, RF_IP_HOP_BY_HOP, chain, 72), 0, &payload));
}

/* ---- The frame's ends ----------------------------------------------------------------- */

Test(ends, prepend_and_pull)
{
	uint8_t slot[4096];
	struct rf_desc desc = {.length = 100};
	rf_pkt pkt = rf_native_packet = slot + 512;

	cr_assert(rf_prepend(&desc, &pkt, 4));
	cr_assert_eq(desc.head, -4);
	cr_assert_eq(desc.length, 104);
	cr_assert_eq(pkt, slot + 508);
	cr_assert_eq(pkt, rf_data(&desc));
	cr_assert(rf_prepend(&desc, &pkt, RF_HEADROOM - 4));
	cr_assert_not(rf_prepend(&desc, &pkt, 1), "no headroom is left");
	cr_assert_eq(desc.head, -RF_HEADROOM);
	cr_assert(rf_pull(&desc, &pkt, RF_HEADROOM + 14));
	cr_assert_eq(desc.head, 14);
	cr_assert_eq(desc.length, 86);
	cr_assert_eq(pkt, slot + 526);
	cr_assert_not(rf_pull(&desc, &pkt, 86), "a frame has at least one byte");
	cr_assert(rf_pull(&desc, &pkt, 85));
	cr_assert(rf_prepend(&desc, &pkt, 99));
	cr_assert_eq(pkt, slot + 512);
	desc.length = RF_FRAME_LEN_MAX - 3;
	cr_assert_not(rf_prepend(&desc, &pkt, 4), "longer than a frame may be");
	cr_assert_not(rf_prepend(&desc, &pkt, UINT32_MAX));
	cr_assert_not(rf_prepend(&desc, &pkt, 0x80000000));
	cr_assert_eq(desc.head, 0);
}

Test(ends, append_and_trim)
{
	struct rf_desc desc = {.length = 1700};

	cr_assert(rf_append(&desc, 92));
	cr_assert_not(rf_append(&desc, 1));
	cr_assert_not(rf_append(&desc, UINT32_MAX));
	cr_assert_not(rf_trim(&desc, RF_FRAME_LEN_MAX));
	cr_assert(rf_trim(&desc, RF_FRAME_LEN_MAX - 1));
	cr_assert_eq(desc.length, 1);
	desc.head = 100; /* after a pull the end must still be within reach */
	desc.length = 1600;
	cr_assert_not(rf_append(&desc, 93));
	cr_assert(rf_append(&desc, 92));
	desc.head = -100;
	desc.length = 1700;
	cr_assert(rf_append(&desc, 92));
}

Test(ends, loop_macro)
{
	static struct rf_burst burst = {.count = 5};
	static uint8_t slots[5];
	uint32_t seen = 0;

	for (uint32_t i = 0; i < 5; i++)
		rf_native_window[i] = &slots[i];
	RF_FOR_EACH_PACKET (&burst, i, pkt) {
		cr_assert_eq(pkt, &slots[i]);
		if (i == 1)
			continue;
		if (i == 3)
			break;
		seen |= 1u << i;
	}
	cr_assert_eq(seen, 1u << 0 | 1u << 2);
}
