/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tells a NIC to send, and to receive into, memory that it was not given, past
 * all checks of the driver. Whether anything came of it, the far end of the
 * cable and this process's page tell. Exit status: 0 the page is untouched.
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "../../../drivers/e1000/e1000.h"

#include <ringfence/drivers.h>

#define FRAME_LENGTH 100

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static void make_frame(uint8_t *frame, const char *text)
{
	memset(frame, 0, FRAME_LENGTH);
	memset(frame, 0xff, 6);
	frame[6] = 2;
	frame[12] = 0x88;
	frame[13] = 0xb5;
	memcpy(frame + 14, text, strlen(text));
}

/* The driver's own way, so that the test sees that the NIC works at all. */
static int send_own(struct e1000 *nic)
{
	uint32_t slot;
	if (rf_slot_take(nic->config.slots, &slot, 1) != 1)
		return 1;
	const struct rf_packet packet = {.slot = slot, .head = rf_slot_head(slot), .length = FRAME_LENGTH};
	make_frame(rf_pool_slot(nic->config.pool, slot) + packet.head, "slot of the pool");
	for (int i = 0; i < 100 && !nic->link_up; i++) {
		pause_ms(100);
		(void)nic->port.ops->tx_burst(&nic->port, NULL, 0);
	}
	return nic->port.ops->tx_burst(&nic->port, &packet, 1) == 1 ? 0 : 1;
}

/* A descriptor with an address of our choice, as a bug in the driver or a wild device would have it. */
static void send_foreign(struct e1000 *nic, uint64_t address)
{
	struct e1000_ring *ring = &nic->tx.ring;
	ring->descriptor[ring->tail] =
	    (struct e1000_descriptor){.word = {(uint32_t)address, (uint32_t)(address >> 32),
	                                       FRAME_LENGTH | E1000_TXC_EOP | E1000_TXC_IFCS, 0}};
	ring->tail = (ring->tail + 1) & (ring->size - 1);
	e1000_write(nic, E1000_TDT, ring->tail);
	pause_ms(200);
}

int main(int argc, char **argv)
{
	struct rf_error error;
	struct rf_pool *pool;
	struct rf_slot_cache slots;
	struct rf_port *port;
	if (argc != 2) {
		fprintf(stderr, "usage: foreign-dma ADDRESS\n");
		return 2;
	}
	uint8_t *page =
	    mmap(NULL, RF_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0);
	if (page == MAP_FAILED || rf_pool_create(1024, &pool, &error) != RF_OK)
		return 3;
	make_frame(page, "private page");
	rf_slot_cache_init(&slots, pool);
	const struct rf_port_config config = {
	    .argument = argv[1], .roles = RF_PORT_TX, .link_type = 1, .pool = pool, .slots = &slots};
	if (rf_port_e1000.open(&config, &port, &error) != RF_OK || port->ops->start(port, &error) != RF_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 3;
	}
	struct e1000 *nic = (struct e1000 *)port;
	int status = send_own(nic);
	/* Just past the pool and the rings, the start of memory, and what would be our page if addresses were
	 * ours. */
	const uint64_t foreign[] = {nic->bus->rings_dma + (1 << 20), nic->bus->pool_dma[0] + pool->length,
	                            0x1000, (uintptr_t)page & 0x7fffffffff};
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		send_foreign(nic, foreign[i]);
	if (port->ops->stop(port, &error) != RF_OK)
		fprintf(stderr, "%s\n", error.text);
	port->ops->close(port);
	rf_slot_cache_drain(&slots);
	rf_pool_destroy(pool);
	return status;
}
