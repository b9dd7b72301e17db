/* SPDX-License-Identifier: Apache-2.0 */
/* The driver against QEMU's models of the 82540EM (e1000) and the 82574L (e1000e). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/inet.h>

#include "bench.h"

#define BOTH_ROLES (RF_PORT_RX | RF_PORT_TX)
#define FRAME_MAX 1522

/* One test for each model. `is_e` is true for the 82574L. */
#define BOTH(name)                                                                                           \
	static void name(struct bench *bench, bool is_e);                                                    \
	Test(e1000, name, .timeout = 20)                                                                     \
	{                                                                                                    \
		struct bench bench;                                                                          \
		bench_start(&bench, "e1000");                                                                \
		name(&bench, false);                                                                         \
		bench_end(&bench);                                                                           \
	}                                                                                                    \
	Test(e1000e, name, .timeout = 20)                                                                    \
	{                                                                                                    \
		struct bench bench;                                                                          \
		bench_start(&bench, "e1000e");                                                               \
		name(&bench, true);                                                                          \
		bench_end(&bench);                                                                           \
	}                                                                                                    \
	static void name(struct bench *bench, __attribute__((unused)) bool is_e)

/* An experimental-type frame (RFC 3692's 88b5) whose every byte depends on its number and length. */
static void make_frame(uint8_t *frame, size_t length, uint32_t number)
{
	static const uint8_t header[14] = {0x02, 0, 0, 0, 0, 2, 0x02, 0, 0, 0, 0, 1, 0x88, 0xb5};
	for (size_t i = 0; i < length; i++)
		frame[i] = (uint8_t)(i * 7 + number * 31 + length);
	memcpy(frame, header, sizeof(header));
	memcpy(frame + sizeof(header), &number, sizeof(number));
}

static void expect_received(struct bench *bench, const struct rf_packet *packet, const uint8_t *frame,
                            size_t length)
{
	cr_assert_eq(packet->length, length, "%u bytes instead of %zu", packet->length, length);
	cr_assert_eq(packet->wire_length, length);
	cr_assert_eq(packet->head, rf_slot_head(packet->slot));
	cr_assert_eq(memcmp(bench_frame(bench, packet), frame, length), 0, "the bytes differ at %zu bytes",
	             length);
}

static void expect_sent(struct bench *bench, const uint8_t *frame, size_t length)
{
	uint8_t got[4096];
	cr_assert_eq(bench_receive(bench, got, sizeof(got), 2000), length);
	for (size_t i = 0; i < length; i++)
		cr_assert_eq(got[i], frame[i], "byte %zu of %zu: %02x instead of %02x", i, length, got[i],
		             frame[i]);
}

/* Slots that the port's records say it holds; each at most once. */
static uint32_t held_slots(const struct bench *bench)
{
	static bool seen[BENCH_SLOTS];
	const struct e1000_ring *rings[2] = {&bench->nic->rx.ring, &bench->nic->tx.ring};
	uint32_t count = 0;
	memset(seen, 0, sizeof(seen));
	for (int r = 0; r < 2; r++)
		for (uint32_t i = 0; i < rings[r]->size; i++) {
			const uint32_t slot = rings[r]->slot[i];
			if (slot == RF_SLOT_NONE)
				continue;
			cr_assert_lt(slot, BENCH_SLOTS);
			cr_assert_not(seen[slot], "slot %u is in the rings twice", slot);
			seen[slot] = true;
			count++;
		}
	return count;
}

BOTH(address_is_read_from_eeprom)
{
	static const uint8_t expected[6] = {0x52, 0x54, 0x00, 0x0a, 0x0b, 0x0c};
	bench_open(bench, BOTH_ROLES, "");
	cr_assert_eq(memcmp(bench->nic->mac, expected, 6), 0);
	/* And programmed as the receive address (RAL, RAH with AV). */
	cr_assert_eq(bench_peek(bench, 0x5400), 0x0a005452);
	cr_assert_eq(bench_peek(bench, 0x5404), 0x80000c0b);
	cr_assert_eq(bench->port->tx_offloads, RF_TX_IP_CSUM | RF_TX_L4_CSUM);
}

BOTH(open_leaves_the_device_silent)
{
	struct rf_error error;
	cr_assert_eq(bench_try_open(bench, BOTH_ROLES, "", &error), RF_OK, "%s", error.text);
	cr_assert_eq(bench_peek(bench, 0x0100) & 2, 0, "receiving is enabled");
	cr_assert_eq(bench_peek(bench, 0x0400) & 2, 0, "sending is enabled");
	cr_assert_eq(bench_pci_command(bench) & 4, 0, "bus mastering is allowed");
	cr_assert_eq(held_slots(bench), 0);
}

