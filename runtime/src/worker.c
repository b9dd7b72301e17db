/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <ringfence/worker.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "burst.h"

#define BURST_DEFAULT 32
#define BACKOFF_MAX_MS 1000
#define NS_PER_MS UINT64_C(1000000)
/* What makes a packet one for the port's `prepare`. */
#define PREPARE_FLAGS (RF_TX_IP_CSUM | RF_TX_L4_CSUM | RF_TX_VLAN | RF_RX_VLAN)

struct stage {
	struct rf_stage_stats stats;
	uint64_t restart_at_ns;
	uint64_t restarted_ns;
	uint32_t backoff_ms;
};

/* What leaves by a port: a burst at most, flushed after each. */
struct queue {
	uint32_t count;
	struct rf_packet packets[RF_BURST_MAX];
};

struct rf_worker {
	struct rf_worker_options is;
	bool stopped;
	struct rf_worker_totals totals;
	struct stage stages[RF_STAGES_MAX];
	bool ended[RF_WORKER_PORTS_MAX];
	struct queue queues[RF_WORKER_PORTS_MAX];
	/* The burst in flight. */
	struct rf_packet packets[RF_BURST_MAX];
	uint8_t verdicts[RF_BURST_MAX];
	uint8_t ports[RF_BURST_MAX];
};

/* ---- Failed cells --------------------------------------------------------- */

static void note_fault(struct rf_worker *worker, struct stage *stage, const struct rf_cell *cell)
{
	const uint64_t now = rf_now_ns(CLOCK_MONOTONIC);
	stage->stats.faults++;
	stage->stats.last_fault = cell->fault;
	/* A cell that did well for longer than the longest wait starts over with the shortest. */
	const bool fresh = now - stage->restarted_ns > BACKOFF_MAX_MS * NS_PER_MS;
	stage->backoff_ms = fresh || stage->backoff_ms == 0 ? 1 : stage->backoff_ms * 2;
	if (stage->backoff_ms > BACKOFF_MAX_MS)
		stage->backoff_ms = BACKOFF_MAX_MS;
	stage->restart_at_ns = now + stage->backoff_ms * NS_PER_MS;

	char what[320], line[400], next[40] = "stopping";
	rf_fault_describe(&cell->fault, what, sizeof(what));
	if (worker->is.on_fault != RF_ON_FAULT_STOP)
		snprintf(next, sizeof(next), "restart in %" PRIu32 " ms", stage->backoff_ms);
	snprintf(line, sizeof(line), "failed: %s; %s", what, next);
	rf_cell_log(cell, line);
}

/* Whether the stage's cell can take packets, after a restart if one is due. */
static bool is_alive(struct rf_worker *worker, struct stage *stage, struct rf_cell *cell)
{
	if (cell->fault.kind == RF_FAULT_NONE)
		return true;
	if (worker->is.on_fault == RF_ON_FAULT_STOP || rf_now_ns(CLOCK_MONOTONIC) < stage->restart_at_ns)
		return false;
	if (rf_cell_start(cell, NULL) != RF_OK) {
		note_fault(worker, stage, cell);
		return false;
	}
	stage->restarted_ns = rf_now_ns(CLOCK_MONOTONIC);
	stage->stats.restarts++;
	return true;
}

/* The policy for packets that no cell decided about; returns how many go on. */
static uint32_t without_cell(struct rf_worker *worker, struct stage *stage, uint32_t count)
{
	if (worker->is.on_fault == RF_ON_FAULT_PASS) {
		stage->stats.next += count;
		stage->stats.bypassed += count;
		return count;
	}
	stage->stats.lost += count;
	for (uint32_t i = 0; i < count; i++)
		rf_slot_give(worker->is.slots, worker->packets[i].slot);
	worker->stopped = worker->is.on_fault == RF_ON_FAULT_STOP;
	return 0;
}

/* ---- Packets ----------------------------------------------------------------- */

static void enqueue(struct queue *queue, const struct rf_packet *packet)
{
	queue->packets[queue->count++] = *packet;
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
			continue;
		case RF_TX:
			stage->stats.sent++;
			enqueue(&worker->queues[worker->ports[i]], packet);
			continue;
		case RF_DROP:
			stage->stats.dropped++;
			break;
		default:
			stage->stats.refused++;
			break;
		}
		rf_slot_give(worker->is.slots, packet->slot);
	}
	stage->stats.next += kept;
	return kept;
}

