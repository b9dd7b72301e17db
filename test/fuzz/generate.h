/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are nearly valid: the generator knows what may be assumed of
 * each register and frame slot, and where it is told to, errs in one fact.
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "nf_builder.h"

/* Builds the program of this seed into `file`, with at most `flaws` errors; returns how many it made. */
uint32_t generate(struct nf_file *file, uint64_t seed, uint32_t flaws);

#endif
