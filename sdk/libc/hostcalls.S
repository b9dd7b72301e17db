/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host calls (docs/contract.md, "Host calls"): each is a tail jump
 * through the vector in the control block, with the caller's arguments as
 * they are. A stub may be reached by a tail call, so it is named in the list
 * of further function entries.
 */
#include <ringfence/contract.h>

	.macro host_call name, number
	.section .text.\name, "ax", @progbits
	.globl \name
	.type \name, @function
	.p2align 4
\name:
	jmpq *(RF_HOST_VECTOR_OFFSET + 8 * \number)(%r15)
	.size \name, . - \name
	.section .rf.entries.v2, "ao", @progbits, .text.\name, unique, \number
	.p2align 2
	.long \name
	.endm

	host_call rf_host_log, RF_HOST_LOG
	host_call rf_host_abort, RF_HOST_ABORT
	host_call rf_host_time, RF_HOST_TIME

	.section .note.GNU-stack, "", @progbits
