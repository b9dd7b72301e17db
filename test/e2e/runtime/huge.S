/* SPDX-License-Identifier: Apache-2.0 */
/* A variable that lies in a page of 2 MiB of its own. */
#include "nf.inc"
export count
	incl	calls(%r15)
	movl	calls(%r15), %eax
	ret
	.bss
	.skip	0x200000
calls:	.long	0
