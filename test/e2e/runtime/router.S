/* SPDX-License-Identifier: Apache-2.0 */
/* Sends each packet by the port that its first byte names; 0xff passes it on. */
#include "nf.inc"
export process
	for_each_packet
	select	%ecx, %edx, %rdx
	verdict	1
	movb	(%r14), %sil
	cmpb	$0xff, %sil
	je	1f
	movb	%sil, DESC+PORT(%r15,%rax)
	verdict	2
1:
	end_for
