/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The port interface: what a driver implements and the runtime calls.
 *
 * A driver exports one `const struct rf_port_ops`; the tool on top (rf-run)
 * lists all of them in one table, the runtime's core knows none. A port
 * belongs to one worker thread: all calls on it come from that thread, so a
 * driver needs no locks. Packets move as slot indices (pool.h): a slot that
 * rx_burst returned is the caller's, a slot that tx_burst took is the port's
 * until the port gives it back to `config.slots`. A DMA driver maps
 * pool->memory … +length once in `open` and nothing else.
 */
#ifndef RINGFENCE_PORT_H
#define RINGFENCE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/nf_abi.h>
#include <ringfence/pool.h>

/* One packet on its way: in trusted memory, unlike the rf_desc that an NF sees. */
struct rf_packet {
	uint32_t slot;
	uint16_t head;         /* first byte of the frame from the slot's start, RF_SLOT_HEAD_MIN … _MAX */
	uint16_t length;       /* bytes of the frame in the slot, 1 … RF_FRAME_LEN_MAX */
	uint32_t wire_length;  /* bytes on the wire: above `length` if the source cut the frame */
	uint32_t hash;         /* receive hash if RF_RX_HASH, else 0 */
	uint64_t timestamp_ns; /* arrival, ns since the Unix epoch; 0 if unknown */
	uint16_t vlan_tci;     /* host byte order; see RF_RX_VLAN and RF_TX_VLAN */
	uint8_t flags;         /* enum rf_desc_flags */
	uint8_t in_port;       /* set by the runtime, not by the port */
	uint32_t reserved;
};
_Static_assert(sizeof(struct rf_packet) == 32, "two packets a cache line");

/* What a port is opened for. */
enum rf_port_role {
	RF_PORT_RX = 1 << 0,
	RF_PORT_TX = 1 << 1,
};

struct rf_port_config {
	const char *argument; /* what follows "kind:" on the command line; "" if nothing */
	unsigned roles;       /* enum rf_port_role */
	int link_type;        /* of the frames to send, LINKTYPE_* as in a capture file; 1 is Ethernet */
	const struct rf_pool *pool;  /* outlives the port */
	struct rf_slot_cache *slots; /* the worker's, for all slots of the port; outlives it */
};

/* A driver's own structure starts with this one. */
struct rf_port {
	const struct rf_port_ops *ops;
	uint8_t tx_offloads; /* RF_TX_* that tx_burst does, by its device */
	/* Set by `open` if what is received may not be Ethernet: then `link_type` is its LINKTYPE_*. */
	bool has_link_type;
	int link_type;
};

/* One named counter. Packets and bytes count frames as they were on the wire, without the FCS. */
struct rf_counter {
	const char *name; /* static: "rx_packets", "rx_too_long", "tx_full" … */
	uint64_t value;
};
#define RF_PORT_COUNTERS_MAX 64

/* rx_burst's results below 0. */
#define RF_PORT_END (-1)    /* no more packets will ever come: end of a file */
#define RF_PORT_FAILED (-2) /* the port is broken: `error` says how */

struct rf_port_ops {
	const char *kind;  /* "pcap", "e1000": what stands before the colon */
	const char *usage; /* one line for --help: "pcap:FILE   a capture file, …" */

	/* Acquires the device and its memory, without traffic yet. On failure nothing stays open. */
	enum rf_status (*open)(const struct rf_port_config *config, struct rf_port **port,
	                       struct rf_error *error);

	/* Packets may flow from here on. */
	enum rf_status (*start)(struct rf_port *port, struct rf_error *error);

	/*
	 * Fills up to `max` (1 … RF_BURST_MAX) packets and passes their slots
	 * to the caller. Never blocks. A frame that does not fit a slot
	 * (RF_FRAME_LEN_MAX) is counted as "rx_too_long" and not delivered,
	 * never cut. Returns their number, 0 if none wait, or RF_PORT_END or
	 * RF_PORT_FAILED (only when no packet is left to deliver before it).
	 * A driver with interrupts masks them here, until the next `arm`.
	 */
	int32_t (*rx_burst)(struct rf_port *port, struct rf_packet *packets, uint32_t max);

	/*
	 * Called before tx_burst for each packet with an RF_TX_* flag or
	 * RF_RX_VLAN, which says that the frame's VLAN tag is in `vlan_tci`:
	 * does to the frame what tx_burst will not. False if it cannot be sent
	 * like that; it is dropped then. Null if the port ignores flags.
	 */
	bool (*prepare)(const struct rf_port *port, const struct rf_pool *pool, struct rf_packet *packet);

	/*
	 * Sends packets in order, never blocks. Takes the slots of the first
	 * n and returns n; the other slots stay the caller's (who drops and
	 * counts them). With `count` 0 it only reclaims what was sent.
	 * `head` may be up to 4 below RF_SLOT_HEAD_MIN here: a VLAN tag.
	 */
	uint32_t (*tx_burst)(struct rf_port *port, const struct rf_packet *packets, uint32_t count);

	/* Writes up to `max` counters, returns how many. Callable until `close`. */
	uint32_t (*counters)(struct rf_port *port, struct rf_counter *counters, uint32_t max);

	/*
	 * The worker is about to sleep: asks for a wake-up and returns a file
	 * descriptor that poll() finds readable once packets may wait, or -1
	 * if the port cannot tell (the worker then polls at short intervals).
	 * To lose no wake-up the worker calls rx_burst once more before it
	 * sleeps. Null: like -1.
	 */
	int (*arm)(struct rf_port *port);

	/* Why rx_burst said RF_PORT_FAILED, or what was wrong with the end of the input; null if nothing. */
	const char *(*error)(const struct rf_port *port);

	/*
	 * Flushes what can be flushed and ends all traffic: after it no DMA
	 * happens and every slot has been given back to the cache. Errors of
	 * a late write come out here.
	 */
	enum rf_status (*stop)(struct rf_port *port, struct rf_error *error);

	/* Frees everything, `port` too. Only after `stop`, or if `start` failed or was never called. */
	void (*close)(struct rf_port *port);
};

#endif
