/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network functions and cells: load a binary, make instances of it, call
 * into them, and learn how they failed.
 *
 * Threads: an rf_nf is shared freely between threads. A cell belongs to one
 * thread at a time. A thread that calls into cells brackets this with
 * rf_thread_begin and rf_thread_end.
 */
#ifndef RINGFENCE_CELL_H
#define RINGFENCE_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/nf_abi.h>

/* ---- Network functions --------------------------------------------------- */

/* A validated binary: its text, mapped once for all of its cells, and its data as they start. */
struct rf_nf;

/*
 * Reads the file once into private memory, validates these bytes
 * (docs/contract.md) and maps their text. Errors: RF_ERR_SYSTEM if it cannot
 * be read, RF_ERR_REJECTED with the first finding if it breaks the contract.
 */
enum rf_status rf_nf_load(const char *path, struct rf_nf **nf, struct rf_error *error);

/* The same from memory; copies `bytes`. `name` is for messages. */
enum rf_status rf_nf_load_bytes(const char *name, const void *bytes, size_t size, struct rf_nf **nf,
                                struct rf_error *error);

/* Gives up the caller's reference; cells hold their own. Null is allowed. */
void rf_nf_release(struct rf_nf *nf);

/* The text address of an exported function, to be passed to rf_cell_call; 0 if there is no such export. */
uint32_t rf_nf_export(const struct rf_nf *nf, const char *name);

/* ---- How a cell fails ------------------------------------------------------ */

/* kind, stable identifier, what it means. Those from DATA_STACK to OUTSIDE have an address. */
#define RF_FAULT_LIST(X)                                                                                     \
	X(NONE, "none", "no fault")                                                                          \
	X(NOT_STARTED, "not-started", "it has not been started, or init returned an error")                  \
	X(CONTROL_STACK, "control-stack", "control stack overflow: calls nest too deeply")                   \
	X(PACKET, "packet", "packet access, but no packet of this burst is selected")                        \
	X(DATA_STACK, "data-stack", "data stack overflow, or a write to read-only data just below it")       \
	X(NULL_PAGE, "null-page", "access through a null pointer")                                           \
	X(READ_ONLY, "read-only", "write to read-only data")                                                 \
	X(OUTSIDE, "outside", "access to memory that is not mapped")                                         \
	X(DIVIDE, "divide", "integer division by zero or overflow")                                          \
	X(ILLEGAL, "illegal", "trap (ud2) or an instruction that this CPU lacks")                            \
	X(BREAKPOINT, "breakpoint", "breakpoint (int3)")                                                     \
	X(BAD_CALL, "bad-call", "call through a function pointer that is no function")                       \
	X(ALIGNMENT, "alignment", "misaligned vector access")                                                \
	X(BUS, "bus", "the system has no memory for a page")                                                 \
	X(TIMEOUT, "timeout", "over its time budget")                                                        \
	X(ABORT, "abort", "it aborted")

/* RF_FAULT_NONE, 0, and so on. */
enum rf_fault_kind {
#define RF_FAULT_KIND(kind, name, sentence) RF_FAULT_##kind,
	RF_FAULT_LIST(RF_FAULT_KIND)
#undef RF_FAULT_KIND
	    RF_FAULT_KINDS
};

struct rf_fault {
	enum rf_fault_kind kind;
	uint32_t text_address; /* of the instruction, as linked; 0 if unknown */
	bool write;            /* for memory faults */
	int64_t address;       /* memory faults: offset from the cell's base, mirrors folded away */
	char text[128];        /* RF_FAULT_ABORT: the reason, control characters escaped */
};

/* A stable identifier: "divide", "timeout" … */
const char *rf_fault_name(enum rf_fault_kind kind);

/* One sentence about the fault, without newline, NUL-terminated and cut to `size`. */
void rf_fault_describe(const struct rf_fault *fault, char *text, size_t size);

/* ---- Threads ---------------------------------------------------------------- */

