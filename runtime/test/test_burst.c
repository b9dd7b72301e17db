/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime believes of a descriptor that comes back. */
#include <criterion/criterion.h>
#include <string.h>

#include "burst.h"

static const struct rf_packet received = {.slot = 7,
                                          .head = 512,
                                          .length = 100,
                                          .wire_length = 100,
                                          .flags = RF_RX_L4_CSUM_OK,
                                          .hash = 5,
                                          .timestamp_ns = 9};

static uint8_t take(struct rf_desc desc, struct rf_packet *packet)
{
	uint8_t port = 99;
	*packet = received;
	return rf_desc_take(&desc, 3, packet, &port);
}

Test(burst, a_filled_descriptor_is_complete)
{
	struct rf_desc desc;
	memset(&desc, 0xff, sizeof(desc));
	rf_desc_fill(&desc, &received);
	cr_assert_eq(desc.length, 100);
	cr_assert_eq(desc.head, 0);
	cr_assert_eq(desc.verdict, RF_DROP);
	cr_assert_eq(desc.port, 0);
	cr_assert_eq(desc.flags, RF_RX_L4_CSUM_OK);
	cr_assert_eq(desc.hash, 5);
	cr_assert_eq(desc.reserved, 0);
	cr_assert_eq(desc.reserved2, 0);
	cr_assert_eq(desc.wire_length, 100);
	cr_assert_eq(desc.timestamp_ns, 9);
}

/* All verdicts, ports, lengths and heads there are. */
Test(burst, ranges)
{
	struct rf_packet packet;
	for (int verdict = 0; verdict < 256; verdict++) {
		const uint8_t expected = verdict <= RF_TX ? (uint8_t)verdict : RF_REFUSED;
		cr_assert_eq(take((struct rf_desc){.length = 100, .verdict = (uint8_t)verdict}, &packet),
		             expected);
	}
	for (int port = 0; port < 256; port++) {
		const struct rf_desc desc = {.length = 100, .verdict = RF_TX, .port = (uint8_t)port};
		cr_assert_eq(take(desc, &packet), port < 3 ? RF_TX : RF_REFUSED);
		/* Nobody looks at the port of another verdict. */
		cr_assert_eq(
		    take((struct rf_desc){.length = 100, .verdict = RF_NEXT, .port = (uint8_t)port}, &packet),
		    RF_NEXT);
	}
	for (int length = 0; length < 65536; length++) {
		const struct rf_desc desc = {.length = (uint16_t)length, .verdict = RF_NEXT};
		const bool good = length >= 1 && length <= 1792;
		cr_assert_eq(take(desc, &packet), good ? RF_NEXT : RF_REFUSED);
		if (good)
			cr_assert_eq(packet.length, length);
		else
			cr_assert_eq(memcmp(&packet, &received, sizeof(packet)), 0);
	}
	for (int head = INT16_MIN; head <= INT16_MAX; head++) {
		const struct rf_desc desc = {.length = 1792, .head = (int16_t)head, .verdict = RF_NEXT};
		const bool good = 512 + head >= 256 && 512 + head <= 1024;
		cr_assert_eq(take(desc, &packet), good ? RF_NEXT : RF_REFUSED);
		if (good) {
			cr_assert_eq(packet.head, 512 + head);
			cr_assert_leq(packet.head + packet.length, RF_SLOT_SIZE);
		}
	}
}

Test(burst, a_dropped_packet_may_say_anything)
{
	struct rf_packet packet;
	cr_assert_eq(take((struct rf_desc){.length = 65535, .head = -32768, .port = 255}, &packet), RF_DROP);
	cr_assert_eq(memcmp(&packet, &received, sizeof(packet)), 0);
}

