/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <ringfence/worker.h>

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <x86intrin.h>

#include "burst.h"

#define BURST_DEFAULT 32
#define BACKOFF_MAX_MS 1000
#define NS_PER_MS 1000000u
/* Rounds without a packet before the worker sleeps. */
#define IDLE_ROUNDS 256
#define SLEEP_MS 100    /* at most, with ports that can wake us */
#define SLEEP_POLL_MS 1 /* with one that cannot */

struct stage {
	struct rf_stage is;
	struct rf_stage_stats stats;
	uint64_t restart_at_ns;
	uint64_t restarted_ns;
	uint32_t backoff_ms;
};

struct input {
	struct rf_worker_input is;
	uint64_t received;
	bool ended;
};

struct output {
	struct rf_port *port;
	struct rf_output_stats stats;
	uint32_t count;
	struct rf_packet queue[RF_BURST_MAX]; /* a burst at most: flushed after each */
};

struct rf_worker {
	struct rf_pool *pool;
	struct rf_slot_cache *slots;
	volatile sig_atomic_t *attention;
	uint32_t burst;
	enum rf_on_fault on_fault;
	bool stopped;
	uint32_t stage_count, input_count, output_count;
	struct stage stages[RF_STAGES_MAX];
	struct input inputs[RF_WORKER_PORTS_MAX];
	struct output *outputs;
	/* The time-stamp counter against the clock. */
	uint64_t tsc_start;
	uint64_t ns_start;
	/* The burst in flight. */
	struct rf_packet packets[RF_BURST_MAX];
	uint8_t verdicts[RF_BURST_MAX];
	uint8_t ports[RF_BURST_MAX];
};

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

/* ---- Failed cells --------------------------------------------------------- */

static void report(const struct rf_cell *cell, const char *text)
{
	if (cell->log != NULL)
		cell->log(cell->log_user, cell->name, text);
	else
		fprintf(stderr, "%s: %s\n", cell->name, text);
}

static void note_fault(struct rf_worker *worker, struct stage *stage)
{
	const struct rf_cell *cell = stage->is.cell;
	const uint64_t now = now_ns();
	stage->stats.faults++;
	stage->stats.last_fault = cell->fault;
	/* A cell that did well for longer than the longest wait starts over with the shortest. */
	const bool fresh = now - stage->restarted_ns > (uint64_t)BACKOFF_MAX_MS * NS_PER_MS;
	stage->backoff_ms = fresh || stage->backoff_ms == 0 ? 1 : stage->backoff_ms * 2;
	if (stage->backoff_ms > BACKOFF_MAX_MS)
		stage->backoff_ms = BACKOFF_MAX_MS;
	stage->restart_at_ns = now + (uint64_t)stage->backoff_ms * NS_PER_MS;

	char what[320], line[400];
	rf_fault_describe(&cell->fault, what, sizeof(what));
	if (worker->on_fault == RF_ON_FAULT_STOP)
		snprintf(line, sizeof(line), "failed: %s; stopping", what);
	else
		snprintf(line, sizeof(line), "failed: %s; restart in %" PRIu32 " ms", what,
		         stage->backoff_ms);
	report(cell, line);
}

/* Whether the stage's cell can take packets, after a restart if one is due. */
static bool is_alive(struct rf_worker *worker, struct stage *stage)
{
	struct rf_cell *cell = stage->is.cell;
	if (cell->fault.kind == RF_FAULT_NONE)
		return true;
	if (worker->on_fault == RF_ON_FAULT_STOP || now_ns() < stage->restart_at_ns)
		return false;
	if (rf_cell_start(cell, NULL) != RF_OK) {
		note_fault(worker, stage);
		return false;
	}
	stage->restarted_ns = now_ns();
	stage->stats.restarts++;
	return true;
}

static void give_back(struct rf_worker *worker, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		rf_slot_give(worker->slots, worker->packets[i].slot);
}

/* The policy for packets that no cell decided about; returns how many go on. */
static uint32_t without_cell(struct rf_worker *worker, struct stage *stage, uint32_t count)
{
	if (worker->on_fault == RF_ON_FAULT_PASS) {
		stage->stats.next += count;
		stage->stats.bypassed += count;
		return count;
	}
	stage->stats.lost += count;
	give_back(worker, count);
	if (worker->on_fault == RF_ON_FAULT_STOP)
		worker->stopped = true;
	return 0;
}

/* ---- Packets ----------------------------------------------------------------- */

static void enqueue(struct output *output, const struct rf_packet *packet)
{
	output->queue[output->count++] = *packet;
}

