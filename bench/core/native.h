/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark's NFs compiled into the host: the same sources with RF_NATIVE_PACKETS. */
#ifndef RF_BENCH_NATIVE_H
#define RF_BENCH_NATIVE_H

#include <ringfence/worker.h>

struct native {
	void (*process)(struct rf_burst *burst);
};
extern struct native native_pass, native_firewall, native_cost;

/* A worker's stage: does what the runtime does around a cell's `process`. `user` is a struct native. */
rf_stage_function native_process;

/* What the firewall runs with, native or not: every packet meets all rules and passes by the last one. */
extern const char native_firewall_config[];

/* Runs the native `init`s; 0 is success. */
int native_start(void);

#endif
