/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions and their fixpoint.
 *
 * The text has been swept: it is known where instructions start, which shape
 * each has, and which are targets of jumps or entries of functions. From each entry
 * the states are followed along all paths, and joined at the targets, until
 * none grows any more. Each visit of an instruction checks it, so the last one,
 * with the final state, does.
 */
#ifndef RFV_FLOW_H
#define RFV_FLOW_H

#include "check.h"

/* What `numbers` holds for each instruction: the number of the shape, and a mark. */
#define NUMBER_SHAPE 0x7fffu  /* SHAPE_NONE for bytes that do not decode */
#define NUMBER_TARGET 0x8000u /* control comes here from elsewhere */

/* An instruction where paths may join. */
struct target {
	uint32_t owner; /* number of the function that it belongs to, from 1; 0: none yet */
	uint32_t saved; /* where its state is in the pool, if it has an owner */
	uint32_t place; /* of its number */
};

/* The state at a target. Stored without the units that were not yet tracked: there they are unknown. */
struct saved_state {
	uint32_t target; /* number */
	uint32_t offset; /* of the target */
	int32_t depth;
	uint16_t units;
	uint8_t changes; /* how often it grew */
	struct value values[];
};

#define QUEUE_LEVELS_MAX 6 /* for 64^6 targets, more than 32 bits can count */

struct analysis {
	struct rfv_report *report;
	const struct rfv_image *image;
	const uint8_t *text;
	uint32_t text_size;
	uint64_t table_work[2]; /* jump-table entries that may still be looked at; [hasty] */
	struct decoder decoder;
	/* Of the instructions, and of each run of bytes that do not decode, in the order of the text; then 0.
	 */
	uint16_t *numbers;
	bool incomplete; /* there are such bytes */
	/* A bit for each byte of text, and one more. */
	uint64_t *start_bits; /* of what has a number */
	uint64_t *target_bits;
	uint64_t *entry_bits;    /* of the targets, those that are entries of functions */
	uint64_t *loop_bits;     /* of the targets, those to which a branch leads back */
	uint64_t *reported_bits; /* has a finding already */
	/* In the order of the text. */
	struct target *targets;
	uint32_t *targets_before; /* each 64 bytes of text */
	uint32_t target_count;
	/* Of the function at hand. */
	uint32_t function;
	bool hasty;       /* the proof takes any number to be possible at the head of a loop */
	bool gave_up;     /* it was hasty, and is to be done again */
	struct step step; /* at hand */
	/* The targets to visit: a bit for each, and in each level above one for each word that has any. */
	uint64_t *queue[QUEUE_LEVELS_MAX];
	uint32_t queue_levels; /* the last has one word */
	uint32_t *pool;        /* of saved states, one behind the other; place 0 is not used */
	uint32_t pool_used;
	uint32_t pool_size;
	bool tracing;
};

/* Without the processor's instruction, which not all have, and without a call. */
static inline uint32_t rfv_count_bits(uint64_t bits)
{
	bits -= bits >> 1 & UINT64_C(0x5555555555555555);
	bits = (bits & UINT64_C(0x3333333333333333)) + (bits >> 2 & UINT64_C(0x3333333333333333));
	bits = (bits + (bits >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (uint32_t)(bits * UINT64_C(0x0101010101010101) >> 56);
}

static inline bool rfv_bit(const uint64_t *bits, uint32_t offset)
{
	return bits[offset / 64] >> offset % 64 & 1;
}

static inline void rfv_set_bit(uint64_t *bits, uint32_t offset)
{
	bits[offset / 64] |= UINT64_C(1) << offset % 64;
}

/* The target at an offset that is one. */
static inline struct target *rfv_target_at(const struct analysis *analysis, uint32_t offset)
{
	const uint64_t before = analysis->target_bits[offset / 64] & ((UINT64_C(1) << offset % 64) - 1);

	return &analysis->targets[analysis->targets_before[offset / 64] + rfv_count_bits(before)];
}

static inline bool rfv_is_target(const struct analysis *analysis, int64_t offset)
{
	return offset >= 0 && offset < analysis->text_size &&
	       rfv_bit(analysis->target_bits, (uint32_t)offset);
}

/* The shape of this number, of the instruction at an offset; valid until the next call. */
static inline const struct shape *rfv_shape(struct analysis *analysis, uint32_t number, uint32_t offset)
{
	if (number == SHAPE_UNCACHED)
		(void)rfv_decode_again(&analysis->decoder, analysis->text + offset,
		                       analysis->text_size - offset);
	return &analysis->decoder.shapes[number];
}

/* Target of a direct branch as a text offset, which may lie outside of the text. */
static inline int64_t rfv_branch_target(const struct shape *shape, const uint8_t *text, uint32_t offset)
{
	return (int64_t)offset + shape->length + rfv_immediate(shape, text + offset);
}

/* Proves the function whose entry is at `offset`, and reports what it breaks. */
void rfv_prove_function(struct analysis *analysis, uint32_t offset);

/* Adds a finding about the instruction at a text offset, unless it has one already. */
void rfv_report_at(struct analysis *analysis, enum rfv_rule rule, uint32_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
