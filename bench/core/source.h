/* SPDX-License-Identifier: Apache-2.0 */
/* A port that makes packets out of nothing and swallows them, for measuring everything else. */
#ifndef RF_BENCH_SOURCE_H
#define RF_BENCH_SOURCE_H

#include <ringfence/port.h>

struct source_config {
	uint64_t packets; /* then RF_PORT_END */
	uint32_t flows;   /* different UDP flows, a power of two */
	uint16_t length;  /* of each frame, 60 … RF_FRAME_LEN_MAX */
	struct rf_pool *pool;
	struct rf_slot_cache *slots;
};

/* Null without memory. The frame is Ethernet, IPv4, UDP; source address and ports vary with the flow. */
struct rf_port *source_open(const struct source_config *config);

#endif
