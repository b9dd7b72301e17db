/* SPDX-License-Identifier: Apache-2.0 */
/* 80 MiB of variables: more than a cell has by default. */
#include "nf.inc"

/* Writes into the last page and reads it back. */
export touch_end
	movl	$(variables + (80 << 20) - 4), %eax
	movl	%edi, (%r15,%rax)
	movl	(%r15,%rax), %eax
	ret

	.bss
	.p2align 6
variables: .skip 80 << 20
