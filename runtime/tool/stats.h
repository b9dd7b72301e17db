/* SPDX-License-Identifier: Apache-2.0 */
/* Statistics of a run, for people and for programs. */
#ifndef RF_STATS_H
#define RF_STATS_H

#include "options.h"
#include "ports.h"

/* All that there is to know. The caller fills it and keeps what it points at. */
struct run_view {
	const struct rf_worker *worker;
	const struct ports *ports;
	const struct rf_pool *pool;
	struct rf_cell *const *cells;
	uint32_t cell_count;
};

void stats_print(const struct run_view *view, enum stats_format format);

#endif
