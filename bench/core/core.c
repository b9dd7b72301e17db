/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sandbox costs where packets meet it: a call into a cell and back,
 * a selection, and each packet of a burst over the same NF compiled into the
 * host. All variants run in turn, round after round, so that noise hits all
 * alike; every single figure is printed as JSON, the summary is run.py's.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include <ringfence/runtime.h>

#include "native.h"
#include "source.h"

enum { SLOTS = 2048, FLOWS = 1024, CALLS = 1000000, SELECTS = 10000000 };

static const uint32_t bursts[] = {1, 8, 32, 256};
enum { BURSTS = sizeof(bursts) / sizeof(bursts[0]) };

enum mode { NATIVE, CELL, COPY, MODES };
static const char *const mode_names[MODES] = {"native", "cell", "copy"};

/* One NF in its three forms. */
struct subject {
	const char *name;
	const char *config;
	struct native *native;
	uint16_t length;
	struct rf_cell *cells[MODES];
	struct rf_nf *nf;
};

struct bench {
	struct rf_pool *pool;
	struct rf_slot_cache slots;
	uint64_t packets;
	const char *folder;
	double ns_per_cycle;
};

static void fail(const char *what, const struct rf_error *error)
{
	fprintf(stderr, "rf-bench-core: %s: %s\n", what, error ? error->text : "out of memory");
	exit(3);
}

/* CPU time of this thread: what else the machine does in between is not the sandbox's cost. */
static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Of the time-stamp counter, against the clock for a while. */
static double calibrate(void)
{
	struct timespec from, to;

	clock_gettime(CLOCK_MONOTONIC, &from);
	const uint64_t start = __rdtsc();
	nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
	clock_gettime(CLOCK_MONOTONIC, &to);
	const uint64_t cycles = __rdtsc() - start;
	return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) /
	       (double)cycles;
}

static struct rf_nf *load(const struct bench *bench, const char *name)
{
	struct rf_error error;
	struct rf_nf *nf = NULL;
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.nf", bench->folder, name);
	if (rf_nf_load(path, &nf, &error) != RF_OK)
		fail(path, &error);
	return nf;
}

static struct rf_cell *start_cell(struct rf_nf *nf, const char *config, bool copy)
{
	const struct rf_cell_options options = {.config = config, .copy = copy, .budget_ms = 60000};
	struct rf_error error;
	struct rf_cell *cell = NULL;

	if (rf_cell_create(nf, &options, &cell, &error) != RF_OK || rf_cell_start(cell, &error) != RF_OK)
		fail("cannot start a cell", &error);
	return cell;
}

/* One run of one subject in one mode: ns a packet in process() alone, and over the whole data path. */
static void run(struct bench *bench, const struct subject *subject, enum mode mode, uint32_t burst,
                double *process_ns, double *total_ns)
{
	const struct source_config config = {.packets = bench->packets,
	                                     .flows = FLOWS,
	                                     .length = subject->length,
	                                     .pool = bench->pool,
	                                     .slots = &bench->slots};
	struct rf_port *port = source_open(&config);
	if (!port)
		fail("source", NULL);
	const struct rf_stage stage = {
	    .cell = subject->cells[mode], .native = native_process, .user = subject->native};
	const struct rf_worker_input input = {.port = port};
	struct rf_port *const outputs[] = {port};
	const struct rf_worker_options options = {.stages = &stage,
	                                          .stage_count = 1,
	                                          .inputs = &input,
	                                          .input_count = 1,
	                                          .outputs = outputs,
	                                          .output_count = 1,
	                                          .burst = burst,
	                                          .pool = bench->pool,
	                                          .slots = &bench->slots};
	struct rf_worker *worker = NULL;
	struct rf_error error;

	if (rf_worker_create(&options, &worker, &error) != RF_OK)
		fail("cannot make a worker", &error);
	const double begin = now_ns();
	while (rf_worker_round(worker) != RF_ROUND_OVER)
		;
	*total_ns = (now_ns() - begin) / (double)bench->packets;
	const struct rf_stage_stats *stats = rf_worker_stage_stats(worker, 0);
	if (stats->next != bench->packets || stats->faults != 0) {
		fprintf(stderr, "rf-bench-core: %s %s: %llu of %llu packets came through\n", subject->name,
		        mode_names[mode], (unsigned long long)stats->next,
		        (unsigned long long)bench->packets);
		exit(1);
	}
	*process_ns = (double)stats->cycles * bench->ns_per_cycle / (double)bench->packets;
	rf_worker_destroy(worker);
	port->ops->close(port);
}