/*
 * Prepares the calling thread to contain faults: installs the process's
 * signal handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP and SIGRTMIN+3
 * (once, chaining to what was there), an alternate signal stack and a timer
 * that runs on this thread's CPU time.
 *
 * The application's other signal handlers must be installed with SA_ONSTACK:
 * while a cell runs, the stack pointer is on the cell's control stack.
 */
enum rf_status rf_thread_begin(struct rf_error *error);

/* Undoes rf_thread_begin, except for the process's handlers. No cell may be running on this thread. */
void rf_thread_end(void);

/* ---- Cells -------------------------------------------------------------------- */

#define RF_HEAP_DEFAULT ((uint64_t)64 << 20)
#define RF_HUGE_DEFAULT ((uint64_t)4 << 20)
#define RF_HUGE_NONE ((uint64_t)1)
#define RF_CONFIG_MAX ((size_t)16 << 20)

/* Receives one log line: no newline, control characters escaped, NUL-terminated. */
typedef void rf_log_function(void *user, const char *cell_name, const char *text);

/* Zero is a sensible default for each member. */
struct rf_cell_options {
	const char *name;     /* for log lines and messages; default: the NF's name */
	const char *config;   /* text for `init`, copied; default "" */
	uint64_t heap_size;   /* bytes, rounded up to pages; default RF_HEAP_DEFAULT. What the binary itself
	                         has of writable memory may be as much, or RF_HEAP_DEFAULT if that is more */
	uint64_t huge_size;   /* bytes of its variables and heap, from their start, that rf_cell_start makes
	                         present in pages of 2 MiB where the kernel has them; rounded down to such
	                         pages; default RF_HUGE_DEFAULT. RF_HUGE_NONE: all memory in pages of 4 KiB,
	                         when it is touched */
	bool copy;            /* packets are copied into the cell's memory and out of it */
	uint16_t tenant;      /* slots are cleared between cells of different tenants; 0: one of its own */
	uint32_t budget_ms;   /* CPU time for one call or burst, 1 … 3,600,000; default 100. _rf_start and
	                         init have at least 2,000 */
	rf_log_function *log; /* default: stderr, "name: text" */
	void *log_user;
};

struct rf_cell;

/*
 * Maps a cell. It takes 42 GiB of address space, about 40 mappings, and as
 * much memory as it touches, besides huge_size. Runs no code of the NF.
 * Errors: RF_ERR_SYSTEM without memory, RF_ERR_USAGE for options that do not fit, RF_ERR_REJECTED
 * for a binary that needs more memory than it may have. Not for use in the
 * child after a fork: it would share the cell's memory, and has no timer.
 */
enum rf_status rf_cell_create(struct rf_nf *nf, const struct rf_cell_options *options, struct rf_cell **cell,
                              struct rf_error *error);

/* Unmaps it. Null is allowed. */
void rf_cell_destroy(struct rf_cell *cell);

/*
 * Sets the cell's memory to what the binary says and runs _rf_start and
 * init. Also how a failed cell comes back to life. RF_ERR_REJECTED if init
 * fails or faults; the cell is failed then, as it is before its first start.
 */
enum rf_status rf_cell_start(struct rf_cell *cell, struct rf_error *error);

/*
 * Calls `uint32_t f(uint32_t)` at a text address from rf_nf_export of this
 * cell's NF. False if the cell failed, now or before; rf_cell_fault says how.
 */
bool rf_cell_call(struct rf_cell *cell, uint32_t function, uint32_t argument, uint32_t *result);

/* Why the cell is failed; kind RF_FAULT_NONE if it is not. Valid until the next call on the cell. */
const struct rf_fault *rf_cell_fault(const struct rf_cell *cell);

const char *rf_cell_name(const struct rf_cell *cell);

/* Bytes of its memory that its last start has put into pages of 2 MiB. */
uint64_t rf_cell_huge(const struct rf_cell *cell);

/* Where things are in this process, for debuggers: host addresses. */
struct rf_cell_place {
	uint64_t text; /* of the text's first byte, which is linked at text_address */
	uint64_t base; /* r15: of address 0 of the cell's memory */
	uint32_t text_address;
};

struct rf_cell_place rf_cell_place(const struct rf_cell *cell);

#endif
