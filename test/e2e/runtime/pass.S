/* SPDX-License-Identifier: Apache-2.0 */
/* Passes everything, after touching every packet. */
#include "nf.inc"
export process
	for_each_packet
	select	%ecx, %edx, %rdx
	movb	(%r14), %sil
	movb	%sil, (%r14)
	verdict	1
	end_for
