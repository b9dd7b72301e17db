/* SPDX-License-Identifier: Apache-2.0 */
/* rf-run: network functions in cells, from the command line. */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <ringfence/runtime.h>

#include "gdb.h"
#include "options.h"
#include "ports.h"
#include "stats.h"

#define CALL_BUDGET_MS 60000
/* Rounds without a packet before the worker sleeps. */
#define IDLE_ROUNDS 256
#define SLEEP_MS 100    /* at most, with ports that can wake us */
#define SLEEP_POLL_MS 1 /* with one that cannot */

/* All that a run has acquired; run_release gives it back in any state. */
struct run {
	struct options options;
	struct rf_nf *nfs[RF_STAGES_MAX];
	struct rf_cell *cells[RF_STAGES_MAX];
	struct rf_pool *pool;
	struct rf_slot_cache slots;
	struct ports ports;
	struct rf_stage stages[RF_STAGES_MAX];
	struct rf_worker_input inputs[RF_WORKER_PORTS_MAX];
	struct rf_port *outputs[RF_WORKER_PORTS_MAX];
	struct rf_worker *worker;
	struct clocks since;
	struct rf_error error;
};

static volatile sig_atomic_t wants_stats, wants_end;

static void on_signal(int number)
{
	if (number == SIGUSR1)
		wants_stats = 1;
	else
		wants_end = 1;
}

static void catch_signals(void)
{
	/* On the alternate stack: a cell's control stack is no place for a signal frame. */
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK | SA_RESTART};
	sigemptyset(&action.sa_mask);
	sigaction(SIGUSR1, &action, NULL);
	/* A second one ends the process at once, should a pipe or a terminal hold us up. */
	action.sa_flags |= (int)SA_RESETHAND;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- Loading -------------------------------------------------------------- */

static enum rf_status read_config(const char *path, char **text, struct rf_error *error)
{
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: %s", path, strerror(errno));
	char *bytes = malloc(RF_CONFIG_MAX + 1);
	const size_t length = bytes != NULL ? fread(bytes, 1, RF_CONFIG_MAX + 1, file) : 0;
	const bool failed = bytes == NULL || ferror(file);
	fclose(file);
	enum rf_status status = RF_OK;
	if (failed)
		status = rf_fail(error, RF_ERR_SYSTEM, "%s: cannot read it", path);
	else if (length > RF_CONFIG_MAX)
		status = rf_fail(error, RF_ERR_SYSTEM, "%s: larger than %zu bytes", path, RF_CONFIG_MAX);
	else if (memchr(bytes, '\0', length) != NULL)
		status = rf_fail(error, RF_ERR_SYSTEM, "%s: not a text file: it has a NUL byte", path);
	if (status != RF_OK) {
		free(bytes);
		return status;
	}
	bytes[length] = '\0';
	*text = bytes;
	return RF_OK;
}

/* One that stands twice in the chain is validated and mapped once, and runs in two cells. */
static uint32_t first_of_path(const struct options *options, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (strcmp(options->nfs[i].path, options->nfs[index].path) == 0)
			return i;
	return index;
}

static enum rf_status make_cell(struct run *run, uint32_t i)
{
	const struct options *options = &run->options;
	const uint32_t first = first_of_path(options, i);
	char *config = NULL;
	enum rf_status status = RF_OK;
	if (first == i)
		status = rf_nf_load(options->nfs[i].path, &run->nfs[i], &run->error);
	if (status == RF_OK && options->nfs[i].config_path != NULL)
		status = read_config(options->nfs[i].config_path, &config, &run->error);
	if (status != RF_OK)
		return status;
	const uint32_t budget =
	    options->budget_ms == 0 && options->call_count > 0 ? CALL_BUDGET_MS : options->budget_ms;
	const struct rf_cell_options cell_options = {
	    .config = config,
	    .heap_size = options->heap_size,
	    .huge_size = options->huge_size,
	    .copy = options->copy,
	    /* Cells of the same NF are the same tenant. */
	    .tenant = (uint16_t)(options->one_tenant ? 1 : first + 1),
	    .budget_ms = budget,
	};
	status = rf_cell_create(run->nfs[first], &cell_options, &run->cells[i], &run->error);
	free(config);
	return status;
}

