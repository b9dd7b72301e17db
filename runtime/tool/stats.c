/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

#define CALIBRATION_NS 2000000

struct clocks clocks_now(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (struct clocks){.cycles = __rdtsc(),
	                       .ns = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec};
}

double clocks_ns_per_cycle(const struct clocks *since)
{
	struct clocks now = clocks_now();
	while (now.ns - since->ns < CALIBRATION_NS) {
		nanosleep(&(struct timespec){.tv_nsec = CALIBRATION_NS / 2}, NULL);
		now = clocks_now();
	}
	return (double)(now.ns - since->ns) / (double)(now.cycles - since->cycles);
}

struct totals {
	uint64_t received, sent, dropped;
};

/* received = sent + dropped, whatever happened. */
static struct totals sum_up(const struct run_view *view)
{
	const struct rf_worker_totals *worker = rf_worker_totals(view->worker);
	struct totals totals = {
	    .received = worker->received, .sent = worker->sent, .dropped = worker->unsent};
	for (uint32_t i = 0; i < view->cell_count; i++) {
		const struct rf_stage_stats *stage = rf_worker_stage_stats(view->worker, i);
		totals.dropped += stage->dropped + stage->refused + stage->lost;
	}
	return totals;
}

static uint64_t huge_bytes(const struct run_view *view)
{
	uint64_t sum = 0;
	for (uint32_t i = 0; i < view->cell_count; i++)
		sum += rf_cell_huge(view->cells[i]);
	return sum;
}

static double per_packet(double amount, const struct rf_stage_stats *stage)
{
	/* Those that a failed cell never saw took none of its time. */
	const uint64_t seen = stage->packets_in;
	return seen > 0 ? amount / (double)seen : 0;
}

/* ---- Text -------------------------------------------------------------------- */

static void print_stage(FILE *file, const struct rf_cell *cell, const struct rf_stage_stats *s,
                        double ns_per_cycle)
{
	const double cycles = per_packet((double)s->cycles, s);
	fprintf(file,
	        "%-20.20s %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %12" PRIu64 " %9" PRIu64 " %9" PRIu64
	        " %7" PRIu64 " %9.1f %9.1f\n",
	        rf_cell_name(cell), s->packets_in, s->next, s->sent, s->dropped, s->refused, s->lost,
	        s->faults, cycles * ns_per_cycle, cycles);
	if (s->faults == 0)
		return;
	char text[320];
	rf_fault_describe(&s->last_fault, text, sizeof(text));
	fprintf(file, "  last fault: %s\n  restarts: %" PRIu64 ", packets passed by: %" PRIu64 "\n", text,
	        s->restarts, s->bypassed);
}

static void print_text(FILE *file, const struct run_view *view)
{
	fprintf(file, "%-20s %12s %12s %12s %12s %9s %9s %7s %9s %9s\n", "network function", "in", "next",
	        "sent", "dropped", "refused", "lost", "faults", "ns/pkt", "cycles");
	for (uint32_t i = 0; i < view->cell_count; i++)
		print_stage(file, view->cells[i], rf_worker_stage_stats(view->worker, i), view->ns_per_cycle);
	for (uint32_t i = 0; i < view->ports->count; i++) {
		struct rf_port *port = view->ports->open[i].port;
		struct rf_counter counters[RF_PORT_COUNTERS_MAX];
		const uint32_t count = port->ops->counters(port, counters, RF_PORT_COUNTERS_MAX);
		fprintf(file, "port %s:", view->ports->open[i].spec);
		for (uint32_t c = 0; c < count; c++)
			fprintf(file, "%s %s %" PRIu64, c > 0 ? "," : "", counters[c].name,
			        counters[c].value);
		fprintf(file, "\n");
	}
	const struct totals totals = sum_up(view);
	fprintf(file, "total: %" PRIu64 " received = %" PRIu64 " sent + %" PRIu64 " dropped\n",
	        totals.received, totals.sent, totals.dropped);
	fprintf(file, "memory: %" PRIu64 " KiB of cells and %zu KiB of %zu KiB of slots in pages of 2 MiB\n",
	        huge_bytes(view) >> 10, view->pool->huge >> 10, view->pool->length >> 10);
}

