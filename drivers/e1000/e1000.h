/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The driver's own structures, shared by its files. Which slot the device
 * holds is recorded here, in memory that no device and no cell can write;
 * what descriptors say is checked against it.
 */
#ifndef E1000_H
#define E1000_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/port.h>

#include "bus.h"
#include "regs.h"

#define E1000_RING_MIN 64 /* SDM 13.4.27: in steps of 8; here a power of two */
#define E1000_RING_MAX 4096
#define E1000_RING_DEFAULT 512
#define E1000_MULTICAST_MAX 16
#define E1000_MAC_LENGTH 6
#define E1000_FRAME_MIN 60 /* without FCS */

_Static_assert(2 * E1000_RING_MAX * sizeof(struct e1000_descriptor) <= E1000_RINGS_LENGTH, "both rings fit");
/* A received frame ends inside its slot whatever the device thinks its length is. */
_Static_assert(RF_SLOT_HEAD_MIN + RF_HEADROOM + 64 * 7 + E1000_RX_BUFFER <= RF_SLOT_SIZE,
               "buffer in its slot");

/* What differs between the controllers. */
struct e1000_model {
	uint16_t device_id;
	const char *name;
	unsigned eerd_address_shift; /* SDM 13.4.4 against 82574 10.2.2.4 */
	uint32_t eerd_done;
	bool is_82574; /* PCIe, extended receive descriptors, receive hash */
};

enum e1000_access { E1000_ACCESS_AUTO, E1000_ACCESS_VFIO, E1000_ACCESS_UIO };

/* What the command line says after "e1000:". */
struct e1000_options {
	char address[16]; /* "0000:00:03.0" */
	enum e1000_access access;
	uint32_t ring; /* descriptors in each ring */
	bool promiscuous;
	bool all_multicast;
	bool strip_vlan;
	uint32_t multicast_count;
	uint8_t multicast[E1000_MULTICAST_MAX][E1000_MAC_LENGTH];
};

enum rf_status e1000_parse_options(const char *argument, struct e1000_options *options,
                                   struct rf_error *error);

/* ---- Rings ---------------------------------------------------------------- */

/*
 * Indices run over [0, size) and wrap. Descriptors in [head, tail) are the
 * device's; `slot[i]` is the slot that descriptor i lends it, RF_SLOT_NONE if
 * none. One descriptor always stays free, so that head == tail means empty.
 */
struct e1000_ring {
	struct e1000_descriptor *descriptor; /* shared with the device */
	uint32_t *slot;
	uint32_t size; /* power of two */
	uint32_t head, tail;
};

static inline uint32_t e1000_ring_used(const struct e1000_ring *ring)
{
	return (ring->tail - ring->head) & (ring->size - 1);
}

static inline uint32_t e1000_ring_room(const struct e1000_ring *ring)
{
	return ring->size - 1 - e1000_ring_used(ring);
}

