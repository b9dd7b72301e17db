/* SPDX-License-Identifier: Apache-2.0 */
/* Network function binaries and small changes to their code. */
#ifndef MUTATE_H
#define MUTATE_H

#include <ringfence/validator.h>

/* A binary that the validator accepts, and where its instructions and functions start (text offsets). */
struct specimen {
	char name[64];
	uint8_t *bytes; /* to be changed */
	uint8_t *pristine;
	size_t size;
	struct rfv_image image; /* of `bytes` */
	uint32_t *starts;
	uint32_t start_count;
	uint32_t *functions; /* numbers in `starts` */
	uint32_t function_count;
};

/* False, with a message on stderr, if the file cannot be read or is not accepted. */
bool specimen_load(struct specimen *specimen, const char *path);
/* Of bytes in memory, which are copied. */
bool specimen_make(struct specimen *specimen, const char *name, const void *bytes, size_t size);
void specimen_free(struct specimen *specimen);

/*
 * Restores the binary, then changes one to three things in or near the function at `starts[function]`,
 * with parts of `donor` where parts are needed. Returns the text address of that function.
 */
uint32_t mutate(struct specimen *specimen, const struct specimen *donor, uint32_t function, uint64_t seed);

#endif