BOTH(sends_every_size)
{
	uint8_t frame[FRAME_MAX];
	bench_open(bench, RF_PORT_TX, "");
	for (size_t length = 60; length <= FRAME_MAX; length += length < 70 || length > 1510 ? 1 : 37) {
		make_frame(frame, length, (uint32_t)length);
		cr_assert(bench_tx(bench, frame, length, 0, 0));
		expect_sent(bench, frame, length);
	}
}

BOTH(pads_short_frames_with_zeroes)
{
	uint8_t frame[60];
	bench_open(bench, RF_PORT_TX, "");
	for (size_t length = 1; length < 60; length += 7) {
		make_frame(frame, 60, 1);
		memset(frame + length, 0, 60 - length);
		cr_assert(bench_tx(bench, frame, length, 0, 0));
		expect_sent(bench, frame, 60);
	}
}

BOTH(receives_every_size)
{
	uint8_t frame[FRAME_MAX];
	struct rf_packet packet;
	bench_open(bench, RF_PORT_RX, "");
	for (size_t length = 60; length <= FRAME_MAX; length += length < 70 || length > 1510 ? 1 : 37) {
		make_frame(frame, length, (uint32_t)length);
		bench_send(bench, frame, length);
		cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1, "%zu bytes do not arrive", length);
		expect_received(bench, &packet, frame, length);
		bench_give(bench, &packet, 1);
	}
	cr_assert_eq(bench_counter(bench, "rx_errors"), 0);
}

BOTH(too_long_frames_are_counted_and_not_delivered)
{
	uint8_t frame[4000];
	struct rf_packet packet;
	bench_open(bench, RF_PORT_RX, "");
	make_frame(frame, sizeof(frame), 1);
	bench_send(bench, frame, FRAME_MAX + 1);
	bench_send(bench, frame, sizeof(frame));
	make_frame(frame, 100, 2);
	bench_send(bench, frame, 100);
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	expect_received(bench, &packet, frame, 100);
	bench_give(bench, &packet, 1);
	cr_assert_eq(bench_counter(bench, "rx_too_long"), 2);
	cr_assert_eq(bench_counter(bench, "rx_packets"), 1);
}

BOTH(receive_ring_wraps_many_times)
{
	enum { ROUNDS = 60, EACH = 20 };
	uint8_t frame[FRAME_MAX];
	struct rf_packet packets[EACH];
	bench_open(bench, RF_PORT_RX, "");
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < EACH; i++) {
			make_frame(frame, 60 + (round * 13 + i) % 1400, round * EACH + i);
			bench_send(bench, frame, 60 + (round * 13 + i) % 1400);
		}
		cr_assert_eq(bench_rx(bench, packets, EACH, 2000), EACH);
		cr_assert_eq(bench_free_slots(bench) + held_slots(bench) + EACH, BENCH_SLOTS);
		for (uint32_t i = 0; i < EACH; i++) {
			make_frame(frame, 60 + (round * 13 + i) % 1400, round * EACH + i);
			expect_received(bench, &packets[i], frame, 60 + (round * 13 + i) % 1400);
		}
		bench_give(bench, packets, EACH);
	}
	cr_assert_eq(bench_counter(bench, "rx_packets"), ROUNDS * EACH);
}

BOTH(transmit_ring_wraps_many_times)
{
	enum { ROUNDS = 60, EACH = 20 };
	uint8_t frame[FRAME_MAX];
	bench_open(bench, RF_PORT_TX, "");
	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < EACH; i++) {
			make_frame(frame, 60 + (round * 13 + i) % 1400, round * EACH + i);
			cr_assert(bench_tx(bench, frame, 60 + (round * 13 + i) % 1400, 0, 0), "round %u",
			          round);
		}
		for (uint32_t i = 0; i < EACH; i++) {
			make_frame(frame, 60 + (round * 13 + i) % 1400, round * EACH + i);
			expect_sent(bench, frame, 60 + (round * 13 + i) % 1400);
		}
		cr_assert_eq(bench_free_slots(bench) + held_slots(bench), BENCH_SLOTS);
	}
	cr_assert_eq(bench_counter(bench, "tx_packets"), ROUNDS * EACH);
	cr_assert_eq(bench_counter(bench, "hw_tx_good_packets"), ROUNDS * EACH);
}