/* Returns how many packets, now the first, go on to the next stage. */
static uint32_t run_stage(struct rf_worker *worker, uint32_t number, uint32_t count)
{
	const struct rf_stage *is = &worker->is.stages[number];
	struct stage *stage = &worker->stages[number];
	stage->stats.packets_in += count;
	stage->stats.bursts++;
	if (is->cell == NULL) {
		is->native(is->user, worker->is.pool, worker->is.output_count, worker->packets, count,
		           worker->verdicts, worker->ports, &stage->stats.cycles);
		return sort_out(worker, stage, count);
	}
	if (!is_alive(worker, stage, is->cell))
		return without_cell(worker, stage, count);
	if (rf_cell_process(is->cell, worker->is.pool, worker->is.output_count, worker->packets, count,
	                    worker->verdicts, worker->ports, &stage->stats.cycles))
		return sort_out(worker, stage, count);
	note_fault(worker, stage, is->cell);
	return without_cell(worker, stage, count);
}

static void drop_unsent(struct rf_worker *worker, const struct rf_packet *packet)
{
	worker->totals.unsent++;
	rf_slot_give(worker->is.slots, packet->slot);
}

static void flush(struct rf_worker *worker, struct queue *queue, struct rf_port *port)
{
	uint32_t ready = 0;
	for (uint32_t i = 0; i < queue->count; i++) {
		struct rf_packet *packet = &queue->packets[i];
		if ((packet->flags & PREPARE_FLAGS) == 0 || port->ops->prepare == NULL ||
		    port->ops->prepare(port, worker->is.pool, packet))
			queue->packets[ready++] = *packet;
		else
			drop_unsent(worker, packet);
	}
	queue->count = 0;
	const uint32_t sent = port->ops->tx_burst(port, queue->packets, ready);
	worker->totals.sent += sent;
	for (uint32_t i = sent; i < ready; i++)
		drop_unsent(worker, &queue->packets[i]);
}

static void run_burst(struct rf_worker *worker, const struct rf_worker_input *input, uint32_t count)
{
	worker->totals.received += count;
	for (uint32_t i = 0; i < count; i++)
		worker->packets[i].in_port = input->number;
	for (uint32_t s = 0; s < worker->is.stage_count && count > 0; s++)
		count = run_stage(worker, s, count);
	for (uint32_t i = 0; i < count; i++)
		enqueue(&worker->queues[input->default_output], &worker->packets[i]);
	for (uint32_t o = 0; o < worker->is.output_count; o++)
		if (worker->queues[o].count > 0)
			flush(worker, &worker->queues[o], worker->is.outputs[o]);
}

enum rf_round rf_worker_round(struct rf_worker *worker)
{
	enum rf_round round = RF_ROUND_OVER;
	for (uint32_t i = 0; i < worker->is.input_count && !worker->stopped; i++) {
		const struct rf_worker_input *input = &worker->is.inputs[i];
		if (worker->ended[i])
			continue;
		const int32_t count =
		    input->port->ops->rx_burst(input->port, worker->packets, worker->is.burst);
		worker->ended[i] = count < 0;
		if (count == 0 && round == RF_ROUND_OVER)
			round = RF_ROUND_IDLE;
		if (count <= 0)
			continue;
		round = RF_ROUND_BUSY;
		run_burst(worker, input, (uint32_t)count);
	}
	return worker->stopped ? RF_ROUND_STOPPED : round;
}

/* ---- Making and asking ----------------------------------------------------- */

static enum rf_status check(const struct rf_worker_options *options, struct rf_error *error)
{
	/* 0 ports wrap. */
	if (options->stage_count > RF_STAGES_MAX || options->input_count - 1 >= RF_WORKER_PORTS_MAX ||
	    options->output_count - 1 >= RF_WORKER_PORTS_MAX || options->burst > RF_BURST_MAX)
		return rf_fail(error, RF_ERR_USAGE,
		               "a worker has at most %d network functions, 1 to %d ports in each direction, "
		               "and bursts of 1 to %d packets",
		               RF_STAGES_MAX, RF_WORKER_PORTS_MAX, RF_BURST_MAX);
	for (uint32_t i = 0; i < options->input_count; i++)
		if (options->inputs[i].default_output >= options->output_count)
			return rf_fail(error, RF_ERR_USAGE, "input %u leads to no output", i);
	for (uint32_t i = 0; i < options->stage_count; i++) {
		const struct rf_cell *cell = options->stages[i].cell;
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
	if (worker == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "no memory for a worker");
	worker->is = *options;
	if (worker->is.burst == 0)
		worker->is.burst = BURST_DEFAULT;
	*result = worker;
	return RF_OK;
}

void rf_worker_destroy(struct rf_worker *worker)
{
	free(worker);
}

bool rf_worker_ended(const struct rf_worker *worker, uint32_t input)
{
	return worker->ended[input];
}

const struct rf_stage_stats *rf_worker_stage_stats(const struct rf_worker *worker, uint32_t stage)
{
	return &worker->stages[stage].stats;
}

const struct rf_worker_totals *rf_worker_totals(const struct rf_worker *worker)
{
	return &worker->totals;
}
