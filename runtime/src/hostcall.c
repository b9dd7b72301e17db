/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host calls: the only code that runs on behalf of an NF. Arguments are two
 * 32-bit values from an adversary; addresses are followed by rf_space_read.
 */
#include "cell_impl.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define LOG_LENGTH_MAX 1024
#define LOG_LINES 100
#define LOG_PERIOD_NS 1000000000

uint64_t rf_now_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

size_t rf_escape(char *to, size_t capacity, const uint8_t *text, size_t length)
{
	size_t n = 0;
	for (size_t i = 0; i < length; i++) {
		const bool plain = text[i] >= 0x20 && text[i] < 0x7f && text[i] != '\\';
		const size_t width = plain ? 1 : 4;
		if (n + width >= capacity)
			break;
		snprintf(to + n, width + 1, plain ? "%c" : "\\x%02x", text[i]);
		n += width;
	}
	to[n] = '\0';
	return n;
}

void rf_cell_log(const struct rf_cell *cell, const char *text)
{
	if (cell->is.log != NULL)
		cell->is.log(cell->is.log_user, cell->name, text);
	else
		fprintf(stderr, "%s: %s\n", cell->name, text);
}

/* Whether the cell may write a line now. What a period suppressed is said at the start of the next one. */
static bool may_log(struct rf_cell *cell)
{
	struct rf_log_quota *quota = &cell->quota;
	const uint64_t now = rf_now_ns(CLOCK_MONOTONIC);
	if (now - quota->since_ns < LOG_PERIOD_NS)
		return quota->lines++ < LOG_LINES;
	if (quota->lines > LOG_LINES) {
		char line[64];
		snprintf(line, sizeof(line), "(%" PRIu64 " log lines suppressed)", quota->lines - LOG_LINES);
		rf_cell_log(cell, line);
	}
	*quota = (struct rf_log_quota){.since_ns = now, .lines = 1};
	return true;
}

/* Fetches a text of the NF, escaped; without one trailing newline, which is the caller's habit. */
static bool fetch_text(const struct rf_cell *cell, uint32_t address, uint32_t length, char *line, size_t size)
{
	uint8_t text[LOG_LENGTH_MAX];
	if (length > sizeof(text))
		length = sizeof(text);
	if (!rf_space_read(&cell->space, address, length, text))
		return false;
	if (length > 0 && text[length - 1] == '\n')
		length--;
	rf_escape(line, size, text, length);
	return true;
}

static void host_log(struct rf_cell *cell, uint32_t address, uint32_t length)
{
	char line[4 * LOG_LENGTH_MAX + 1];
	if (!may_log(cell))
		return;
	if (!fetch_text(cell, address, length, line, sizeof(line)))
		snprintf(line, sizeof(line), "(log call with the invalid range 0x%" PRIx32 "+%" PRIu32 ")",
		         address, length);
	rf_cell_log(cell, line);
}

struct rf_outcome rf_host_dispatch(uint32_t call, uint32_t a, uint32_t b)
{
	struct rf_cell *cell = rf_thread_cell();
	struct rf_outcome outcome = {0};
	switch (call) {
	case RF_HOST_LOG:
		host_log(cell, a, b);
		break;
	case RF_HOST_TIME:
		outcome.result = rf_now_ns(CLOCK_REALTIME);
		break;
	default:
		cell->fault = (struct rf_fault){.kind = RF_FAULT_ABORT};
		fetch_text(cell, a, b, cell->fault.text, sizeof(cell->fault.text));
		outcome.failed = 1;
		return outcome;
	}
	if (rf_thread_overdue()) {
		cell->fault = (struct rf_fault){.kind = RF_FAULT_TIMEOUT};
		outcome.failed = 1;
	}
	return outcome;
}