BOTH(full_receive_ring_drops_and_recovers)
{
	enum { FIRST = BENCH_RING - 1, MORE = 30 };
	uint8_t frame[100];
	struct rf_packet packets[FIRST + MORE];
	bench_open(bench, RF_PORT_RX, "");
	/* All that the ring can take, without the driver looking. The device keeps them in order. */
	for (uint32_t i = 0; i < FIRST; i++) {
		make_frame(frame, sizeof(frame), i);
		bench_send(bench, frame, sizeof(frame));
	}
	bench_sleep_ms(100);
	/* The worker has no slot left for a refill: what was received comes out, nothing else goes in. */
	static uint32_t hoard[BENCH_SLOTS];
	const uint32_t hoarded = rf_slot_take(&bench->slots, hoard, BENCH_SLOTS);
	cr_assert_eq(hoarded, BENCH_SLOTS - FIRST);
	cr_assert_eq(bench_rx(bench, packets, FIRST, 2000), FIRST);
	for (uint32_t i = 0; i < FIRST; i++) {
		make_frame(frame, sizeof(frame), i);
		expect_received(bench, &packets[i], frame, sizeof(frame));
	}
	cr_assert_eq(held_slots(bench), 0);
	for (uint32_t i = 0; i < MORE; i++)
		bench_send(bench, frame, sizeof(frame));
	cr_assert_eq(bench_rx(bench, packets + FIRST, 1, 100), 0);
	/* With slots again it goes on; what the device dropped in between is its own to count. */
	for (uint32_t i = 0; i < hoarded; i++)
		rf_slot_give(&bench->slots, hoard[i]);
	bench_give(bench, packets, FIRST);
	const uint32_t late = bench_rx(bench, packets, MORE, 300);
	bench_give(bench, packets, late);
	cr_assert_eq(late + bench_counter(bench, "hw_rx_missed"), MORE);
	make_frame(frame, sizeof(frame), 4711);
	bench_send(bench, frame, sizeof(frame));
	cr_assert_eq(bench_rx(bench, packets, 1, 2000), 1);
	expect_received(bench, &packets[0], frame, sizeof(frame));
	bench_give(bench, packets, 1);
}

BOTH(full_transmit_ring_refuses_and_recovers)
{
	uint8_t frame[100];
	uint32_t taken = 0;
	bench_open(bench, RF_PORT_TX, "");
	/* The device stops looking at the ring. */
	const uint32_t control = bench_peek(bench, 0x0400);
	bench_poke(bench, 0x0400, control & ~2u);
	make_frame(frame, sizeof(frame), 0);
	while (taken < 2 * BENCH_RING && bench_tx(bench, frame, sizeof(frame), 0, 0)) {
		taken++;
		make_frame(frame, sizeof(frame), taken);
	}
	/* A packet may need two descriptors, and one stays free. */
	cr_assert_eq(taken, BENCH_RING - 2);
	cr_assert_eq(bench_counter(bench, "tx_full"), 1);
	cr_assert_eq(bench_free_slots(bench) + held_slots(bench), BENCH_SLOTS);
	bench_poke(bench, 0x0400, control);
	for (uint32_t i = 0; i < taken; i++) {
		make_frame(frame, sizeof(frame), i);
		expect_sent(bench, frame, sizeof(frame));
	}
	make_frame(frame, sizeof(frame), 4711);
	cr_assert(bench_tx(bench, frame, sizeof(frame), 0, 0));
	expect_sent(bench, frame, sizeof(frame));
}

BOTH(bursts_keep_their_order)
{
	enum { COUNT = 48 };
	uint8_t frame[200];
	struct rf_packet packets[COUNT];
	bench_open(bench, BOTH_ROLES, "");
	for (uint32_t i = 0; i < COUNT; i++) {
		make_frame(frame, 60 + i, i);
		bench_send(bench, frame, 60 + i);
	}
	cr_assert_eq(bench_rx(bench, packets, COUNT, 2000), COUNT);
	/* Out again as they are: zero copy from ring to ring. */
	for (uint32_t i = 0; i < COUNT; i++)
		packets[i].flags = 0;
	cr_assert_eq(bench->port->ops->tx_burst(bench->port, packets, COUNT), COUNT);
	for (uint32_t i = 0; i < COUNT; i++) {
		make_frame(frame, 60 + i, i);
		expect_sent(bench, frame, 60 + i);
	}
}

/* Every descriptor that the device may use, as it stands in shared memory, against a slot. */
static bool device_can_reach(const struct bench *bench, uint32_t slot)
{
	const struct e1000_ring *ring = &bench->nic->rx.ring;
	const uint64_t start = e1000_slot_dma(bench->nic->bus, slot, 0);
	for (uint32_t i = ring->head; i != ring->tail; i = (i + 1) & (ring->size - 1)) {
		const uint32_t *word = ring->descriptor[i].word;
		const uint64_t address = word[0] | (uint64_t)word[1] << 32;
		if (address + E1000_RX_BUFFER > start && address < start + RF_SLOT_SIZE)
			return true;
	}
	return false;
}

