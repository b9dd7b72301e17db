/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "gdb.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef RF_SHARE_FROM_BIN
#error "the build says where the SDK's files are"
#endif

/* "TracerPid:" is not 0. */
static bool is_traced(void)
{
	char line[128];
	unsigned tracer = 0;
	FILE *file = fopen("/proc/self/status", "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "TracerPid: %u", &tracer) == 1)
			break;
	if (file != NULL)
		fclose(file);
	return tracer != 0;
}

/* The script that defines rf-cell stands at a fixed place relative to this program. */
static void write_source(FILE *file)
{
	char program[PATH_MAX];
	const ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
	if (length <= 0)
		return;
	program[length] = '\0';
	*strrchr(program, '/') = '\0';
	fprintf(file, "source %s/" RF_SHARE_FROM_BIN "/gdb.py\n", program);
}

static void write_cell(FILE *file, const char *path, const struct rf_cell *cell)
{
	const struct rf_cell_place place = rf_cell_place(cell);
	char *full = realpath(path, NULL);
	fprintf(file, "rf-cell 0x%" PRIx64 " 0x%" PRIx32 " 0x%" PRIx64 " %s\n", place.text,
	        place.text_address, place.base, full != NULL ? full : path);
	free(full);
}

enum rf_status gdb_write(const struct options *options, struct rf_cell *const *cells, struct rf_error *error)
{
	FILE *file = fopen(options->gdb_path, "we");
	if (file == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: %s", options->gdb_path, strerror(errno));
	fprintf(file, "# gdb commands for rf-run, process %ld\n", (long)getpid());
	write_source(file);
	for (uint32_t i = 0; i < options->nf_count; i++)
		write_cell(file, options->nfs[i].path, cells[i]);
	if (fclose(file) != 0)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: %s", options->gdb_path, strerror(errno));
	if (is_traced())
		raise(SIGTRAP);
	return RF_OK;
}
