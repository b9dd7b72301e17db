/* SPDX-License-Identifier: Apache-2.0 */
/* Counts differences by kind and instruction, and knows which were reviewed. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "subject.h"

#define ROWS 4096

struct row {
	enum difference kind;
	ZydisMnemonic mnemonic;
	bool capstone; /* or LLVM, or this CPU */
	uint64_t count;
	uint8_t bytes[RFV_INSTRUCTION_MAX];
	uint8_t length;
	char text[96];
};

static struct row rows[ROWS];
static unsigned row_count;
static uint64_t unexplained;

static const char *const kinds[DIFFERENCES] = {
    [DIFFERENT_CACHE] = "cache",         [DIFFERENT_PREFIX] = "prefix",   [DIFFERENT_LENGTH] = "length",
    [DIFFERENT_OPERAND] = "operand",     [DIFFERENT_WRITTEN] = "written", [DIFFERENT_SIZE] = "size",
    [DIFFERENT_STORE] = "store",         [CPU_LENGTH] = "cpu-length",     [CPU_WRITTEN] = "cpu-written",
    [CPU_UPPER_HALF] = "cpu-upper-half", [CPU_MEMORY] = "cpu-memory",     [CPU_STORE] = "cpu-store",
    [CPU_STACK] = "cpu-stack",           [CPU_VALUE] = "cpu-value",       [CPU_UNDEFINED] = "cpu-undefined",
};

/*
 * Reviewed: here the other decoder is wrong, by the manual and by what this
 * CPU does. Differences with the CPU are never listed.
 */
static const struct {
	enum difference kind;
	bool capstone;        /* or LLVM */
	const char *mnemonic; /* as Zydis spells it */
	const char *reason;
} known[] = {
#include "known.inc"
};

static ZydisMnemonic mnemonic_of(const struct subject *subject)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction instruction;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	if (!ZYAN_SUCCESS(
	        ZydisDecoderDecodeInstruction(&decoder, NULL, subject->bytes, SUBJECT_BYTES, &instruction)))
		return ZYDIS_MNEMONIC_INVALID;
	return instruction.mnemonic;
}

/* Why the row is no fault of the validator, or NULL. */
static const char *reason_for(const struct row *row)
{
	const char *name = ZydisMnemonicGetString(row->mnemonic);

	if (name == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (row->capstone == known[i].capstone && known[i].kind == row->kind &&
		    strcmp(name, known[i].mnemonic) == 0)
			return known[i].reason;
	return NULL;
}

void report(enum difference kind, const struct subject *subject, const char *format, ...)
{
	const ZydisMnemonic mnemonic = mnemonic_of(subject);
	const bool capstone = strncmp(format, "Capstone", 8) == 0;
	struct row *row = rows;
	struct row fresh = {.kind = kind, .mnemonic = mnemonic, .capstone = capstone};
	va_list arguments;

	unexplained += kind < FIRST_HARMLESS && reason_for(&fresh) == NULL;
	while (row < rows + row_count &&
	       (row->kind != kind || row->mnemonic != mnemonic || row->capstone != capstone))
		row++;
	if (row < rows + row_count)
		row->count++;
	if (row < rows + row_count || row == rows + ROWS)
		return;
	row_count++;
	*row = fresh;
	row->count = 1;
	row->length = subject->shape.length;
	memcpy(row->bytes, subject->bytes, row->length);
	va_start(arguments, format);
	(void)vsnprintf(row->text, sizeof row->text, format, arguments);
	va_end(arguments);
	for (char *at = row->text; *at != 0; at++)
		if (*at == '\t')
			*at = ' ';
}

uint64_t unexplained_differences(void)
{
	return unexplained;
}

void print_differences(void)
{
	for (const struct row *row = rows; row < rows + row_count; row++) {
		const char *name = ZydisMnemonicGetString(row->mnemonic);
		const char *reason = reason_for(row);
		const bool harmless = row->kind >= FIRST_HARMLESS || reason != NULL;

		printf("%-10s %-14s %-16s %9" PRIu64 "  ", harmless ? "known" : "DIFFERENT", kinds[row->kind],
		       name == NULL ? "?" : name, row->count);
		for (uint8_t i = 0; i < row->length; i++)
			printf("%02x", row->bytes[i]);
		printf("  %s%s%s\n", row->text, reason == NULL ? "" : "  -- ", reason == NULL ? "" : reason);
	}
}