BOTH(a_slot_is_the_devices_or_the_callers)
{
	enum { HELD = 24 };
	static uint8_t kept[HELD][RF_SLOT_SIZE];
	uint8_t frame[1500];
	struct rf_packet held[HELD], packets[32];
	bench_open(bench, RF_PORT_RX, "");
	make_frame(frame, sizeof(frame), 1);
	for (uint32_t i = 0; i < HELD; i++)
		bench_send(bench, frame, sizeof(frame));
	cr_assert_eq(bench_rx(bench, held, HELD, 2000), HELD);
	for (uint32_t i = 0; i < HELD; i++) {
		cr_assert_not(device_can_reach(bench, held[i].slot));
		memcpy(kept[i], rf_pool_slot(bench->pool, held[i].slot), RF_SLOT_SIZE);
	}
	/* The check sees what it must: slots of the ring are in reach. */
	cr_assert(device_can_reach(bench, bench->nic->rx.ring.slot[bench->nic->rx.ring.head]));
	for (uint32_t round = 0; round < 20; round++) {
		make_frame(frame, sizeof(frame), 100 + round);
		for (uint32_t i = 0; i < 32; i++)
			bench_send(bench, frame, sizeof(frame));
		cr_assert_eq(bench_rx(bench, packets, 32, 2000), 32);
		for (uint32_t i = 0; i < HELD; i++)
			for (uint32_t j = 0; j < 32; j++)
				cr_assert_neq(held[i].slot, packets[j].slot);
		bench_give(bench, packets, 32);
	}
	for (uint32_t i = 0; i < HELD; i++) {
		cr_assert_not(device_can_reach(bench, held[i].slot));
		cr_assert_eq(memcmp(kept[i], rf_pool_slot(bench->pool, held[i].slot), RF_SLOT_SIZE), 0);
	}
	bench_give(bench, held, HELD);
}

static bool pool_has_changed(const struct bench *bench, uint8_t pattern)
{
	for (size_t i = 0; i < bench->pool->length; i++)
		if (bench->pool->memory[i] != pattern)
			return true;
	return false;
}

BOTH(no_dma_after_stop)
{
	uint8_t frame[500];
	struct rf_error error;
	bench_open(bench, BOTH_ROLES, "");
	make_frame(frame, sizeof(frame), 1);
	/* While it runs, a frame changes the pool without a call of the driver. */
	memset(bench->pool->memory, 0xa5, bench->pool->length);
	bench_send(bench, frame, sizeof(frame));
	for (int i = 0; i < 200 && !pool_has_changed(bench, 0xa5); i++)
		bench_sleep_ms(5);
	cr_assert(pool_has_changed(bench, 0xa5));
	cr_assert_eq(bench->port->ops->stop(bench->port, &error), RF_OK, "%s", error.text);
	cr_assert_eq(bench_free_slots(bench), BENCH_SLOTS);
	cr_assert_eq(held_slots(bench), 0);
	cr_assert_eq(bench_pci_command(bench) & 4, 0);
	memset(bench->pool->memory, 0xa5, bench->pool->length);
	for (int i = 0; i < 20; i++)
		bench_send(bench, frame, sizeof(frame));
	/* Not even if someone enables receiving again: the bus does not let the device through. */
	bench_poke(bench, 0x0100, 0x8002 | 0x18);
	bench_poke(bench, 0x2818, 10);
	bench_sleep_ms(100);
	cr_assert_not(pool_has_changed(bench, 0xa5));
}

BOTH(starts_again_after_stop)
{
	uint8_t frame[100];
	struct rf_packet packet;
	struct rf_error error;
	bench_open(bench, BOTH_ROLES, "");
	for (uint32_t round = 0; round < 3; round++) {
		make_frame(frame, sizeof(frame), round);
		bench_send(bench, frame, sizeof(frame));
		cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
		expect_received(bench, &packet, frame, sizeof(frame));
		bench_give(bench, &packet, 1);
		cr_assert_eq(bench->port->ops->stop(bench->port, &error), RF_OK, "%s", error.text);
		cr_assert_eq(bench_free_slots(bench), BENCH_SLOTS);
		cr_assert_eq(bench->port->ops->start(bench->port, &error), RF_OK, "%s", error.text);
	}
}

/* Lets the driver look at the device until the link is as wanted. */
static bool link_becomes(struct bench *bench, bool up)
{
	for (int i = 0; i < 400 && bench->nic->link_up != up; i++) {
		bench_sleep_ms(10);
		(void)bench->port->ops->tx_burst(bench->port, NULL, 0);
	}
	return bench->nic->link_up == up;
}

BOTH(link_down_and_up)
{
	uint8_t frame[100];
	struct rf_packet packet;
	bench_open(bench, BOTH_ROLES, "");
	const uint64_t changes = bench_counter(bench, "link_changes");
	bench_link(bench, false);
	cr_assert(link_becomes(bench, false));
	make_frame(frame, sizeof(frame), 1);
	cr_assert_not(bench_tx(bench, frame, sizeof(frame), 0, 0), "a packet is taken without a link");
	cr_assert_eq(bench_counter(bench, "tx_link_down"), 1);
	cr_assert_eq(bench_counter(bench, "link_up"), 0);
	bench_link(bench, true);
	cr_assert(link_becomes(bench, true));
	cr_assert_eq(bench_counter(bench, "link_changes"), changes + 2);
	cr_assert(bench_tx(bench, frame, sizeof(frame), 0, 0));
	expect_sent(bench, frame, sizeof(frame));
	bench_send(bench, frame, sizeof(frame));
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	expect_received(bench, &packet, frame, sizeof(frame));
	bench_give(bench, &packet, 1);
}

