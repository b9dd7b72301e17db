/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Data that the runtime and a network function exchange, as it lies in
 * memory. Fixed widths only: the runtime is LP64, the NF is ILP32. All
 * integers are little-endian (the byte order of x86-64); an "address" is a
 * 32-bit offset from the base of the cell's memory.
 */
#ifndef RINGFENCE_NF_ABI_H
#define RINGFENCE_NF_ABI_H

#include <stdint.h>

#include <ringfence/contract.h>

/*
 * Descriptor of ELF note RF_NOTE_NAME/RF_NOTE_TYPE. Each pair of addresses is
 * a range [start, end) of the NF's read-only segment, except where said.
 */
struct rf_nf_note {
	uint32_t version;           /* RF_CONTRACT_VERSION */
	uint32_t function_table[2]; /* 8-byte entries: text address, or 0 (traps); entry 0 is 0 */
	uint32_t jump_tables[2];    /* 8-byte entries: text address */
	uint32_t entries[2];        /* 4-byte text addresses of further function entries */
	uint32_t exports[2];        /* struct rf_nf_export */
	uint32_t data_stack[2];     /* not in a segment: the runtime maps it read-write */
	uint32_t info;              /* struct rf_cell_info in the read-write segment */
	uint32_t burst;             /* struct rf_burst in the read-write segment */
};

/* One function that the runtime may call by name. */
struct rf_nf_export {
	uint32_t name;     /* address of a NUL-terminated name in read-only data */
	uint32_t function; /* text address */
};

/* Written by the runtime before `init`, never read back. */
struct rf_cell_info {
	uint32_t heap_start; /* first byte of the heap, page-aligned */
	uint32_t heap_end;   /* first byte past it */
	uint32_t reserved[6];
};

/* Verdicts. 0 is what the runtime presets, so silence drops. */
enum rf_verdict {
	RF_DROP = 0, /* drop the packet */
	RF_NEXT = 1, /* hand it to the next NF of the chain, or to the default output port */
	RF_TX = 2,   /* transmit it on port `port` at once, past the rest of the chain */
};

/*
 * rf_desc.flags, set by the runtime from what the port reports. An NF may
 * clear RF_RX_* bits, which the next one then sees, but not set them. What it
 * asks for with RF_TX_* is done on sending, in software if not by the NIC.
 */
enum rf_desc_flags {
	RF_RX_IP_CSUM_OK = 1 << 0, /* the NIC found the IPv4 header checksum right */
	RF_RX_L4_CSUM_OK = 1 << 1, /* the NIC found the TCP/UDP checksum right */
	RF_RX_CSUM_BAD = 1 << 2,   /* the NIC found a checksum wrong */
	RF_RX_VLAN = 1 << 3,       /* the NIC took a VLAN tag out: vlan_tci. Goes back in unless cleared */
	RF_RX_HASH = 1 << 4,       /* `hash` is the NIC's receive hash */
	RF_TX_IP_CSUM = 1 << 5,    /* request: insert the IPv4 header checksum */
	RF_TX_L4_CSUM = 1 << 6,    /* request: insert the TCP/UDP checksum */
	RF_TX_VLAN = 1 << 7,       /* request: insert vlan_tci */
};

/*
 * One packet of a burst. The runtime reads the fields marked out once, after
 * `process` returns, and refuses what is out of range (the packet is dropped
 * and counted as refused).
 */
struct rf_desc {
	uint16_t length;       /* in, out: bytes of the frame, 1 ... RF_FRAME_LEN_MAX */
	int16_t head;          /* out: where the frame now starts, relative to the old first
	                          byte: negative after a prepend; preset 0 */
	uint8_t verdict;       /* out: enum rf_verdict; preset RF_DROP */
	uint8_t port;          /* out: output port for RF_TX */
	uint8_t in_port;       /* in: port that received the frame */
	uint8_t flags;         /* in, out: enum rf_desc_flags */
	uint32_t hash;         /* in: receive hash, 0 where the port has none */
	uint16_t vlan_tci;     /* in, out: see flags; host byte order */
	uint16_t reserved;     /* 0 */
	uint32_t wire_length;  /* in: bytes on the wire; above `length` if the capture cut it */
	uint32_t reserved2;    /* 0 */
	uint64_t timestamp_ns; /* in: arrival, ns since the Unix epoch; 0 if unknown */
};

struct rf_burst {
	uint32_t count; /* in: descriptors in use, 1 ... RF_BURST_MAX */
	uint32_t reserved[7];
	struct rf_desc desc[RF_BURST_MAX];
};

#if defined(__cplusplus)
static_assert(sizeof(struct rf_desc) == 32, "layout is part of the contract");
static_assert(sizeof(struct rf_burst) == 32 + 32 * RF_BURST_MAX, "layout is part of the contract");
#else
_Static_assert(sizeof(struct rf_nf_note) == 52, "layout is part of the contract");
_Static_assert(sizeof(struct rf_desc) == 32, "layout is part of the contract");
_Static_assert(sizeof(struct rf_burst) == 32 + 32 * RF_BURST_MAX, "layout is part of the contract");
#endif

#endif
