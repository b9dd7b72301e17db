/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of a run, for people and for programs. */
#ifndef RF_STATS_H
#define RF_STATS_H

#include "options.h"
#include "ports.h"

/* The time-stamp counter and the clock at one moment. */
struct clocks {
	uint64_t cycles;
	uint64_t ns;
};
struct clocks clocks_now(void);
/* Since then, and if need be some milliseconds on: long enough for the clock's own resolution not to matter.
 */
double clocks_ns_per_cycle(const struct clocks *since);

/* All that there is to know. The caller fills it and keeps what it points at. */
struct run_view {
	const struct rf_worker *worker;
	const struct ports *ports;
	const struct rf_pool *pool;
	struct rf_cell *const *cells;
	uint32_t cell_count;
	double ns_per_cycle;
};

/* On standard output, or on standard error if packets leave by the former. */
void stats_print(const struct run_view *view, enum stats_format format);

#endif