BOTH(recovers_from_a_hang)
{
	uint8_t frame[100];
	struct rf_packet packet;
	bench_open(bench, BOTH_ROLES, "");
	make_frame(frame, sizeof(frame), 1);
	bench_poke(bench, 0x0400, bench_peek(bench, 0x0400) & ~2u);
	cr_assert(bench_tx(bench, frame, sizeof(frame), 0, 0));
	for (int i = 0; i < 500 && bench->nic->resets == 0; i++) {
		bench_sleep_ms(10);
		(void)bench->port->ops->tx_burst(bench->port, NULL, 0);
	}
	cr_assert_eq(bench_counter(bench, "resets"), 1);
	cr_assert_eq(bench_counter(bench, "tx_lost"), 1);
	cr_assert_null(bench->port->ops->error(bench->port));
	cr_assert_eq(bench_free_slots(bench) + held_slots(bench), BENCH_SLOTS);
	cr_assert(link_becomes(bench, true));
	cr_assert(bench_tx(bench, frame, sizeof(frame), 0, 0));
	expect_sent(bench, frame, sizeof(frame));
	bench_send(bench, frame, sizeof(frame));
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	expect_received(bench, &packet, frame, sizeof(frame));
	bench_give(bench, &packet, 1);
}

/* ---- VLAN, checksums, hash ------------------------------------------------------------ */

static void tag_frame(uint8_t *tagged, const uint8_t *frame, size_t length, uint16_t tci)
{
	memcpy(tagged, frame, 12);
	rf_put_be16(tagged + 12, RF_ETHERTYPE_VLAN);
	rf_put_be16(tagged + 14, tci);
	memcpy(tagged + 16, frame + 12, length - 12);
}

BOTH(vlan_tags_are_kept_by_default)
{
	uint8_t frame[100], tagged[104];
	struct rf_packet packet;
	bench_open(bench, BOTH_ROLES, "");
	make_frame(frame, sizeof(frame), 1);
	tag_frame(tagged, frame, sizeof(frame), 0x6123);
	bench_send(bench, tagged, sizeof(tagged));
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	expect_received(bench, &packet, tagged, sizeof(tagged));
	cr_assert_eq(packet.flags & RF_RX_VLAN, 0);
	bench_give(bench, &packet, 1);
}

BOTH(vlan_tags_are_stripped_and_inserted)
{
	uint8_t frame[100], tagged[104];
	struct rf_packet packet;
	bench_open(bench, BOTH_ROLES, ",vlan=strip");
	cr_assert(bench->port->tx_offloads & RF_TX_VLAN);
	make_frame(frame, sizeof(frame), 1);
	tag_frame(tagged, frame, sizeof(frame), 0x6123);
	bench_send(bench, tagged, sizeof(tagged));
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	expect_received(bench, &packet, frame, sizeof(frame));
	cr_assert(packet.flags & RF_RX_VLAN);
	cr_assert_eq(packet.vlan_tci, 0x6123);
	bench_give(bench, &packet, 1);
	/* Without a tag nothing is reported, although the descriptor was used before. */
	for (int i = 0; i < BENCH_RING; i++) {
		bench_send(bench, frame, sizeof(frame));
		cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
		cr_assert_eq(packet.flags & RF_RX_VLAN, 0);
		cr_assert_eq(packet.vlan_tci, 0);
		bench_give(bench, &packet, 1);
	}
	cr_assert(bench_tx(bench, frame, sizeof(frame), RF_TX_VLAN, 0x6123));
	expect_sent(bench, tagged, sizeof(tagged));
	cr_assert(bench_tx(bench, frame, sizeof(frame), 0, 0x6123));
	expect_sent(bench, frame, sizeof(frame));
}

/* An Ethernet frame with an IP packet of `payload` bytes of TCP or UDP data; checksums right. Returns its
 * length. */
