/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker: one thread that moves packets from input ports through a chain of
 * stages to output ports, and keeps count. Packets in = packets out + packets
 * dropped, always, each drop counted under its reason.
 */
#ifndef RINGFENCE_WORKER_H
#define RINGFENCE_WORKER_H

#include <stdint.h>

#include <ringfence/cell.h>
#include <ringfence/port.h>

#define RF_STAGES_MAX 64
#define RF_WORKER_PORTS_MAX 64

/* What happens to the packets of a cell that fails or is waiting to be restarted. */
enum rf_on_fault {
	RF_ON_FAULT_DROP = 0, /* they are dropped */
	RF_ON_FAULT_PASS,     /* they go on to the next stage, as they stand in their slots */
	RF_ON_FAULT_STOP,     /* they are dropped and the worker stops */
};

/*
 * What processes packets: a cell, started, which stays the caller's; or, to
 * compare with it, a trusted function that does what rf_cell_process does
 * (runtime/src/burst.h), with `user` for the cell.
 */
typedef bool rf_stage_function(void *user, struct rf_pool *pool, uint32_t output_count,
                               struct rf_packet *packets, uint32_t count, uint8_t *verdicts, uint8_t *ports,
                               uint64_t *cycles);
struct rf_stage {
	struct rf_cell *cell;
	rf_stage_function *native; /* if there is no cell */
	void *user;
};

struct rf_worker_input {
	struct rf_port *port;
	uint8_t number;         /* in_port of its packets */
	uint8_t default_output; /* index in `outputs`: where RF_NEXT of the last stage leads */
};

struct rf_worker_options {
	const struct rf_stage *stages;
	uint32_t stage_count; /* 0 … RF_STAGES_MAX; 0 forwards */
	const struct rf_worker_input *inputs;
	uint32_t input_count;
	struct rf_port *const *outputs; /* RF_TX's port n is outputs[n] */
	uint32_t output_count;          /* 1 … RF_WORKER_PORTS_MAX, as for input_count */
	uint32_t burst;                 /* packets taken from an input at once, 1 … RF_BURST_MAX; 0: 32 */
	enum rf_on_fault on_fault;
	struct rf_pool *pool;
	struct rf_slot_cache *slots; /* the one that the ports were opened with */
};

/* packets_in = next + sent + dropped + refused + lost */
struct rf_stage_stats {
	uint64_t packets_in;
	uint64_t next;     /* verdict RF_NEXT, and what passed by a failed cell */
	uint64_t sent;     /* verdict RF_TX */
	uint64_t dropped;  /* verdict RF_DROP */
	uint64_t refused;  /* verdict, port, length or head out of range: dropped */
	uint64_t lost;     /* dropped because the cell failed or was waiting for its restart */
	uint64_t bypassed; /* of `next`: those that passed by a failed cell */
	uint64_t bursts;
	uint64_t faults;
	uint64_t restarts;
	uint64_t cycles; /* of the time-stamp counter, around process() only */
	struct rf_fault last_fault;
};

/* received = sent + unsent + what the stages dropped, refused or lost */
struct rf_worker_totals {
	uint64_t received;
	uint64_t sent;   /* taken by an output port */
	uint64_t unsent; /* the output port took them not: dropped */
};

/* What one round over the inputs brought. */
enum rf_round {
	RF_ROUND_BUSY,    /* packets */
	RF_ROUND_IDLE,    /* none */
	RF_ROUND_OVER,    /* none ever again: all inputs have ended or failed */
	RF_ROUND_STOPPED, /* a cell failed and the policy is to stop */
};

struct rf_worker;

/* What `options` point at must outlive the worker. The ports are started and stopped by the caller. */
enum rf_status rf_worker_create(const struct rf_worker_options *options, struct rf_worker **worker,
                                struct rf_error *error);
void rf_worker_destroy(struct rf_worker *worker);

/*
 * Takes one burst from each input through the chain to the outputs, on the
 * calling thread, between rf_thread_begin and rf_thread_end. Never waits: when
 * to sleep (rf_port_ops.arm) and when to end is the caller's to decide. No
 * packet is in flight when it returns.
 */
enum rf_round rf_worker_round(struct rf_worker *worker);

/* Whether an input has ended or failed: nothing more comes from it. */
bool rf_worker_ended(const struct rf_worker *worker, uint32_t input);

/* Live, so only to be read between rounds. Indices are the caller's to check. */
const struct rf_stage_stats *rf_worker_stage_stats(const struct rf_worker *worker, uint32_t stage);
const struct rf_worker_totals *rf_worker_totals(const struct rf_worker *worker);

#endif