/* All are made before the first one runs: a debugger is told of them before the thread's clock ticks. */
static enum rf_status make_cells(struct run *run)
{
	enum rf_status status = RF_OK;
	for (uint32_t i = 0; status == RF_OK && i < run->options.nf_count; i++)
		status = make_cell(run, i);
	if (status == RF_OK && run->options.gdb_path != NULL)
		status = gdb_write(&run->options, run->cells, &run->error);
	if (status == RF_OK)
		status = rf_thread_begin(&run->error);
	for (uint32_t i = 0; status == RF_OK && i < run->options.nf_count; i++)
		status = rf_cell_start(run->cells[i], &run->error);
	return status;
}

/* ---- Packets ----------------------------------------------------------------- */

static enum rf_status make_worker(struct run *run)
{
	const struct ports *ports = &run->ports;
	for (uint32_t i = 0; i < run->options.nf_count; i++)
		run->stages[i].cell = run->cells[i];
	for (uint32_t i = 0; i < ports->output_count; i++)
		run->outputs[i] = ports->outputs[i]->port;
	for (uint32_t i = 0; i < ports->input_count; i++) {
		uint32_t output = i < ports->output_count ? i : 0;
		if (run->options.bidirectional)
			output = i ^ 1;
		run->inputs[i] = (struct rf_worker_input){
		    .port = ports->inputs[i]->port, .number = (uint8_t)i, .default_output = (uint8_t)output};
	}
	const struct rf_worker_options options = {
	    .stages = run->stages,
	    .stage_count = run->options.nf_count,
	    .inputs = run->inputs,
	    .input_count = ports->input_count,
	    .outputs = run->outputs,
	    .output_count = ports->output_count,
	    .burst = run->options.burst,
	    .on_fault = run->options.on_fault,
	    .pool = run->pool,
	    .slots = &run->slots,
	};
	return rf_worker_create(&options, &run->worker, &run->error);
}

static void print_stats(const struct run *run)
{
	const struct run_view view = {
	    .worker = run->worker,
	    .ports = &run->ports,
	    .pool = run->pool,
	    .cells = run->cells,
	    .cell_count = run->options.nf_count,
	    .ns_per_cycle = clocks_ns_per_cycle(&run->since),
	};
	stats_print(&view, run->options.stats);
}