/* ---- JSON -------------------------------------------------------------------- */

static void set_count(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

static json_t *stage_json(const struct rf_cell *cell, const struct rf_stage_stats *s, double ns_per_cycle)
{
	const double cycles = per_packet((double)s->cycles, s);
	json_t *object = json_object();
	json_object_set_new(object, "name", json_string(rf_cell_name(cell)));
	set_count(object, "packets_in", s->packets_in);
	set_count(object, "next", s->next);
	set_count(object, "sent", s->sent);
	set_count(object, "dropped", s->dropped);
	set_count(object, "refused", s->refused);
	set_count(object, "lost", s->lost);
	set_count(object, "bypassed", s->bypassed);
	set_count(object, "bursts", s->bursts);
	set_count(object, "faults", s->faults);
	set_count(object, "restarts", s->restarts);
	set_count(object, "huge_bytes", rf_cell_huge(cell));
	set_count(object, "cycles", s->cycles);
	json_object_set_new(object, "ns", json_real((double)s->cycles * ns_per_cycle));
	json_object_set_new(object, "ns_per_packet", json_real(cycles * ns_per_cycle));
	json_object_set_new(object, "cycles_per_packet", json_real(cycles));
	if (s->faults == 0)
		return object;
	char text[320];
	rf_fault_describe(&s->last_fault, text, sizeof(text));
	json_t *fault = json_object();
	json_object_set_new(fault, "kind", json_string(rf_fault_name(s->last_fault.kind)));
	set_count(fault, "text_address", s->last_fault.text_address);
	json_object_set_new(fault, "description", json_string(text));
	json_object_set_new(object, "last_fault", fault);
	return object;
}

static json_t *port_json(const struct open_port *open)
{
	struct rf_counter counters[RF_PORT_COUNTERS_MAX];
	const uint32_t count = open->port->ops->counters(open->port, counters, RF_PORT_COUNTERS_MAX);
	json_t *object = json_object();
	json_object_set_new(object, "name", json_string(open->spec));
	json_t *values = json_object();
	for (uint32_t c = 0; c < count; c++)
		set_count(values, counters[c].name, counters[c].value);
	json_object_set_new(object, "counters", values);
	return object;
}

static void print_json(FILE *file, const struct run_view *view)
{
	json_t *root = json_object();
	json_t *stages = json_array();
	for (uint32_t i = 0; i < view->cell_count; i++)
		json_array_append_new(
		    stages,
		    stage_json(view->cells[i], rf_worker_stage_stats(view->worker, i), view->ns_per_cycle));
	json_object_set_new(root, "nfs", stages);
	json_t *ports = json_array();
	for (uint32_t i = 0; i < view->ports->count; i++)
		json_array_append_new(ports, port_json(&view->ports->open[i]));
	json_object_set_new(root, "ports", ports);
	const struct totals totals = sum_up(view);
	json_t *total = json_object();
	set_count(total, "received", totals.received);
	set_count(total, "sent", totals.sent);
	set_count(total, "dropped", totals.dropped);
	json_object_set_new(root, "total", total);
	json_t *pool = json_object();
	set_count(pool, "slots", view->pool->slots);
	set_count(pool, "page_size", view->pool->page_size);
	set_count(pool, "huge_bytes", view->pool->huge);
	json_object_set_new(root, "pool", pool);
	json_dumpf(root, file, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	fprintf(file, "\n");
	json_decref(root);
}

void stats_print(const struct run_view *view, enum stats_format format)
{
	FILE *file = ports_use_stdout(view->ports) ? stderr : stdout;
	if (format == STATS_JSON)
		print_json(file, view);
	else
		print_text(file, view);
	fflush(file);
}