Test(burst, flags_of_receipt_can_be_taken_back_but_not_claimed)
{
	struct rf_packet packet;
	cr_assert_eq(take((struct rf_desc){.length = 100, .verdict = RF_NEXT, .flags = 0xff}, &packet),
	             RF_NEXT);
	cr_assert_eq(packet.flags, RF_RX_L4_CSUM_OK | RF_TX_IP_CSUM | RF_TX_L4_CSUM | RF_TX_VLAN);
	cr_assert_eq(take((struct rf_desc){.length = 100, .verdict = RF_NEXT}, &packet), RF_NEXT);
	cr_assert_eq(packet.flags, 0);
}

/* The wire length follows the frame; what the capture had cut off stays cut off, and nothing wraps. */
Test(burst, wire_length)
{
	struct rf_desc desc = {.length = 50, .verdict = RF_NEXT};
	struct rf_packet packet = received;
	uint8_t port;
	packet.wire_length = 1500;
	cr_assert_eq(rf_desc_take(&desc, 1, &packet, &port), RF_NEXT);
	cr_assert_eq(packet.wire_length, 1450);
	packet = received;
	packet.wire_length = 10;
	cr_assert_eq(rf_desc_take(&desc, 1, &packet, &port), RF_NEXT);
	cr_assert_eq(packet.wire_length, 50);
	/* A capture may claim anything. */
	desc.length = 1792;
	for (uint32_t wire = UINT32_MAX - 1800; wire != 0; wire++) {
		packet = received;
		packet.wire_length = wire;
		cr_assert_eq(rf_desc_take(&desc, 1, &packet, &port), RF_NEXT);
		const uint64_t exact = (uint64_t)wire - 100 + 1792;
		cr_assert_eq(packet.wire_length, exact < UINT32_MAX ? exact : UINT32_MAX);
	}
}

/* The identity of a packet is not the NF's to change. */
Test(burst, slot_and_times_are_not_read_back)
{
	struct rf_packet packet;
	const struct rf_desc desc = {
	    .length = 1, .verdict = RF_NEXT, .hash = 1, .timestamp_ns = 1, .in_port = 77};
	take(desc, &packet);
	cr_assert_eq(packet.slot, received.slot);
	cr_assert_eq(packet.hash, received.hash);
	cr_assert_eq(packet.timestamp_ns, received.timestamp_ns);
	cr_assert_eq(packet.in_port, received.in_port);
}

Test(burst, handing_over_clears_all_but_the_frame)
{
	struct rf_pool *pool;
	cr_assert_eq(rf_pool_create(8, &pool, NULL), RF_OK);
	const struct rf_packet packet = {.slot = 3, .head = 300, .length = 77};
	uint8_t *slot = rf_pool_slot(pool, 3);
	memset(rf_pool_slot(pool, 2), 0xaa, 3 * RF_SLOT_SIZE);

	rf_slot_hand_over(pool, &packet, 1);
	for (int i = 0; i < RF_SLOT_SIZE; i++)
		cr_assert_eq(slot[i], i >= 300 && i < 377 ? 0xaa : 0, "byte %d", i);
	cr_assert_eq(rf_pool_slot(pool, 2)[RF_SLOT_SIZE - 1], 0xaa);
	cr_assert_eq(rf_pool_slot(pool, 4)[0], 0xaa);

	/* The same tenant again: nothing to hide from it. */
	slot[0] = 1;
	rf_slot_hand_over(pool, &packet, 1);
	cr_assert_eq(slot[0], 1);
	rf_slot_hand_over(pool, &packet, 2);
	cr_assert_eq(slot[0], 0);
	rf_pool_destroy(pool);
}

Test(burst, escape)
{
	char text[16];
	cr_assert_eq(rf_escape(text, sizeof(text), (const uint8_t *)"ab\n\x7f\\z", 6), 15);
	cr_assert_str_eq(text, "ab\\x0a\\x7f\\x5cz");
	/* Never half an escape, always terminated. */
	cr_assert_eq(rf_escape(text, 5, (const uint8_t *)"a\n", 2), 1);
	cr_assert_str_eq(text, "a");
	cr_assert_eq(rf_escape(text, 1, (const uint8_t *)"a", 1), 0);
	cr_assert_str_eq(text, "");
}
