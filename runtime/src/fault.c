/* SPDX-License-Identifier: Apache-2.0 */
/* What a fault means: from what the CPU said to what the NF did wrong. */
#include "cell_impl.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	const char *sentence;
} kinds[RF_FAULT_KINDS] = {
#define RF_FAULT_TEXT(kind, name, sentence) {name, sentence},
    RF_FAULT_LIST(RF_FAULT_TEXT)};

const char *rf_fault_name(enum rf_fault_kind kind)
{
	return kinds[kind].name;
}

void rf_fault_describe(const struct rf_fault *fault, char *text, size_t size)
{
	char place[48] = "", address[64] = "";
	if (fault->text_address != 0)
		snprintf(place, sizeof(place), " at 0x%" PRIx32, fault->text_address);
	if (fault->kind >= RF_FAULT_DATA_STACK && fault->kind <= RF_FAULT_OUTSIDE)
		snprintf(address, sizeof(address), ", %s address 0x%" PRIx64,
		         fault->write ? "writing" : "reading", (uint64_t)fault->address);
	snprintf(text, size, "[%s] %s%s%s%s%s", kinds[fault->kind].name, kinds[fault->kind].sentence, place,
	         address, fault->text[0] != '\0' ? ": " : "", fault->text);
}

/* How far below the data stack a frame may reach and still be called its overflow. */
#define DATA_STACK_REACH 0x10000

static enum rf_fault_kind classify_cell(const struct rf_cell *cell, uint64_t offset, bool write)
{
	const struct rf_space *space = &cell->space;
	const uint32_t stack = cell->nf->image.data_stack_low;
	if (write && offset < stack && stack - offset <= DATA_STACK_REACH)
		return RF_FAULT_DATA_STACK;
	if (offset < RF_NULL_GUARD)
		return RF_FAULT_NULL_PAGE;
	for (uint32_t i = 0; i < space->region_count; i++)
		if (write && !space->regions[i].writable && offset >= space->regions[i].start &&
		    offset < space->regions[i].end)
			return RF_FAULT_READ_ONLY;
	return RF_FAULT_OUTSIDE;
}

static enum rf_fault_kind classify_memory(const struct rf_cell *cell, uint64_t address, bool write,
                                          int64_t *offset)
{
	const uint64_t base = cell->context.base, top = cell->context.stack_top;
	const uint64_t reservation = (uint64_t)(uintptr_t)cell->space.reservation;

	*offset = (int64_t)(address - base);
	if (address - (cell->context.window + (uint64_t)(int64_t)RF_WINDOW_LOW) <
	    (uint64_t)(RF_WINDOW_HIGH - RF_WINDOW_LOW))
		return RF_FAULT_PACKET;
	if (address < top && top - address <= RF_CONTROL_STACK_SIZE + RF_CONTROL_STACK_GUARD_LOW)
		return RF_FAULT_CONTROL_STACK;
	/* A stack argument above the outermost frame, for one. */
	if (address < reservation || address >= base + (uint64_t)RF_CELL_SIZE * RF_CELL_COPIES)
		return RF_FAULT_OUTSIDE;
	/* Mirrors folded: all copies mean the same 32-bit address. */
	*offset &= RF_CELL_SIZE - 1;
	return classify_cell(cell, (uint64_t)*offset, write);
}

void rf_fault_classify(const struct rf_cell *cell, int signal_number, int code, uint64_t at, uint64_t address,
                       bool write, struct rf_fault *fault)
{
	static const struct {
		int number;
		enum rf_fault_kind kind;
	} plain[] = {{SIGFPE, RF_FAULT_DIVIDE},
	             {SIGILL, RF_FAULT_ILLEGAL},
	             {SIGTRAP, RF_FAULT_BREAKPOINT},
	             {SIGBUS, RF_FAULT_BUS}};
	const struct rf_nf *nf = cell->nf;
	*fault = (struct rf_fault){.kind = RF_FAULT_BAD_CALL};
	if (at == nf->trap)
		return;
	fault->text_address = (uint32_t)(at - (uint64_t)(uintptr_t)nf->text) + nf->image.text.address;
	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
		fault->kind = plain[i].kind;
		if (plain[i].number == signal_number)
			return;
	}
	/* General protection: the CPU gives no address. */
	fault->kind = RF_FAULT_ALIGNMENT;
	if (code == SI_KERNEL)
		return;
	fault->write = write;
	fault->kind = classify_memory(cell, address, write, &fault->address);
}
