/* SPDX-License-Identifier: Apache-2.0 */
/* The ports that rf-run knows, and those that it has opened. */
#ifndef RF_PORTS_H
#define RF_PORTS_H

#include <stdio.h>

#include <ringfence/port.h>
#include <ringfence/worker.h>

#include "options.h"

struct open_port {
	const char *spec; /* as on the command line */
	unsigned roles;
	struct rf_port *port;
	bool started;
};

/* Ports named twice are opened once. */
struct ports {
	struct open_port open[2 * RF_WORKER_PORTS_MAX];
	uint32_t count;
	/* By number, pointing into `open`. */
	struct open_port *inputs[RF_WORKER_PORTS_MAX];
	struct open_port *outputs[RF_WORKER_PORTS_MAX];
	uint32_t input_count, output_count;
};

void ports_print_usage(FILE *file);

/* Opens and starts all ports that the options name. On failure call ports_close all the same. */
enum rf_status ports_open(struct ports *ports, const struct options *options, struct rf_pool *pool,
                          struct rf_slot_cache *slots, struct rf_error *error);

/* Ends the traffic; says on standard error what went wrong with any port during the run. */
enum rf_status ports_stop(struct ports *ports);

/* Whether packets leave by standard output, which is no place for anything else then. */
bool ports_use_stdout(const struct ports *ports);

void ports_close(struct ports *ports);

#endif
