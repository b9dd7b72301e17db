/* SPDX-License-Identifier: Apache-2.0 */
/* Writes what the runtime says about each packet into its first bytes. */
#include "nf.inc"
export process
	for_each_packet
	select	%ecx, %edx, %rdx
	movb	DESC+IN_PORT(%r15,%rax), %sil
	movb	%sil, (%r14)
	movq	DESC+TIMESTAMP(%r15,%rax), %rsi
	movq	%rsi, 8(%r14)
	movl	DESC+WIRE_LENGTH(%r15,%rax), %esi
	movl	%esi, 16(%r14)
	movw	DESC+LENGTH(%r15,%rax), %si
	movw	%si, 20(%r14)
	verdict	1
	end_for