static size_t make_ip(uint8_t *frame, bool is_6, bool is_tcp, size_t payload)
{
	const size_t header = is_6 ? 40 : 20, l4 = 14 + header, l4_length = (is_tcp ? 20 : 8) + payload;
	const uint8_t protocol = is_tcp ? RF_PROTOCOL_TCP : RF_PROTOCOL_UDP;
	memset(frame, 0, l4 + l4_length);
	memcpy(frame, "\x02\0\0\0\0\2\x02\0\0\0\0\1", 12);
	rf_put_be16(frame + 12, is_6 ? RF_ETHERTYPE_IPV6 : RF_ETHERTYPE_IPV4);
	uint8_t *ip = frame + 14;
	size_t addresses = 12, addresses_length = 8;
	if (is_6) {
		ip[0] = 0x60;
		rf_put_be16(ip + 4, (uint16_t)l4_length);
		ip[6] = protocol;
		ip[7] = 64;
		addresses = 8;
		addresses_length = 32;
	} else {
		ip[0] = 0x45;
		rf_put_be16(ip + 2, (uint16_t)(20 + l4_length));
		ip[8] = 64;
		ip[9] = protocol;
	}
	for (size_t i = 0; i < addresses_length; i++)
		ip[addresses + i] = (uint8_t)(0x20 + i * 3);
	uint8_t *segment = frame + l4;
	rf_put_be16(segment, 1024);
	rf_put_be16(segment + 2, 53);
	if (is_tcp)
		segment[12] = 5 << 4;
	else
		rf_put_be16(segment + 4, (uint16_t)l4_length);
	for (size_t i = is_tcp ? 20 : 8; i < l4_length; i++)
		segment[i] = (uint8_t)(i * 11 + 3);
	if (!is_6)
		rf_put_be16(ip + 10, rf_inet_finish(rf_inet_add(0, ip, 20)));
	const uint32_t pseudo = rf_inet_add(protocol + (uint32_t)l4_length, ip + addresses, addresses_length);
	rf_put_be16(segment + (is_tcp ? 16 : 6), rf_inet_finish(rf_inet_add(pseudo, segment, l4_length)));
	return l4 + l4_length;
}

BOTH(checksums_are_inserted)
{
	for (int shape = 0; shape < 4; shape++) {
		const bool is_6 = (shape & 1) != 0, is_tcp = (shape & 2) != 0;
		for (size_t payload = 0; payload < 200; payload += 33) {
			uint8_t expected[400], frame[400];
			if (bench->port == NULL)
				bench_open(bench, BOTH_ROLES, "");
			const size_t length = make_ip(expected, is_6, is_tcp, payload);
			const size_t padded = length < 60 ? 60 : length;
			memset(expected + length, 0, sizeof(expected) - length);
			memcpy(frame, expected, sizeof(frame));
			/* Whatever stands in the fields before must not matter. */
			if (!is_6)
				rf_put_be16(frame + 24, 0xdead);
			rf_put_be16(frame + 14 + (is_6 ? 40 : 20) + (is_tcp ? 16 : 6), 0xbeef);
			cr_assert(bench_tx(bench, frame, length, RF_TX_IP_CSUM | RF_TX_L4_CSUM, 0));
			expect_sent(bench, expected, padded);
			/* The header's alone. */
			if (!is_6) {
				memcpy(frame, expected, sizeof(frame));
				rf_put_be16(frame + 24, 0xdead);
				cr_assert(bench_tx(bench, frame, length, RF_TX_IP_CSUM, 0));
				expect_sent(bench, expected, padded);
			}
			/* And the next packet, without the request, goes as it is. */
			cr_assert(bench_tx(bench, frame, length, 0, 0));
			expect_sent(bench, frame, padded);
		}
	}
}

BOTH(padding_is_not_summed_up)
{
	/* Padding that a frame brings along is not part of the segment (RFC 894), and is anybody's bytes. */
	uint8_t expected[64], frame[64];
	bench_open(bench, BOTH_ROLES, "");
	memset(expected, 0x77, sizeof(expected));
	const size_t length = make_ip(expected, false, false, 2);
	cr_assert_lt(length, 60);
	memcpy(frame, expected, sizeof(frame));
	rf_put_be16(frame + 40, 0);
	cr_assert(bench_tx(bench, frame, 60, RF_TX_L4_CSUM, 0));
	expect_sent(bench, expected, 60);
}

BOTH(what_has_no_checksum_is_left_alone)
{
	uint8_t frame[200];
	bench_open(bench, BOTH_ROLES, "");
	/* Not IP. */
	make_frame(frame, 100, 1);
	cr_assert(bench_tx(bench, frame, 100, RF_TX_IP_CSUM | RF_TX_L4_CSUM, 0));
	expect_sent(bench, frame, 100);
	/* A total length beyond the frame. */
	const size_t length = make_ip(frame, false, true, 60);
	cr_assert(bench_tx(bench, frame, length - 1, RF_TX_IP_CSUM | RF_TX_L4_CSUM, 0));
	expect_sent(bench, frame, length - 1);
	/* A fragment: its header has a checksum, its payload has none of its own. */
	uint8_t expected[200];
	make_ip(expected, false, true, 60);
	rf_put_be16(expected + 20, 0x2000);
	rf_put_be16(expected + 24, 0);
	rf_put_be16(expected + 24, rf_inet_finish(rf_inet_add(0, expected + 14, 20)));
	memcpy(frame, expected, length);
	rf_put_be16(frame + 24, 0x1234);
	cr_assert(bench_tx(bench, frame, length, RF_TX_IP_CSUM | RF_TX_L4_CSUM, 0));
	expect_sent(bench, expected, length);
}