/* The device writes descriptors behind the compiler's back. */
static inline uint32_t e1000_load(const uint32_t *word)
{
	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static inline void e1000_store(uint32_t *word, uint32_t value)
{
	__atomic_store_n(word, value, __ATOMIC_RELAXED);
}

struct e1000_rx {
	struct e1000_ring ring;
	bool skipping; /* inside a frame that spans descriptors, until its end */
	uint64_t packets, bytes, too_long, errors;
};

/* The checksum offsets that the device has in its context (SDM 3.3.6). */
struct e1000_context {
	uint32_t word0, word1, word2;
};

struct e1000_tx {
	struct e1000_ring ring;
	/* Descriptors that ask for a report, in order: what lies before a reported one is done too. */
	uint32_t *report;
	uint32_t report_head, report_tail;
	uint32_t unreported; /* packets since the last one that asks */
	bool has_context;
	struct e1000_context context;
	uint64_t progress_ns; /* when the device last finished something, or had nothing to do */
	uint64_t packets, bytes, full, link_down, lost;
};

#define E1000_HW_COUNTERS 49

struct e1000_stats {
	uint64_t total[E1000_HW_COUNTERS];
	uint32_t last[E1000_HW_COUNTERS]; /* of registers that do not clear themselves */
};

/* ---- The port ------------------------------------------------------------- */

struct e1000 {
	struct rf_port port; /* first: what the runtime sees */
	struct rf_port_config config;
	struct e1000_options options;
	const struct e1000_model *model;
	struct e1000_bus *bus;
	uint8_t mac[E1000_MAC_LENGTH];
	struct e1000_rx rx;
	struct e1000_tx tx;
	struct e1000_stats stats;
	bool started, armed, link_up;
	uint64_t checked_ns; /* last housekeeping, CLOCK_MONOTONIC */
	uint64_t stats_ns;   /* last reading of the statistics registers */
	uint64_t link_changes, resets, wakeups;
	char failure[256]; /* why the port is broken; "" if it is not */
};

static inline uint32_t e1000_read(struct e1000 *nic, uint32_t offset)
{
	return nic->bus->ops->read(nic->bus, offset);
}

static inline void e1000_write(struct e1000 *nic, uint32_t offset, uint32_t value)
{
	nic->bus->ops->write(nic->bus, offset, value);
}

/* ---- device.c: the controller as a whole ----------------------------------- */

/* The controller with this PCI device id; null if the driver does not know it. */
const struct e1000_model *e1000_find_model(uint16_t device_id);

/* Stops all DMA and interrupts and puts the registers at their defaults. Takes some milliseconds. */
enum rf_status e1000_reset(struct e1000 *nic, struct rf_error *error);

/* Checks the EEPROM and reads the MAC address into nic->mac. */
enum rf_status e1000_read_mac(struct e1000 *nic, struct rf_error *error);

/* After a reset: everything but the rings; traffic stays off. */
void e1000_configure(struct e1000 *nic);

/* Reads the link state into nic->link_up. False if the device is gone. */
bool e1000_check_link(struct e1000 *nic);

/* ---- rx.c, tx.c: the rings -------------------------------------------------- */

/* Programs the ring and enables receiving; the ring keeps the slots that it has. */
void e1000_rx_start(struct e1000 *nic);
/* Gives free descriptors a slot each and tells the device: one register write. */
void e1000_rx_refill(struct e1000 *nic);
/* Takes up to `max` received packets. */
uint32_t e1000_rx_take(struct e1000 *nic, struct rf_packet *packets, uint32_t max);
/* Gives the device's slots back to the cache. The device must not do DMA any more. */
void e1000_rx_drain(struct e1000 *nic);

void e1000_tx_start(struct e1000 *nic);
/* Queues packets and tells the device: one register write. Returns how many there was room for. */
uint32_t e1000_tx_put(struct e1000 *nic, const struct rf_packet *packets, uint32_t count);
/* Gives the slots of sent packets back to the cache. */
void e1000_tx_reclaim(struct e1000 *nic);
/* Like e1000_rx_drain; counts what was not reported as sent as lost. */
void e1000_tx_drain(struct e1000 *nic);

/* ---- offload.c: what a packet needs of the device ---------------------------- */

struct e1000_offload {
	uint32_t options; /* E1000_TXO_*; 0: no context needed */
	struct e1000_context context;
};

/*
 * For a frame with RF_TX_IP_CSUM or RF_TX_L4_CSUM: finds its headers, puts the
 * pseudo-header's sum where the device expects it, and says what the
 * descriptors must hold. Frames are untrusted; what cannot have a checksum
 * (not IP, truncated, a fragment) gets options 0 and is left alone. Padded
 * frames get options 0 too, and their checksums right here.
 */
struct e1000_offload e1000_plan_offload(uint8_t *frame, uint32_t length, uint8_t flags);

/* ---- stats.c ----------------------------------------------------------------- */

/* Forgets what the registers hold. */
void e1000_stats_clear(struct e1000 *nic);
/* Adds what the registers hold to the totals. */
void e1000_stats_update(struct e1000 *nic);
uint32_t e1000_counters(struct rf_port *port, struct rf_counter *counters, uint32_t max);

/* ---- Access to real devices: access.c chooses between vfio.c and uio.c ---------- */

/* Opens the device's bus; says what to do if that fails. */
enum rf_status e1000_open_bus(const struct e1000_options *options, const struct rf_pool *pool,
                              struct e1000_bus **bus, struct rf_error *error);

/*
 * Through VFIO: the device can reach the pool and its rings, and nothing else.
 * Needs an IOMMU.
 */
enum rf_status e1000_vfio_open(const char *address, const struct rf_pool *pool, struct e1000_bus **bus,
                               struct rf_error *error);

/*
 * The fallback where there is no IOMMU: uio_pci_generic, hugepages and
 * physical addresses. The device can reach all memory of the machine, and
 * this says so on stderr.
 */
enum rf_status e1000_uio_open(const char *address, const struct rf_pool *pool, struct e1000_bus **bus,
                              struct rf_error *error);

/* ---- port.c ------------------------------------------------------------------- */

/* Opens a port on a bus, which it owns from here on, also when this fails. */
enum rf_status e1000_open_on(struct e1000_bus *bus, const struct e1000_options *options,
                             const struct rf_port_config *config, struct rf_port **port,
                             struct rf_error *error);

/* CLOCK_MONOTONIC in ns. */
uint64_t e1000_now(void);

#endif