/* ns per call of an export with this argument. */
static double call_ns(struct rf_cell *cell, uint32_t function, uint32_t argument, uint32_t calls)
{
	uint32_t result = 0;
	const double begin = now_ns();

	for (uint32_t i = 0; i < calls; i++) {
		if (!rf_cell_call(cell, function, argument, &result) || result != argument) {
			fprintf(stderr, "rf-bench-core: a direct call failed\n");
			exit(1);
		}
	}
	return (now_ns() - begin) / calls;
}

static void record(json_t *all, const char *subject, const char *mode, uint32_t burst, const char *what,
                   double value)
{
	char key[128];

	snprintf(key, sizeof(key), "%s/%s/%u/%s", subject, mode, burst, what);
	json_t *values = json_object_get(all, key);
	if (!values) {
		values = json_array();
		json_object_set_new(all, key, values);
	}
	json_array_append_new(values, json_real(value));
}

static void round_of_all(struct bench *bench, struct rf_cell *cost, struct rf_nf *cost_nf,
                         const struct subject *subjects, size_t count, json_t *all)
{
	const uint32_t nop = rf_nf_export(cost_nf, "nop");
	const uint32_t selects = rf_nf_export(cost_nf, "selects");

	record(all, "call", "cell", 1, "call", call_ns(cost, nop, 7, CALLS));
	record(all, "select", "cell", 1, "select", call_ns(cost, selects, SELECTS, 1) / SELECTS);
	for (size_t s = 0; s < count; s++) {
		for (size_t b = 0; b < BURSTS; b++) {
			for (int mode = NATIVE; mode < MODES; mode++) {
				double process = 0;
				double total = 0;

				run(bench, &subjects[s], (enum mode)mode, bursts[b], &process, &total);
				record(all, subjects[s].name, mode_names[mode], bursts[b], "process",
				       process);
				record(all, subjects[s].name, mode_names[mode], bursts[b], "total", total);
			}
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 4) {
		fprintf(stderr,
		        "usage: rf-bench-core FOLDER_OF_NFS ROUNDS PACKETS   (bench/run core calls it)\n");
		return 2;
	}
	struct bench bench = {.folder = argv[1], .packets = strtoull(argv[3], NULL, 10)};
	const unsigned long rounds = strtoul(argv[2], NULL, 10);
	struct rf_error error;

	if (rounds == 0 || bench.packets == 0)
		return 2;
	bench.ns_per_cycle = calibrate();
	if (rf_pool_create(SLOTS, &bench.pool, &error) != RF_OK)
		fail("no packet memory", &error);
	rf_slot_cache_init(&bench.slots, bench.pool);
	if (rf_thread_begin(&error) != RF_OK)
		fail("cannot prepare the thread", &error);

	struct subject subjects[] = {
	    {.name = "pass", .config = "", .native = &native_pass, .length = 60},
	    {.name = "firewall", .config = native_firewall_config, .native = &native_firewall, .length = 60},
	    {.name = "cost", .config = "", .native = &native_cost, .length = 508},
	};
	const size_t count = sizeof(subjects) / sizeof(subjects[0]);
	if (native_start() != 0) {
		fprintf(stderr, "rf-bench-core: the native firewall does not take its configuration\n");
		return 1;
	}
	for (size_t s = 0; s < count; s++) {
		subjects[s].nf = load(&bench, subjects[s].name);
		subjects[s].cells[CELL] = start_cell(subjects[s].nf, subjects[s].config, false);
		subjects[s].cells[COPY] = start_cell(subjects[s].nf, subjects[s].config, true);
	}
	json_t *all = json_object();
	for (unsigned long round = 0; round <= rounds; round++) {
		json_t *sink = round == 0 ? json_object() : json_incref(all); /* round 0 warms up */

		round_of_all(&bench, subjects[2].cells[CELL], subjects[2].nf, subjects, count, sink);
		json_decref(sink);
		fprintf(stderr, "\rround %lu of %lu", round, rounds);
	}
	fputc('\n', stderr);
	json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(all);

	for (size_t s = 0; s < count; s++) {
		rf_cell_destroy(subjects[s].cells[CELL]);
		rf_cell_destroy(subjects[s].cells[COPY]);
		rf_nf_release(subjects[s].nf);
	}
	rf_thread_end();
	rf_slot_cache_drain(&bench.slots);
	rf_pool_destroy(bench.pool);
	return 0;
}