/* QEMU's 82540EM checks nothing and says so (IXSM); its 82574L does. */
BOTH(received_checksums_are_reported)
{
	uint8_t frame[200];
	struct rf_packet packet;
	bench_open(bench, RF_PORT_RX, "");
	const size_t length = make_ip(frame, false, true, 60);
	const uint8_t both = RF_RX_IP_CSUM_OK | RF_RX_L4_CSUM_OK, all = both | RF_RX_CSUM_BAD;
	bench_send(bench, frame, length);
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	cr_assert_eq(packet.flags & all, is_e ? both : 0, "flags %02x", packet.flags);
	bench_give(bench, &packet, 1);
	frame[length - 1] ^= 1;
	bench_send(bench, frame, length);
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	cr_assert_eq(packet.flags & all, is_e ? RF_RX_IP_CSUM_OK | RF_RX_CSUM_BAD : 0, "flags %02x",
	             packet.flags);
	bench_give(bench, &packet, 1);
	frame[length - 1] ^= 1;
	frame[24] ^= 1;
	bench_send(bench, frame, length);
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	cr_assert_eq(packet.flags & (RF_RX_IP_CSUM_OK | RF_RX_CSUM_BAD), is_e ? RF_RX_CSUM_BAD : 0,
	             "flags %02x", packet.flags);
	bench_give(bench, &packet, 1);
}

/* Vectors of Microsoft's "Verifying the RSS Hash Calculation", whose key the driver uses. */
Test(e1000e, receive_hash_is_toeplitz, .timeout = 20)
{
	static const struct {
		uint8_t addresses[8];
		uint16_t ports[2];
		uint32_t hash;
	} vectors[] = {
	    {{66, 9, 149, 187, 161, 142, 100, 80}, {2794, 1766}, 0x51ccc178},
	    {{199, 92, 111, 2, 65, 69, 140, 83}, {14230, 4739}, 0xc626b0ea},
	    {{24, 19, 198, 95, 12, 22, 207, 184}, {12898, 38024}, 0x5c2b394a},
	};
	struct bench bench;
	bench_start(&bench, "e1000e");
	bench_open(&bench, RF_PORT_RX, "");
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t frame[200];
		struct rf_packet packet;
		const size_t length = make_ip(frame, false, true, 60);
		memcpy(frame + 26, vectors[i].addresses, 8);
		rf_put_be16(frame + 34, vectors[i].ports[0]);
		rf_put_be16(frame + 36, vectors[i].ports[1]);
		bench_send(&bench, frame, length);
		cr_assert_eq(bench_rx(&bench, &packet, 1, 2000), 1);
		cr_assert(packet.flags & RF_RX_HASH);
		cr_assert_eq(packet.hash, vectors[i].hash, "%08x instead of %08x", packet.hash,
		             vectors[i].hash);
		bench_give(&bench, &packet, 1);
	}
	bench_end(&bench);
}

/* ---- Filters, interrupts, counters ------------------------------------------------------- */

/* Sends to `to` and a broadcast after it; tells whether the first one came. */
static bool is_received(struct bench *bench, const char *to)
{
	uint8_t frame[100];
	struct rf_packet packets[2];
	make_frame(frame, sizeof(frame), 1);
	memcpy(frame, to, 6);
	bench_send(bench, frame, sizeof(frame));
	memset(frame, 0xff, 6);
	bench_send(bench, frame, sizeof(frame));
	const uint32_t first = bench_rx(bench, packets, 1, 2000);
	cr_assert_eq(first, 1, "not even the broadcast arrives");
	const bool passed =
	    bench_frame(bench, &packets[0])[0] != 0xff || memcmp(to, "\xff\xff\xff\xff\xff\xff", 6) == 0;
	if (passed)
		cr_assert_eq(bench_rx(bench, packets + 1, 1, 2000), 1);
	bench_give(bench, packets, passed ? 2 : 1);
	return passed;
}

BOTH(promiscuous_by_default)
{
	bench_open(bench, RF_PORT_RX, "");
	cr_assert(is_received(bench, "\x02\x99\x99\x99\x99\x99"));
	cr_assert(is_received(bench, "\x01\x00\x5e\x01\x02\x03"));
}

BOTH(address_filter)
{
	bench_open(bench, RF_PORT_RX, ",promisc=off,multicast=01:00:5e:01:02:03+33:33:00:00:00:01");
	cr_assert(is_received(bench, "\x52\x54\x00\x0a\x0b\x0c"));
	cr_assert_not(is_received(bench, "\x52\x54\x00\x0a\x0b\x0d"));
	cr_assert(is_received(bench, "\x01\x00\x5e\x01\x02\x03"));
	cr_assert(is_received(bench, "\x33\x33\x00\x00\x00\x01"));
	cr_assert_not(is_received(bench, "\x01\x00\x5e\x01\x02\x73"));
}

