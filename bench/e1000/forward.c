/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rf-run's data path with a stage that may be native, polling all the time as
 * DPDK's testpmd does, and with the time taken of each round that brought
 * packets: what the packets cost, without the polls that found none.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ringfence/drivers.h>
#include <ringfence/runtime.h>

#include "native.h"

#define SLOTS 4096
#define STAGES_MAX 8

struct forward {
	struct rf_pool *pool;
	struct rf_slot_cache slots;
	struct rf_port *ports[2];
	struct rf_stage stages[STAGES_MAX];
	uint32_t stage_count;
	struct rf_worker *worker;
	uint64_t busy_ns, rounds;
};

static volatile sig_atomic_t wants_end;

static void on_signal(int number)
{
	(void)number;
	wants_end = 1;
}

static void fail(const char *what, const struct rf_error *error)
{
	fprintf(stderr, "rf-bench-forward: %s: %s\n", what, error->text);
	exit(3);
}

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static struct rf_port *open_port(struct forward *forward, const char *spec, unsigned role)
{
	static const struct rf_port_ops *const kinds[] = {&rf_port_e1000, &rf_port_af_packet, &rf_port_null};
	struct rf_error error = {0};
	struct rf_port *port = NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const size_t length = strlen(kinds[i]->kind);
		if (strncmp(spec, kinds[i]->kind, length) != 0 || spec[length] != ':')
			continue;
		const struct rf_port_config config = {.argument = spec + length + 1,
		                                      .roles = role,
		                                      .link_type = 1,
		                                      .pool = forward->pool,
		                                      .slots = &forward->slots};
		if (kinds[i]->open(&config, &port, &error) != RF_OK ||
		    port->ops->start(port, &error) != RF_OK)
			fail(spec, &error);
		return port;
	}
	rf_fail(&error, RF_ERR_USAGE, "no such port");
	fail(spec, &error);
	return NULL;
}

static void add_stage(struct forward *forward, const char *name, bool copy)
{
	struct rf_stage *stage = &forward->stages[forward->stage_count];
	const struct rf_cell_options options = {
	    .config = "", .copy = copy, .tenant = (uint16_t)(forward->stage_count + 1)};
	struct rf_error error = {0};
	struct rf_nf *nf = NULL;
	if (strcmp(name, "native") == 0)
		*stage = (struct rf_stage){.native = native_process, .user = &native_pass};
	else if (rf_nf_load(name, &nf, &error) != RF_OK ||
	         rf_cell_create(nf, &options, &stage->cell, &error) != RF_OK ||
	         rf_cell_start(stage->cell, &error) != RF_OK)
		fail(name, &error);
	forward->stage_count++;
}

static void run(struct forward *forward)
{
	while (!wants_end) {
		const uint64_t start = now_ns();
		const enum rf_round round = rf_worker_round(forward->worker);
		if (round == RF_ROUND_OVER)
			break;
		if (round != RF_ROUND_BUSY)
			continue;
		forward->busy_ns += now_ns() - start;
		forward->rounds++;
	}
}

static void close_all(struct forward *forward)
{
	struct rf_error error;
	for (int i = 0; i < 2; i++) {
		if (forward->ports[i]->ops->stop(forward->ports[i], &error) != RF_OK)
			fail("stop", &error);
		forward->ports[i]->ops->close(forward->ports[i]);
	}
	rf_worker_destroy(forward->worker);
	rf_slot_cache_drain(&forward->slots);
	rf_pool_destroy(forward->pool);
}

int main(int argc, char **argv)
{
	static struct forward forward;
	struct rf_error error;
	const bool copy = argc > 1 && strcmp(argv[1], "--copy") == 0;
	char **arguments = argv + 1 + copy;
	const int count = argc - 1 - copy;
	if (count < 3 || count - 2 > STAGES_MAX) {
		fprintf(
		    stderr,
		    "usage: rf-bench-forward [--copy] IN OUT native|NF.nf...   (bench/run e1000 calls it)\n");
		return 2;
	}
	signal(SIGINT, on_signal);
	if (rf_pool_create(SLOTS, &forward.pool, &error) != RF_OK || rf_thread_begin(&error) != RF_OK)
		fail("start", &error);
	rf_slot_cache_init(&forward.slots, forward.pool);
	forward.ports[0] = open_port(&forward, arguments[0], RF_PORT_RX);
	forward.ports[1] = open_port(&forward, arguments[1], RF_PORT_TX);
	for (int i = 2; i < count; i++)
		add_stage(&forward, arguments[i], copy);
	const struct rf_worker_input input = {.port = forward.ports[0]};
	const struct rf_worker_options options = {.stages = forward.stages,
	                                          .stage_count = forward.stage_count,
	                                          .inputs = &input,
	                                          .input_count = 1,
	                                          .outputs = &forward.ports[1],
	                                          .output_count = 1,
	                                          .pool = forward.pool,
	                                          .slots = &forward.slots};
	if (rf_worker_create(&options, &forward.worker, &error) != RF_OK)
		fail("worker", &error);
	run(&forward);
	const struct rf_worker_totals totals = *rf_worker_totals(forward.worker);
	printf("{\"packets\": %" PRIu64 ", \"sent\": %" PRIu64 ", \"busy_ns\": %" PRIu64
	       ", \"rounds\": %" PRIu64 "}\n",
	       totals.received, totals.sent, forward.busy_ns, forward.rounds);
	close_all(&forward);
	return 0;
}
