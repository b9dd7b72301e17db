/* SPDX-License-Identifier: Apache-2.0 */
/* void cpu_run(void): loads all registers, runs the instruction, stores all registers. */
#include "cpu_layout.h"

	.text
	.globl cpu_run, cpu_exit, cpu_abort
	.type cpu_run, @function
cpu_run:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rsp, CPU_CONTEXT + CONTEXT_HOST_RSP
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	vmovdqu CPU_CONTEXT + CONTEXT_YMM + 32 * \n, %ymm\n
	.endr
	pushq CPU_CONTEXT + CONTEXT_FLAGS
	popfq
	mov CPU_CONTEXT + CONTEXT_IN + 0, %rax
	mov CPU_CONTEXT + CONTEXT_IN + 8, %rcx
	mov CPU_CONTEXT + CONTEXT_IN + 16, %rdx
	mov CPU_CONTEXT + CONTEXT_IN + 24, %rbx
	mov CPU_CONTEXT + CONTEXT_IN + 40, %rbp
	mov CPU_CONTEXT + CONTEXT_IN + 48, %rsi
	mov CPU_CONTEXT + CONTEXT_IN + 56, %rdi
	.irp n, 8, 9, 10, 11, 12, 13, 14, 15
	mov CPU_CONTEXT + CONTEXT_IN + 8 * \n, %r\n
	.endr
	mov CPU_CONTEXT + CONTEXT_IN + 32, %rsp
	jmp *CPU_CONTEXT + CONTEXT_TARGET

cpu_exit:
	mov %rax, CPU_CONTEXT + CONTEXT_OUT + 0
	mov %rcx, CPU_CONTEXT + CONTEXT_OUT + 8
	mov %rdx, CPU_CONTEXT + CONTEXT_OUT + 16
	mov %rbx, CPU_CONTEXT + CONTEXT_OUT + 24
	mov %rsp, CPU_CONTEXT + CONTEXT_OUT + 32
	mov %rbp, CPU_CONTEXT + CONTEXT_OUT + 40
	mov %rsi, CPU_CONTEXT + CONTEXT_OUT + 48
	mov %rdi, CPU_CONTEXT + CONTEXT_OUT + 56
	.irp n, 8, 9, 10, 11, 12, 13, 14, 15
	mov %r\n, CPU_CONTEXT + CONTEXT_OUT + 8 * \n
	.endr
cpu_abort: /* also where the signal handler goes on */
	mov CPU_CONTEXT + CONTEXT_HOST_RSP, %rsp
	vzeroupper
	cld
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
	.size cpu_run, . - cpu_run
	.section .note.GNU-stack, "", @progbits
