/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Network functions of the core benchmark that are not among the examples.
 * `nop` and `selects` are called directly; `process` reads every frame.
 */
#include <ringfence/nf.h>

RF_EXPORT uint32_t nop(uint32_t argument)
{
	return argument;
}

/* `argument` selections, nothing else: the window table is full of the slot that faults, so nothing is read.
 */
RF_EXPORT uint32_t selects(uint32_t argument)
{
	for (uint32_t i = 0; i < argument; i++)
		rf_select(i);
	return argument;
}

/* Reads each 4 bytes of each frame at variable offsets: the worst case for the packet window's masks. */
RF_EXPORT void process(struct rf_burst *burst)
{
	RF_FOR_EACH_PACKET (burst, i, pkt) {
		struct rf_desc *desc = &burst->desc[i];
		uint32_t sum = 0;

		for (uint32_t at = 0; at + 4 <= desc->length; at += 4)
			sum += *(const uint32_t RF_PKT *)(pkt + at);
		desc->hash = sum;
		rf_next(desc);
	}
}
