/* SPDX-License-Identifier: Apache-2.0 */
/* The benchmark's NFs compiled into the host: the same sources with RF_NATIVE_PACKETS. */
#ifndef RF_BENCH_NATIVE_H
#define RF_BENCH_NATIVE_H

#include <ringfence/worker.h>

extern const struct rf_native native_pass, native_firewall, native_cost;

/* What the firewall runs with, native or not: every packet meets all rules and passes by the last one. */
extern const char native_firewall_config[];

/* Runs the native `init`s; 0 is success. */
int native_start(void);

#endif