/* Sleeps until a port has something, or a little while. Returns what the last look before it brought. */
static enum rf_round wait_for_ports(struct run *run)
{
	struct pollfd waiting[RF_WORKER_PORTS_MAX];
	nfds_t count = 0;
	int timeout = SLEEP_MS;
	for (uint32_t i = 0; i < run->ports.output_count; i++)
		run->outputs[i]->ops->tx_burst(run->outputs[i], NULL, 0);
	for (uint32_t i = 0; i < run->ports.input_count; i++) {
		struct rf_port *port = run->inputs[i].port;
		if (rf_worker_ended(run->worker, i))
			continue;
		const int fd = port->ops->arm != NULL ? port->ops->arm(port) : -1;
		if (fd < 0)
			timeout = SLEEP_POLL_MS;
		else
			waiting[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	/* A packet that came before `arm` took effect wakes nobody. */
	const enum rf_round round = rf_worker_round(run->worker);
	if (round == RF_ROUND_IDLE)
		poll(waiting, count, timeout);
	return round;
}

static enum rf_status move_packets(struct run *run)
{
	uint32_t idle = 0;
	while (!wants_end) {
		if (wants_stats) {
			wants_stats = 0;
			print_stats(run);
		}
		const enum rf_round round =
		    idle < IDLE_ROUNDS ? rf_worker_round(run->worker) : wait_for_ports(run);
		idle = round == RF_ROUND_IDLE ? idle + 1 : 0;
		if (round == RF_ROUND_OVER)
			break;
		if (round == RF_ROUND_STOPPED)
			return rf_fail(&run->error, RF_ERR_REJECTED,
			               "stopped, as --on-fault=stop says, because a network function failed");
	}
	return RF_OK;
}

/* Every slot has an owner, and now that is the pool. A missing one would be a bug of the runtime or of a
 * port. */
static enum rf_status check_slots(struct run *run)
{
	rf_slot_cache_drain(&run->slots);
	const uint32_t missing = run->pool->slots - rf_pool_free(run->pool);
	if (missing == 0)
		return RF_OK;
	return rf_fail(&run->error, RF_ERR_SYSTEM,
	               "internal error: %" PRIu32 " packet slots were not given back", missing);
}

static enum rf_status run_packets(struct run *run)
{
	enum rf_status status = rf_pool_create(run->options.slots, &run->pool, &run->error);
	if (status != RF_OK)
		return status;
	rf_slot_cache_init(&run->slots, run->pool);
	catch_signals();
	status = ports_open(&run->ports, &run->options, run->pool, &run->slots, &run->error);
	if (status == RF_OK)
		status = make_worker(run);
	if (status != RF_OK)
		return status;
	run->since = clocks_now();
	status = move_packets(run);
	const enum rf_status stopped = ports_stop(&run->ports);
	print_stats(run);
	if (status == RF_OK)
		status = check_slots(run);
	return status != RF_OK ? status : stopped;
}

/* ---- Calls ------------------------------------------------------------------------ */

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void print_call(const struct call_spec *call, uint32_t result, double ns, enum stats_format format)
{
	if (format == STATS_TEXT) {
		printf("%s(%" PRIu32 ") = %" PRIu32 ", %.2f ns\n", call->name, call->argument, result, ns);
		return;
	}
	json_t *line = json_object();
	json_object_set_new(line, "call", json_string(call->name));
	json_object_set_new(line, "arg", json_integer(call->argument));
	json_object_set_new(line, "result", json_integer(result));
	json_object_set_new(line, "ns_per_call", json_real(ns));
	json_dumpf(line, stdout, JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(6));
	printf("\n");
	json_decref(line);
}

static enum rf_status run_call(struct run *run, const struct call_spec *call)
{
	struct rf_cell *cell = run->cells[0];
	const uint32_t function = rf_nf_export(run->nfs[0], call->name);
	if (function == 0)
		return rf_fail(&run->error, RF_ERR_REJECTED, "%s: it exports no function \"%s\"",
		               run->options.nfs[0].path, call->name);
	uint32_t result = 0;
	bool good = true;
	const uint64_t start = now_ns();
	for (uint64_t i = 0; good && i < run->options.repeat; i++)
		good = rf_cell_call(cell, function, call->argument, &result);
	const uint64_t end = now_ns();
	if (!good) {
		char text[320];
		rf_fault_describe(rf_cell_fault(cell), text, sizeof(text));
		return rf_fail(&run->error, RF_ERR_REJECTED, "%s: %s(%" PRIu32 ") failed: %s",
		               rf_cell_name(cell), call->name, call->argument, text);
	}
	print_call(call, result, (double)(end - start) / (double)run->options.repeat, run->options.stats);
	return RF_OK;
}

static enum rf_status run_calls(struct run *run)
{
	enum rf_status status = RF_OK;
	for (uint32_t i = 0; status == RF_OK && i < run->options.call_count; i++)
		status = run_call(run, &run->options.calls[i]);
	return status;
}

/* ---- Main ----------------------------------------------------------------------------- */

static void run_release(struct run *run)
{
	ports_close(&run->ports);
	rf_worker_destroy(run->worker);
	if (run->pool != NULL)
		rf_slot_cache_drain(&run->slots);
	rf_pool_destroy(run->pool);
	for (uint32_t i = 0; i < RF_STAGES_MAX; i++) {
		rf_cell_destroy(run->cells[i]);
		rf_nf_release(run->nfs[i]);
	}
	rf_thread_end();
	options_free(&run->options);
}

int main(int argc, char **argv)
{
	static struct run run;
	const enum options_result parsed = options_parse(&run.options, argc, argv);
	enum rf_status status = parsed == OPTIONS_BAD ? RF_ERR_USAGE : RF_OK;
	if (parsed == OPTIONS_RUN) {
		status = make_cells(&run);
		if (status == RF_OK)
			status = run.options.call_count > 0 ? run_calls(&run) : run_packets(&run);
		if (status != RF_OK && run.error.text[0] != '\0')
			fprintf(stderr, "rf-run: %s\n", run.error.text);
	}
	run_release(&run);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "rf-run: cannot write to standard output\n");
		status = RF_ERR_SYSTEM;
	}
	return (int)status;
}
