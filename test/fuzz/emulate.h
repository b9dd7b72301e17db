/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a network function in Unicorn under supervision: each memory access and
 * each transfer of control is checked against the contract, by what registers
 * and memory really hold. Instructions are decoded by Capstone. So nothing
 * here depends on the validator but the parsed image.
 */
#ifndef EMULATE_H
#define EMULATE_H

#include <ringfence/validator.h>

enum outcome {
	OUTCOME_RETURNED,
	OUTCOME_FAULTED, /* as a cell may: at memory that is not mapped, a trap, a division ... */
	OUTCOME_STOPPED, /* ran for too long */
	OUTCOME_ESCAPED, /* broke the contract: the validator must not have accepted this */
	OUTCOME_BROKEN,  /* the emulator failed */
	OUTCOMES
};

struct emulator;

/* For images with the same segments as this one; the text may be up to `text_max` bytes. NULL without memory.
 */
struct emulator *emulator_open(const struct rfv_image *image, uint32_t text_max);
void emulator_close(struct emulator *emulator);

/*
 * Starts the function at a text address with hostile registers, data and stack, all from the seed. `text`
 * says what went wrong.
 */
enum outcome emulate(struct emulator *emulator, const struct rfv_image *image, uint32_t function,
                     uint64_t seed, char *text, uint32_t size);

/* Instructions executed so far. */
uint64_t emulator_instructions(const struct emulator *emulator);

#endif
