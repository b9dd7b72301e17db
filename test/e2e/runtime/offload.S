/* SPDX-License-Identifier: Apache-2.0 */
/* Asks for what the second byte of each frame says, with VLAN tag 0xa123. */
#include "nf.inc"
export process
	for_each_packet
	select	%ecx, %edx, %rdx
	movb	1(%r14), %sil
	movb	%sil, DESC+FLAGS(%r15,%rax)
	movw	$0xa123, DESC+VLAN_TCI(%r15,%rax)
	verdict	1
	end_for