BOTH(all_multicast)
{
	bench_open(bench, RF_PORT_RX, ",promisc=off,multicast=all");
	cr_assert(is_received(bench, "\x01\x00\x5e\x01\x02\x73"));
	cr_assert_not(is_received(bench, "\x52\x54\x00\x0a\x0b\x0d"));
}

BOTH(interrupts_are_on_only_while_armed)
{
	uint8_t frame[100];
	struct rf_packet packet;
	bench_open(bench, RF_PORT_RX, "");
	make_frame(frame, sizeof(frame), 1);
	cr_assert_eq(bench_peek(bench, 0x00d0), 0);
	cr_assert_geq(bench->port->ops->arm(bench->port), 0);
	const uint32_t armed = bench_peek(bench, 0x00d0);
	cr_assert(armed & 1u << 7, "no interrupt for a received frame");
	cr_assert(armed & 1u << 2, "no interrupt for the link");
	/* The worker's last look finds nothing: they stay on. */
	cr_assert_eq(bench->port->ops->rx_burst(bench->port, &packet, 1), 0);
	cr_assert_eq(bench_peek(bench, 0x00d0), armed);
	bench_send(bench, frame, sizeof(frame));
	cr_assert_eq(bench_rx(bench, &packet, 1, 2000), 1);
	cr_assert_eq(bench_peek(bench, 0x00d0), 0);
	bench_give(bench, &packet, 1);
	cr_assert_eq(bench_counter(bench, "interrupt_waits"), 1);
}

BOTH(counters_agree_with_the_device)
{
	uint8_t frame[1000];
	struct rf_packet packets[10];
	bench_open(bench, BOTH_ROLES, "");
	for (uint32_t i = 0; i < 10; i++) {
		make_frame(frame, 64 + i * 100, i);
		bench_send(bench, frame, 64 + i * 100);
	}
	cr_assert_eq(bench_rx(bench, packets, 10, 2000), 10);
	bench_give(bench, packets, 10);
	/* The sum of 64, 164 … 964. */
	cr_assert_eq(bench_counter(bench, "rx_bytes"), 5140);
	/* Twice: reading clears the registers, the totals stay. */
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(bench_counter(bench, "rx_packets"), 10);
		cr_assert_eq(bench_counter(bench, "hw_rx_good_packets"), 10);
		cr_assert_eq(bench_counter(bench, "hw_rx_total_packets"), 10);
	}
}

/* ---- Errors --------------------------------------------------------------------------------- */

/* An EEPROM that was not flashed right: nothing of it can be trusted, the address least. */
static uint32_t (*real_read)(struct e1000_bus *bus, uint32_t offset);
static uint32_t read_damaged(struct e1000_bus *bus, uint32_t offset)
{
	const uint32_t value = real_read(bus, offset);
	return offset == E1000_EERD ? value ^ 1u << 20 : value;
}

BOTH(damaged_eeprom_is_refused)
{
	struct rf_error error;
	cr_assert_eq(bench_try_open(bench, BOTH_ROLES, "", &error), RF_OK, "%s", error.text);
	struct e1000_bus_ops damaged = *bench->nic->bus->ops;
	real_read = damaged.read;
	cr_assert_eq(e1000_read_mac(bench->nic, &error), RF_OK, "%s", error.text);
	damaged.read = read_damaged;
	bench->nic->bus->ops = &damaged;
	cr_assert_eq(e1000_read_mac(bench->nic, &error), RF_ERR_SYSTEM);
	cr_assert(strstr(error.text, "EEPROM") != NULL, "%s", error.text);
	bench->port->ops->close(bench->port);
	bench->port = NULL;
}

static uint32_t read_nothing(struct e1000_bus *bus, uint32_t offset)
{
	(void)bus;
	(void)offset;
	return UINT32_MAX;
}

BOTH(a_device_that_is_gone_fails_the_port)
{
	struct rf_packet packet;
	struct rf_error error;
	bench_open(bench, BOTH_ROLES, "");
	struct e1000_bus_ops gone = *bench->nic->bus->ops;
	gone.read = read_nothing;
	bench->nic->bus->ops = &gone;
	int32_t result = 0;
	for (int i = 0; i < 100 && result == 0; i++) {
		bench_sleep_ms(10);
		result = bench->port->ops->rx_burst(bench->port, &packet, 1);
	}
	cr_assert_eq(result, RF_PORT_FAILED);
	cr_assert(strstr(bench->port->ops->error(bench->port), "gone") != NULL);
	/* It does not hang, says so, and no slot gets lost. */
	cr_assert_eq(bench->port->ops->stop(bench->port, &error), RF_ERR_SYSTEM);
	cr_assert_eq(bench_free_slots(bench), BENCH_SLOTS);
	bench->port->ops->close(bench->port);
	bench->port = NULL;
}
