/* SPDX-License-Identifier: Apache-2.0 */
/* Functions to call by name, and no `process`. */
#include "nf.inc"
export twice
	leal	(%rdi,%rdi), %eax
	ret
export count
	incl	calls(%r15)
	movl	calls(%r15), %eax
	ret
export marked
	movl	$0xdeadbeef, %eax
	ret
	.bss
	.p2align 2
calls:	.skip	4
