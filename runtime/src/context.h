/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What enter.S and C share: the context of one cell, and the two words that
 * it leaves in the control block for the assembly to find through r15. No
 * memory operand that the validator accepts reaches those words.
 */
#ifndef RF_CONTEXT_H
#define RF_CONTEXT_H

#include <ringfence/contract.h>

/* Offsets into struct rf_context. */
#define RF_CTX_HOST_RSP 0
#define RF_CTX_BASE 8
#define RF_CTX_WINDOW 16
#define RF_CTX_STACK 24
#define RF_CTX_MXCSR 32
#define RF_CTX_AVX 36

/* Offsets into the control block, in the host vector's page behind the vector. */
#define RF_PRIVATE_CONTEXT 0x800 /* struct rf_context * */
#define RF_PRIVATE_ENTRY 0x808   /* address of the function that is called next */

#ifndef __ASSEMBLER__
#include <stddef.h>
#include <stdint.h>

/* From the control block's start. */
#define RF_IN_CONTROL(offset) ((size_t)((int64_t)(offset) - RF_CONTROL_OFFSET))

struct rf_context {
	uint64_t host_rsp;  /* host stack while the cell runs; rf_unwind goes back to it */
	uint64_t base;      /* r15 */
	uint64_t window;    /* r14 on entry: the fault slot */
	uint64_t stack_top; /* rsp on entry, 16-byte aligned */
	uint32_t mxcsr;     /* the host's */
	uint32_t has_avx;   /* whether the vector registers have upper halves to clear */
};

_Static_assert(offsetof(struct rf_context, host_rsp) == RF_CTX_HOST_RSP, "enter.S");
_Static_assert(offsetof(struct rf_context, base) == RF_CTX_BASE, "enter.S");
_Static_assert(offsetof(struct rf_context, window) == RF_CTX_WINDOW, "enter.S");
_Static_assert(offsetof(struct rf_context, stack_top) == RF_CTX_STACK, "enter.S");
_Static_assert(offsetof(struct rf_context, mxcsr) == RF_CTX_MXCSR, "enter.S");
_Static_assert(offsetof(struct rf_context, has_avx) == RF_CTX_AVX, "enter.S");
_Static_assert(RF_PRIVATE_CONTEXT >= RF_IN_CONTROL(RF_HOST_VECTOR_OFFSET) + 8 * RF_HOST_CALLS &&
                   RF_PRIVATE_ENTRY + 8 <= RF_IN_CONTROL(RF_WINDOW_TABLE_OFFSET),
               "between the host vector and the window table");

/* What a function of the NF, or a host call, came to: two registers. */
struct rf_outcome {
	uint64_t result;
	uint64_t failed; /* the cell was left by force; or is to be, after a host call */
};

/* Calls the function at RF_PRIVATE_ENTRY with edi = argument and nothing else in any register. */
struct rf_outcome rf_enter(struct rf_context *context, uint32_t argument);

/*
 * Not a C function: where a signal handler sends a thread that is inside the
 * cell, with rdi = its context. Makes rf_enter return a failure.
 */
extern const char rf_unwind[];

/* Targets of the host vector. */
extern const char rf_host_stub_log[], rf_host_stub_abort[], rf_host_stub_time[];

/* What the stubs call, on the host's stack. */
struct rf_outcome rf_host_dispatch(uint32_t call, uint32_t a, uint32_t b);
#endif

#endif
