/* SPDX-License-Identifier: Apache-2.0 */
/* rf-run's command line. */
#ifndef RF_OPTIONS_H
#define RF_OPTIONS_H

#include <ringfence/runtime.h>

#define CALLS_MAX 256

/* A.nf[,config=FILE] */
struct nf_spec {
	char *path;
	char *config_path; /* null: no configuration */
};

/* NAME[=U32] */
struct call_spec {
	char *name;
	uint32_t argument;
};

enum stats_format { STATS_DEFAULT = 0, STATS_TEXT, STATS_JSON };

struct options {
	struct nf_spec nfs[RF_STAGES_MAX];
	uint32_t nf_count;
	const char *inputs[RF_WORKER_PORTS_MAX]; /* "kind:argument" */
	uint32_t input_count;
	const char *outputs[RF_WORKER_PORTS_MAX];
	uint32_t output_count;
	struct call_spec calls[CALLS_MAX];
	uint32_t call_count;
	const char *gdb_path; /* null: no commands for gdb */
	bool bidirectional;
	bool copy;
	bool one_tenant;
	uint32_t burst;
	uint32_t slots;
	uint32_t budget_ms; /* 0: default */
	uint64_t repeat;
	uint64_t heap_size; /* 0: default */
	uint64_t huge_size; /* 0: default */
	enum rf_on_fault on_fault;
	enum stats_format stats;
};

/* What main does next. */
enum options_result { OPTIONS_RUN, OPTIONS_SHOWN, OPTIONS_BAD };

/* Prints help and errors itself. options_free afterwards in any case. */
enum options_result options_parse(struct options *options, int argc, char **argv);
void options_free(struct options *options);

#endif
