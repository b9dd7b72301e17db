/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The only ways into and out of a cell. The control stack holds nothing of
 * the host's but the return address into rf_enter, which no operand of the
 * NF reaches; the host's stack pointer is in the context.
 */
#include "context.h"

/* SDM volume 1, 10.2.3: all exceptions masked, round to nearest; and the flags of exceptions that happened. */
#define MXCSR_DEFAULT 0x1f80
#define MXCSR_FLAGS 0x3f

	.text

/*
 * Clears every vector register, with its upper half where the context says
 * that there is one. Sixteen zeroing idioms cost less than vzeroall.
 */
.macro clear_vectors context
	cmpl	$0, RF_CTX_AVX(\context)
	je	1f
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vpxor	%xmm\n, %xmm\n, %xmm\n
	.endr
	jmp	2f
1:
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	pxor	%xmm\n, %xmm\n
	.endr
2:
.endm

/* Or the host's SSE code would pay for the cell's upper halves. */
.macro clear_uppers context
	cmpl	$0, RF_CTX_AVX(\context)
	je	1f
	vzeroupper
1:
.endm

.macro clear registers:vararg
	.irp r, \registers
	xorl	%\r, %\r
	.endr
.endm

/* struct rf_outcome rf_enter(struct rf_context *context, uint32_t argument) */
	.globl	rf_enter
	.type	rf_enter, @function
	.p2align 5
rf_enter:
	pushq	%rbx
	pushq	%rbp
	pushq	%r12
	pushq	%r13
	pushq	%r14
	pushq	%r15
	stmxcsr	RF_CTX_MXCSR(%rdi)
	movl	RF_CTX_MXCSR(%rdi), %eax
	movq	%rsp, RF_CTX_HOST_RSP(%rdi)
	movq	RF_CTX_BASE(%rdi), %r15
	movq	RF_CTX_WINDOW(%rdi), %r14
	/* ldmxcsr is slow; the six flags below say what has happened, not what shall. */
	andl	$~MXCSR_FLAGS, %eax
	cmpl	$MXCSR_DEFAULT, %eax
	je	3f
	ldmxcsr	default_mxcsr(%rip)
3:
	clear_vectors %rdi
	movq	RF_CTX_STACK(%rdi), %rsp
	movl	%esi, %edi
	clear	eax, ebx, ecx, edx, esi, ebp, r8d, r9d, r10d, r11d, r12d, r13d
	call	*(RF_CONTROL_OFFSET + RF_PRIVATE_ENTRY)(%r15)
	movq	(RF_CONTROL_OFFSET + RF_PRIVATE_CONTEXT)(%r15), %rcx
	movl	%eax, %eax
	xorl	%edx, %edx		/* not failed */
leave_cell:
	movq	RF_CTX_HOST_RSP(%rcx), %rsp
	/* No instruction of an NF changes the control bits. */
	movl	RF_CTX_MXCSR(%rcx), %r8d
	andl	$~MXCSR_FLAGS, %r8d
	cmpl	$MXCSR_DEFAULT, %r8d
	je	3f
	ldmxcsr	RF_CTX_MXCSR(%rcx)
3:
	clear_uppers %rcx
	popq	%r15
	popq	%r14
	popq	%r13
	popq	%r12
	popq	%rbp
	popq	%rbx
	ret
	.size	rf_enter, . - rf_enter

/* From a signal handler, rdi = context. Nothing of the cell's registers is trusted, rsp included. */
	.globl	rf_unwind
	.type	rf_unwind, @function
rf_unwind:
	cld
	movq	%rdi, %rcx
	xorl	%eax, %eax
	movl	$1, %edx		/* failed */
	jmp	leave_cell
	.size	rf_unwind, . - rf_unwind

/*
 * Host calls. A System V call keeps rbx, rbp and r12 to r15 by itself; what
 * it may clobber is cleared, so that no host value comes back with it.
 */
.macro host_stub name, number
	.globl	rf_host_stub_\name
	.type	rf_host_stub_\name, @function
	.p2align 4
rf_host_stub_\name:
	movl	$\number, %eax
	jmp	host_call
	.size	rf_host_stub_\name, . - rf_host_stub_\name
.endm

	host_stub log, RF_HOST_LOG
	host_stub abort, RF_HOST_ABORT
	host_stub time, RF_HOST_TIME

	.type	host_call, @function
	.p2align 4
host_call:
	movl	%esi, %edx
	movl	%edi, %esi
	movl	%eax, %edi
	movq	(RF_CONTROL_OFFSET + RF_PRIVATE_CONTEXT)(%r15), %rcx
	movq	%rsp, %rax
	movq	RF_CTX_HOST_RSP(%rcx), %rsp
	pushq	%rax		/* aligns too: six pushes and a return address stand above */
	clear_uppers %rcx
	call	rf_host_dispatch
	movq	(RF_CONTROL_OFFSET + RF_PRIVATE_CONTEXT)(%r15), %rdi
	testl	%edx, %edx
	jnz	rf_unwind
	clear_vectors %rdi
	popq	%rsp
	clear	ecx, edx, esi, edi, r8d, r9d, r10d, r11d
	ret
	.size	host_call, . - host_call

	.section .rodata
	.p2align 2
default_mxcsr:
	.long	MXCSR_DEFAULT

	.section .note.GNU-stack, "", @progbits
