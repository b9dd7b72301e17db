/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A test bench for the driver: QEMU's own model of the NIC, without a guest.
 *
 * QEMU runs a BIOS that only halts. The test plays the processor: it reads
 * and writes the NIC's registers over QEMU's qtest socket, and the guest's
 * memory is the pool's and the rings' memory, shared. The far end of the
 * cable is a socket that carries one frame a datagram.
 *
 * Everything here fails the test by itself when QEMU does not answer.
 */
#ifndef E1000_BENCH_H
#define E1000_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ringfence/port.h>

#include "../../drivers/e1000/e1000.h"

#define BENCH_SLOTS 2048
#define BENCH_RING 64
/* Given to the NIC on QEMU's command line: what its EEPROM holds. */
#define BENCH_MAC "52:54:00:0a:0b:0c"

struct bench {
	pid_t qemu;
	int qtest, cable, monitor;
	unsigned unanswered; /* commands on their way whose answers carry nothing */
	size_t input_used;
	char input[4096];
	void *low; /* guest memory from 0: the rings lie in it */
	struct rf_pool *pool;
	struct rf_slot_cache slots;
	struct rf_port *port;
	struct e1000 *nic; /* the same as `port`, to look inside */
};

/* Starts QEMU with one NIC ("e1000", "e1000e"). */
void bench_start(struct bench *bench, const char *device);
/* Ends QEMU; stops and closes the port if it is open, and checks that every slot came back. */
void bench_end(struct bench *bench);

/* Opens and starts the port; `options` as after the address on the command line, starting with ',' or "". */
void bench_open(struct bench *bench, unsigned roles, const char *options);
/* Only opens it. */
enum rf_status bench_try_open(struct bench *bench, unsigned roles, const char *options,
                              struct rf_error *error);

/* The far end sends a frame, or receives one: its length, or 0 after `timeout_ms` without. */
void bench_send(struct bench *bench, const void *frame, size_t length);
size_t bench_receive(struct bench *bench, void *frame, size_t size, int timeout_ms);

/* Calls rx_burst until `count` packets came or `timeout_ms` passed; returns how many. */
uint32_t bench_rx(struct bench *bench, struct rf_packet *packets, uint32_t count, int timeout_ms);
/* Sends one frame through the port; false if the port did not take it. */
bool bench_tx(struct bench *bench, const void *frame, size_t length, uint8_t flags, uint16_t vlan_tci);
/* Gives received packets' slots back. */
void bench_give(struct bench *bench, const struct rf_packet *packets, uint32_t count);
uint8_t *bench_frame(struct bench *bench, const struct rf_packet *packet);

/* Pulls the cable out or plugs it in. */
void bench_link(struct bench *bench, bool up);

/* A register, past the driver. */
uint32_t bench_peek(struct bench *bench, uint32_t offset);
void bench_poke(struct bench *bench, uint32_t offset, uint32_t value);
/* The PCI command register. */
uint16_t bench_pci_command(struct bench *bench);

/* The port's counter of that name; fails the test if there is none. */
uint64_t bench_counter(struct bench *bench, const char *name);

/* Slots free in the pool and the cache. */
uint32_t bench_free_slots(const struct bench *bench);

void bench_sleep_ms(int ms);

#endif
