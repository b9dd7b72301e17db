/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a network function in a cell of the real runtime, with packets, and looks for traces of an escape. */
#ifndef NATIVE_H
#define NATIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* False if this machine cannot do it. */
bool native_open(void);
void native_close(void);

enum native_outcome {
	NATIVE_RETURNED,
	NATIVE_FAULTED,
	NATIVE_REFUSED, /* not loaded: it was not accepted, or did not start */
	NATIVE_ESCAPED,
};

/*
 * Loads the binary, which validates it, starts it and calls `process` or else the first export. The caller is
 * prepared for the worst case, which is that this process does not survive.
 */
enum native_outcome native_run(const void *bytes, size_t size, uint64_t seed, char *text, uint32_t text_size);

#endif
