/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the driver reaches a device: its registers, its place on the PCI bus,
 * and the memory that both see. One implementation for each way of access
 * (vfio.c, uio.c; the unit tests have one that talks to QEMU).
 */
#ifndef E1000_BUS_H
#define E1000_BUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/pool.h>

/* Room for both rings at their largest. */
#define E1000_RINGS_LENGTH ((size_t)128 << 10)

struct e1000_bus;

struct e1000_bus_ops {
	/* One register, by its offset below E1000_BAR_SIZE; E1000_GONE once the device is gone. */
	uint32_t (*read)(struct e1000_bus *bus, uint32_t offset);
	/* All earlier stores to shared memory are visible to the device before this one. */
	void (*write)(struct e1000_bus *bus, uint32_t offset, uint32_t value);

	/* Allows or forbids DMA by the PCI command register (PCI 3.0, 6.2.2, bit 2). False on failure. */
	bool (*set_master)(struct e1000_bus *bus, bool allow);

	/* A file descriptor that poll() finds readable after an interrupt; -1 if there is none. */
	int (*interrupt_fd)(struct e1000_bus *bus);
	/* Forgets past interrupts and lets the next one through; the device's own mask is the driver's. */
	void (*interrupt_enable)(struct e1000_bus *bus);

	/* True if the system asks for the device back (it is being unplugged). */
	bool (*wanted_back)(struct e1000_bus *bus);

	/* Frees everything, `bus` too. The device must be stopped. */
	void (*close)(struct e1000_bus *bus);
};

struct e1000_bus {
	const struct e1000_bus_ops *ops;
	uint16_t device_id; /* PCI device id; the vendor is Intel */
	char name[32];      /* "0000:00:03.0", for messages */

	/* E1000_RINGS_LENGTH bytes of zeroes, contiguous for the device from address `rings_dma`. */
	void *rings;
	uint64_t rings_dma;

	/* Device address of each piece of 1 << pool_shift bytes of the pool. */
	const uint64_t *pool_dma;
	unsigned pool_shift;
};

/* Device address of a byte of a slot; pieces are no smaller than a slot. */
static inline uint64_t e1000_slot_dma(const struct e1000_bus *bus, uint32_t slot, uint32_t offset)
{
	const uint64_t at = (uint64_t)slot * RF_SLOT_SIZE + offset;
	return bus->pool_dma[at >> bus->pool_shift] + (at & (((uint64_t)1 << bus->pool_shift) - 1));
}

#endif
