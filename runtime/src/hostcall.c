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
#define LOG_BURST 100
#define LOG_INTERVAL_NS 10000000 /* a token each: 100 lines a second */

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

size_t rf_escape(char *to, size_t capacity, const uint8_t *text, size_t length)
{
	static const char digits[] = "0123456789abcdef";
	size_t n = 0;
	for (size_t i = 0; i < length; i++) {
		const bool plain = text[i] >= 0x20 && text[i] < 0x7f && text[i] != '\\';
		if (n + (plain ? 1 : 4) >= capacity)
			break;
		if (plain) {
			to[n++] = (char)text[i];
			continue;
		}
		to[n++] = '\\';
		to[n++] = 'x';
		to[n++] = digits[text[i] >> 4];
		to[n++] = digits[text[i] & 15];
	}
	to[n] = '\0';
	return n;
}

static bool take_token(struct rf_log_quota *quota)
{
	const uint64_t now = now_ns(CLOCK_MONOTONIC);
	const uint64_t earned = (now - quota->refilled_ns) / LOG_INTERVAL_NS;
	if (quota->refilled_ns == 0 || earned >= LOG_BURST) {
		quota->tokens = LOG_BURST;
		quota->refilled_ns = now;
	} else if (earned > 0) {
		const uint64_t sum = quota->tokens + earned;
		quota->tokens = (uint32_t)(sum < LOG_BURST ? sum : LOG_BURST);
		quota->refilled_ns += earned * LOG_INTERVAL_NS;
	}
	if (quota->tokens == 0) {
		quota->suppressed++;
		return false;
	}
	quota->tokens--;
	return true;
}

static void write_line(const struct rf_cell *cell, const char *text)
{
	if (cell->log != NULL)
		cell->log(cell->log_user, cell->name, text);
	else
		fprintf(stderr, "%s: %s\n", cell->name, text);
}

/* One trailing newline is the caller's habit, not a control character to show. */
static uint32_t without_newline(const uint8_t *text, uint32_t length)
{
	return length > 0 && text[length - 1] == '\n' ? length - 1 : length;
}

static bool fetch_text(const struct rf_cell *cell, uint32_t address, uint32_t length, uint8_t *text,
                       uint32_t *fetched)
{
	const uint32_t wanted = length < LOG_LENGTH_MAX ? length : LOG_LENGTH_MAX;
	if (!rf_space_read(&cell->space, address, wanted, text))
		return false;
	*fetched = without_newline(text, wanted);
	return true;
}

static void host_log(struct rf_cell *cell, uint32_t address, uint32_t length)
{
	uint8_t text[LOG_LENGTH_MAX];
	char line[4 * LOG_LENGTH_MAX + 1];
	uint32_t fetched;
	if (!take_token(&cell->quota))
		return;
	if (cell->quota.suppressed > 0) {
		snprintf(line, sizeof(line), "(%" PRIu64 " log lines suppressed)", cell->quota.suppressed);
		cell->quota.suppressed = 0;
		write_line(cell, line);
	}
	if (fetch_text(cell, address, length, text, &fetched))
		rf_escape(line, sizeof(line), text, fetched);
	else
		snprintf(line, sizeof(line), "(log call with the invalid range 0x%" PRIx32 "+%" PRIu32 ")",
		         address, length);
	write_line(cell, line);
}

static void host_abort(struct rf_cell *cell, uint32_t address, uint32_t length)
{
	uint8_t text[LOG_LENGTH_MAX];
	uint32_t fetched;
	cell->fault = (struct rf_fault){.kind = RF_FAULT_ABORT};
	if (fetch_text(cell, address, length, text, &fetched))
		rf_escape(cell->fault.text, sizeof(cell->fault.text), text, fetched);
}

uint32_t rf_host_dispatch(struct rf_context *context, uint32_t call, uint32_t a, uint32_t b)
{
	struct rf_cell *cell = rf_thread_cell();
	context->result = 0;
	switch (call) {
	case RF_HOST_LOG:
		host_log(cell, a, b);
		break;
	case RF_HOST_TIME:
		context->result = now_ns(CLOCK_REALTIME);
		break;
	default:
		host_abort(cell, a, b);
		return 1;
	}
	if (!rf_thread_overdue())
		return 0;
	cell->fault = (struct rf_fault){.kind = RF_FAULT_TIMEOUT};
	return 1;
}
