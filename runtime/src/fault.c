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
    [RF_FAULT_NONE] = {"none", "no fault"},
    [RF_FAULT_NOT_STARTED] = {"not-started", "it has not been started, or init returned an error"},
    [RF_FAULT_CONTROL_STACK] = {"control-stack", "control stack overflow: calls nest too deeply"},
    [RF_FAULT_DATA_STACK] = {"data-stack", "data stack overflow, or a write to read-only data just below it"},
    [RF_FAULT_NULL_PAGE] = {"null-page", "access through a null pointer"},
    [RF_FAULT_PACKET] = {"packet", "packet access, but no packet of this burst is selected"},
    [RF_FAULT_READ_ONLY] = {"read-only", "write to read-only data"},
    [RF_FAULT_OUTSIDE] = {"outside", "access to memory that is not mapped"},
    [RF_FAULT_DIVIDE] = {"divide", "integer division by zero or overflow"},
    [RF_FAULT_ILLEGAL] = {"illegal", "trap (ud2) or an instruction that this CPU lacks"},
    [RF_FAULT_BREAKPOINT] = {"breakpoint", "breakpoint (int3)"},
    [RF_FAULT_BAD_CALL] = {"bad-call", "call through a function pointer that is no function"},
    [RF_FAULT_ALIGNMENT] = {"alignment", "misaligned vector access"},
    [RF_FAULT_BUS] = {"bus", "the system has no memory for a page"},
    [RF_FAULT_TIMEOUT] = {"timeout", "over its time budget"},
    [RF_FAULT_ABORT] = {"abort", "it aborted"},
};

const char *rf_fault_name(enum rf_fault_kind kind)
{
	return (unsigned)kind < RF_FAULT_KINDS ? kinds[kind].name : "unknown";
}

static bool has_address(enum rf_fault_kind kind)
{
	return kind == RF_FAULT_DATA_STACK || kind == RF_FAULT_NULL_PAGE || kind == RF_FAULT_READ_ONLY ||
	       kind == RF_FAULT_OUTSIDE;
}

void rf_fault_describe(const struct rf_fault *fault, char *text, size_t size)
{
	if (size == 0)
		return;
	const char *sentence =
	    (unsigned)fault->kind < RF_FAULT_KINDS ? kinds[fault->kind].sentence : "unknown fault";
	char place[48] = "", address[64] = "";
	if (fault->text_address != 0)
		snprintf(place, sizeof(place), " at 0x%" PRIx32, fault->text_address);
	if (has_address(fault->kind))
		snprintf(address, sizeof(address), ", %s address 0x%" PRIx64,
		         fault->write ? "writing" : "reading", (uint64_t)fault->address);
	snprintf(text, size, "[%s] %s%s%s%s%s", rf_fault_name(fault->kind), sentence, place, address,
	         fault->text[0] != '\0' ? ": " : "", fault->text);
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

static void classify_memory(const struct rf_cell *cell, uint64_t address, bool write, struct rf_fault *fault)
{
	const uint64_t top = rf_space_stack_top(&cell->space);
	const uint64_t slot = rf_space_fault_slot(&cell->space);
	const uint64_t reservation = (uint64_t)(uintptr_t)cell->space.reservation;
	const uint64_t base = cell->context.base;

	fault->write = write;
	if (address - (slot + (uint64_t)(int64_t)RF_WINDOW_LOW) <
	    (uint64_t)(RF_WINDOW_HIGH - RF_WINDOW_LOW)) {
		fault->kind = RF_FAULT_PACKET;
	} else if (address < top && top - address <= RF_CONTROL_STACK_SIZE + RF_CONTROL_STACK_GUARD_LOW) {
		fault->kind = RF_FAULT_CONTROL_STACK;
	} else if (address >= reservation && address < base + (uint64_t)RF_CELL_SIZE * RF_CELL_COPIES) {
		/* Mirrors folded: all copies mean the same 32-bit address. */
		const uint64_t offset = (address - base) & (RF_CELL_SIZE - 1);
		fault->address = (int64_t)offset;
		fault->kind = classify_cell(cell, offset, write);
	} else {
		/* A stack argument above the outermost frame, for one. */
		fault->address = (int64_t)(address - base);
		fault->kind = RF_FAULT_OUTSIDE;
	}
}

void rf_fault_classify(const struct rf_cell *cell, int signal_number, int code, uint64_t at, uint64_t address,
                       bool write, struct rf_fault *fault)
{
	const struct rf_nf *nf = cell->nf;
	*fault = (struct rf_fault){0};
	if (at == nf->trap) {
		fault->kind = RF_FAULT_BAD_CALL;
		return;
	}
	fault->text_address = (uint32_t)(at - (uint64_t)(uintptr_t)nf->text) + nf->image.text.address;
	switch (signal_number) {
	case SIGFPE:
		fault->kind = RF_FAULT_DIVIDE;
		return;
	case SIGILL:
		fault->kind = RF_FAULT_ILLEGAL;
		return;
	case SIGTRAP:
		fault->kind = RF_FAULT_BREAKPOINT;
		return;
	case SIGBUS:
		fault->kind = RF_FAULT_BUS;
		return;
	default:
		break;
	}
	/* General protection: the CPU gives no address. */
	if (code == SI_KERNEL)
		fault->kind = RF_FAULT_ALIGNMENT;
	else
		classify_memory(cell, address, write, fault);
}
