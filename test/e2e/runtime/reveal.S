/* SPDX-License-Identifier: Apache-2.0 */
/* Makes each frame as large as it can get, to show what lies around it: 128 bytes before it, up to 1792 in all. */
#include "nf.inc"
export process
	for_each_packet
	movw	$-128, DESC+HEAD(%r15,%rax)
	movw	$RF_FRAME_LEN_MAX, DESC+LENGTH(%r15,%rax)
	verdict	1
	end_for