/* Carries out the verdicts; packets that go on move to the front. */
static uint32_t sort_out(struct rf_worker *worker, struct stage *stage, uint32_t count)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < count; i++) {
		const struct rf_packet *packet = &worker->packets[i];
		switch (worker->verdicts[i]) {
		case RF_NEXT:
			worker->packets[kept++] = *packet;
			break;
		case RF_TX:
			stage->stats.sent++;
			enqueue(&worker->outputs[worker->ports[i]], packet);
			break;
		case RF_DROP:
			stage->stats.dropped++;
			rf_slot_give(worker->slots, packet->slot);
			break;
		default:
			stage->stats.refused++;
			rf_slot_give(worker->slots, packet->slot);
			break;
		}
	}
	stage->stats.next += kept;
	return kept;
}

static void run_native(struct rf_worker *worker, struct stage *stage, uint32_t count)
{
	const struct rf_native *native = stage->is.native;
	for (uint32_t i = 0; i < count; i++) {
		const struct rf_packet *packet = &worker->packets[i];
		native->window[i] =
		    (uint64_t)(uintptr_t)(rf_pool_slot(worker->pool, packet->slot) + packet->head);
		rf_desc_fill(&native->burst->desc[i], packet);
	}
	native->burst->count = count;
	const uint64_t start = __rdtsc();
	native->process(native->burst);
	stage->stats.cycles += __rdtsc() - start;
	for (uint32_t i = 0; i < count; i++)
		worker->verdicts[i] = rf_desc_take(&native->burst->desc[i], worker->output_count,
		                                   &worker->packets[i], &worker->ports[i]);
}

static uint32_t run_stage(struct rf_worker *worker, struct stage *stage, uint32_t count)
{
	stage->stats.packets_in += count;
	stage->stats.bursts++;
	if (stage->is.cell == NULL) {
		run_native(worker, stage, count);
		return sort_out(worker, stage, count);
	}
	if (!is_alive(worker, stage))
		return without_cell(worker, stage, count);
	if (!rf_cell_process(stage->is.cell, worker->pool, worker->output_count, worker->packets, count,
	                     worker->verdicts, worker->ports, &stage->stats.cycles)) {
		note_fault(worker, stage);
		return without_cell(worker, stage, count);
	}
	return sort_out(worker, stage, count);
}

static void flush(struct rf_worker *worker, struct output *output)
{
	uint32_t ready = 0;
	output->stats.offered += output->count;
	for (uint32_t i = 0; i < output->count; i++) {
		struct rf_packet *packet = &output->queue[i];
		if (rf_offload_finish(worker->pool, packet, output->port->tx_offloads)) {
			output->queue[ready++] = *packet;
			continue;
		}
		output->stats.unsent++;
		rf_slot_give(worker->slots, packet->slot);
	}
	output->count = 0;
	const uint32_t sent = output->port->ops->tx_burst(output->port, output->queue, ready);
	for (uint32_t i = sent; i < ready; i++) {
		output->stats.unsent++;
		rf_slot_give(worker->slots, output->queue[i].slot);
	}
}

static void run_burst(struct rf_worker *worker, const struct input *input, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		worker->packets[i].in_port = input->is.number;
	for (uint32_t s = 0; s < worker->stage_count && count > 0; s++)
		count = run_stage(worker, &worker->stages[s], count);
	for (uint32_t i = 0; i < count; i++)
		enqueue(&worker->outputs[input->is.default_output], &worker->packets[i]);
	for (uint32_t o = 0; o < worker->output_count; o++)
		if (worker->outputs[o].count > 0)
			flush(worker, &worker->outputs[o]);
}

/* One burst from each input; returns how many packets came. */
static uint32_t run_round(struct rf_worker *worker)
{
	uint32_t total = 0;
	for (uint32_t i = 0; i < worker->input_count && !worker->stopped; i++) {
		struct input *input = &worker->inputs[i];
		if (input->ended)
			continue;
		struct rf_port *port = input->is.port;
		const int32_t count = port->ops->rx_burst(port, worker->packets, worker->burst);
		if (count < 0) {
			input->ended = true;
			continue;
		}
		if (count == 0)
			continue;
		input->received += (uint32_t)count;
		total += (uint32_t)count;
		run_burst(worker, input, (uint32_t)count);
	}
	return total;
}

static bool all_ended(const struct rf_worker *worker)
{
	for (uint32_t i = 0; i < worker->input_count; i++)
		if (!worker->inputs[i].ended)
			return false;
	return true;
}

/* Sleeps until a port has something, or a little while. */
static void wait_for_ports(struct rf_worker *worker)
{
	struct pollfd waiting[RF_WORKER_PORTS_MAX];
	nfds_t count = 0;
	int timeout = SLEEP_MS;
	for (uint32_t o = 0; o < worker->output_count; o++)
		worker->outputs[o].port->ops->tx_burst(worker->outputs[o].port, NULL, 0);
	for (uint32_t i = 0; i < worker->input_count; i++) {
		struct rf_port *port = worker->inputs[i].is.port;
		if (worker->inputs[i].ended)
			continue;
		const int fd = port->ops->arm != NULL ? port->ops->arm(port) : -1;
		if (fd < 0)
			timeout = SLEEP_POLL_MS;
		else
			waiting[count++] = (struct pollfd){.fd = fd, .events = POLLIN};
	}
	/* A packet that came before `arm` took effect wakes nobody. */
	if (run_round(worker) == 0)
		poll(waiting, count, timeout);
}

