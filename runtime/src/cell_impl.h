/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RF_CELL_IMPL_H
#define RF_CELL_IMPL_H

#include <stdatomic.h>
#include <time.h>

#include <ringfence/cell.h>
#include <ringfence/validator.h>

#include "context.h"

/* The fixed part of the control block that is a cell's own: host vector and window table, a page each. */
#define RF_CONTROL_PRIVATE 0x2000

/* More differently protected pieces than this would take too many mappings: each is mapped ten times. */
#define RF_REGIONS_MAX 4

struct rf_nf {
	atomic_uint references;
	char name[64];
	uint8_t *bytes;         /* the validated file, private memory */
	struct rfv_image image; /* of `bytes` */
	uint8_t *text;          /* executable; one page of traps follows the text's pages */
	size_t text_length;     /* of the mapping, the trap page included */
	uint64_t trap;          /* host address in the trap page */
	int tables_fd;          /* function table and jump tables with host addresses */
	size_t tables_length;   /* whole pages */
};

/* A piece of the cell's memory, whole pages, all with the same rights. Sorted, apart from each other. */
struct rf_region {
	uint32_t start;
	uint32_t end;
	bool writable;
};

/* The cell's own part of the control block, as the host sees it: two pages, read-only to the cell. */
struct rf_control {
	uint64_t host_vector[RF_HOST_CALLS];
	uint8_t unused[RF_PRIVATE_CONTEXT - 8 * RF_HOST_CALLS];
	uint64_t context; /* RF_PRIVATE_CONTEXT */
	uint64_t entry;   /* RF_PRIVATE_ENTRY */
	uint8_t unused2[RF_PAGE_SIZE - RF_PRIVATE_ENTRY - 8];
	uint64_t window[RF_WINDOW_ENTRIES];
	uint8_t unused3[RF_CONTROL_PRIVATE - RF_PAGE_SIZE - 8 * RF_WINDOW_ENTRIES];
};
_Static_assert(offsetof(struct rf_control, context) == RF_PRIVATE_CONTEXT, "enter.S");
_Static_assert(offsetof(struct rf_control, entry) == RF_PRIVATE_ENTRY, "enter.S");
_Static_assert(offsetof(struct rf_control, window) == RF_IN_CONTROL(RF_WINDOW_TABLE_OFFSET), "contract");
_Static_assert(sizeof(struct rf_control) == RF_CONTROL_PRIVATE, "whole pages");

/* All that is mapped for one cell, and how its memory is laid out. */
struct rf_space {
	uint8_t *reservation; /* 42 GiB: [B - 2 GiB, B + 40 GiB) */
	uint8_t *base;        /* B */
	struct rf_control *control;
	uint8_t *stack; /* guard, control stack, guard, fault slot */
	struct rf_region regions[RF_REGIONS_MAX];
	uint32_t region_count;
	uint64_t writable; /* bytes in all writable regions */
};

/* Log lines of a cell in the current period. */
struct rf_log_quota {
	uint64_t since_ns;
	uint64_t lines;
};

struct rf_cell {
	struct rf_context context;
	struct rf_nf *nf;
	struct rf_space space;
	char name[64];
	struct rf_burst *burst;    /* in the cell's memory */
	uint32_t process;          /* text address, 0 if there is none */
	uint32_t entered;          /* text address that the control block's entry stands for; 0 at first */
	uint32_t window_used;      /* entries [0, window_used) may differ from the fault slot */
	struct rf_cell_options is; /* with defaults filled in; `config` is a copy of its own */
	struct rf_cell_info info;
	uint64_t huge;         /* bytes in pages of 2 MiB */
	size_t config_size;    /* with its NUL */
	uint32_t config_start; /* addresses in the cell */
	uint32_t copy_start;   /* RF_BURST_MAX slots, if copy */
	struct rf_log_quota quota;
	struct rf_fault fault;
};

/* Control stack: usable bytes between its guards. */
#define RF_CONTROL_STACK_SIZE ((size_t)1 << 20)
/* In its mapping: the highest usable rsp. */
#define RF_STACK_TOP (RF_CONTROL_STACK_GUARD_LOW + RF_CONTROL_STACK_SIZE)
/* From there: the r14 that always faults, in the middle of the upper guard, further up than a stack argument
 * can be. */
#define RF_FAULT_SLOT (RF_CONTROL_STACK_GUARD_HIGH / 2)

/* nf.c */

/* Where an instruction of the NF is mapped, or its trap for anything that is not in the text. */
uint64_t rf_nf_text(const struct rf_nf *nf, uint32_t text_address);

/* space.c */

/* Maps what space->regions say; the cell's memory has the read-only segments' contents and is zero elsewhere.
 */
enum rf_status rf_space_map(struct rf_space *space, const struct rf_nf *nf, struct rf_error *error);
void rf_space_unmap(struct rf_space *space);
/* Makes all writable memory and the control stack zero again. */
bool rf_space_clear(struct rf_space *space);

/*
 * Makes the first `size` bytes of writable memory at or behind `from` that
 * are whole pages of 2 MiB present as such, until the kernel refuses one.
 * Returns how many bytes that makes.
 */
uint64_t rf_space_make_huge(struct rf_space *space, uint64_t from, uint64_t size);

/* Writes to mapped memory of the cell. False, with errno, if the system has none left. */
bool rf_space_write(struct rf_space *space, uint32_t address, const void *from, size_t length);
/*
 * Copies `length` bytes at the cell's address `address` into `to`. False if
 * any of them is not mapped. The only way to follow an address that an NF gave.
 */
bool rf_space_read(const struct rf_space *space, uint32_t address, uint32_t length, void *to);

/* cell.c: takes window entries [from, …) back. */
void rf_cell_close_window(struct rf_cell *cell, uint32_t from);

/* fault.c: what a signal means that the instruction at host address `at` raised, accessing `address`. */
void rf_fault_classify(const struct rf_cell *cell, int signal_number, int code, uint64_t at, uint64_t address,
                       bool write, struct rf_fault *fault);

/* thread.c: runs the function at the text address; false, with cell->fault set, if the cell was left by
 * force. */
bool rf_thread_run(struct rf_cell *cell, uint32_t function, uint32_t argument, uint32_t budget_ms,
                   uint32_t *result);
/* Whether the running cell is over its budget: asked after each host call. */
bool rf_thread_overdue(void);
/* The cell that runs on this thread. */
struct rf_cell *rf_thread_cell(void);

/* hostcall.c */

/* Escapes control characters and bytes above 0x7e as \xNN; returns the length. */
size_t rf_escape(char *to, size_t capacity, const uint8_t *text, size_t length);
/* Writes a line where the cell's log goes. */
void rf_cell_log(const struct rf_cell *cell, const char *text);
uint64_t rf_now_ns(clockid_t clock);

#endif