enum rf_run_result rf_worker_run(struct rf_worker *worker)
{
	uint32_t idle = 0;
	for (;;) {
		if (worker->stopped)
			return RF_RUN_STOPPED;
		if (worker->attention != NULL && *worker->attention != 0)
			return RF_RUN_ATTENTION;
		if (run_round(worker) > 0) {
			idle = 0;
			continue;
		}
		if (all_ended(worker))
			return worker->stopped ? RF_RUN_STOPPED : RF_RUN_ENDED;
		if (++idle >= IDLE_ROUNDS)
			wait_for_ports(worker);
	}
}

/* ---- Making and asking ----------------------------------------------------- */

static enum rf_status check(const struct rf_worker_options *options, struct rf_error *error)
{
	if (options->stage_count > RF_STAGES_MAX)
		return rf_fail(error, RF_ERR_USAGE, "a chain has at most %d network functions",
		               RF_STAGES_MAX);
	if (options->input_count == 0 || options->output_count == 0)
		return rf_fail(error, RF_ERR_USAGE, "a worker needs an input and an output port");
	if (options->input_count > RF_WORKER_PORTS_MAX || options->output_count > RF_WORKER_PORTS_MAX)
		return rf_fail(error, RF_ERR_USAGE, "a worker has at most %d ports in each direction",
		               RF_WORKER_PORTS_MAX);
	if (options->burst > RF_BURST_MAX)
		return rf_fail(error, RF_ERR_USAGE, "a burst has 1 to %d packets", RF_BURST_MAX);
	for (uint32_t i = 0; i < options->input_count; i++)
		if (options->inputs[i].default_output >= options->output_count)
			return rf_fail(error, RF_ERR_USAGE, "input %u leads to output %u, which is not there",
			               i, options->inputs[i].default_output);
	for (uint32_t i = 0; i < options->stage_count; i++) {
		const struct rf_cell *cell = options->stages[i].cell;
		if (cell == NULL && options->stages[i].native == NULL)
			return rf_fail(error, RF_ERR_USAGE, "stage %u is neither a cell nor native", i);
		if (cell != NULL && cell->process == 0)
			return rf_fail(error, RF_ERR_REJECTED,
			               "%s: it exports no function \"process\", so it cannot take packets",
			               cell->name);
	}
	return RF_OK;
}

enum rf_status rf_worker_create(const struct rf_worker_options *options, struct rf_worker **result,
                                struct rf_error *error)
{
	const enum rf_status status = check(options, error);
	if (status != RF_OK)
		return status;
	struct rf_worker *worker = calloc(1, sizeof(*worker));
	if (worker != NULL)
		worker->outputs = calloc(options->output_count, sizeof(worker->outputs[0]));
	if (worker == NULL || worker->outputs == NULL) {
		free(worker);
		return rf_fail(error, RF_ERR_SYSTEM, "no memory for a worker");
	}
	worker->pool = options->pool;
	worker->slots = options->slots;
	worker->attention = options->attention;
	worker->burst = options->burst != 0 ? options->burst : BURST_DEFAULT;
	worker->on_fault = options->on_fault;
	worker->stage_count = options->stage_count;
	worker->input_count = options->input_count;
	worker->output_count = options->output_count;
	for (uint32_t i = 0; i < options->stage_count; i++)
		worker->stages[i].is = options->stages[i];
	for (uint32_t i = 0; i < options->input_count; i++)
		worker->inputs[i].is = options->inputs[i];
	for (uint32_t i = 0; i < options->output_count; i++)
		worker->outputs[i].port = options->outputs[i];
	worker->tsc_start = __rdtsc();
	worker->ns_start = now_ns();
	*result = worker;
	return RF_OK;
}

void rf_worker_destroy(struct rf_worker *worker)
{
	if (worker == NULL)
		return;
	free(worker->outputs);
	free(worker);
}

/* Over the worker's whole life, and at least long enough for the clock's own resolution not to matter. */
static double ns_per_cycle(const struct rf_worker *worker)
{
	while (now_ns() - worker->ns_start < 2 * NS_PER_MS)
		nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
	return (double)(now_ns() - worker->ns_start) / (double)(__rdtsc() - worker->tsc_start);
}

void rf_worker_stage_stats(const struct rf_worker *worker, uint32_t stage, struct rf_stage_stats *stats)
{
	*stats = worker->stages[stage].stats;
	stats->ns = (double)stats->cycles * ns_per_cycle(worker);
}

void rf_worker_output_stats(const struct rf_worker *worker, uint32_t output, struct rf_output_stats *stats)
{
	*stats = worker->outputs[output].stats;
}

uint64_t rf_worker_received(const struct rf_worker *worker, uint32_t input)
{
	return worker->inputs[input].received;
}
