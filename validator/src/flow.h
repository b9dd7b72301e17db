/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions, basic blocks and the fixpoint.
 *
 * The text has been swept: `map` knows where instructions start and which
 * shape each has. Blocks are cut at every branch target, every entry and behind every
 * branch. Each function is then walked in reverse post-order until no state
 * grows any more; each visit of an instruction checks it, so the last one, with the
 * final state, does.
 */
#ifndef RFV_FLOW_H
#define RFV_FLOW_H

#include "check.h"

/* What `map` holds for each byte of text: a shape number and marks. */
#define MAP_SHAPE ((1u << SHAPE_BITS) - 1)
#define MAP_ENTRY (1u << 24)    /* a function entry */
#define MAP_REPORTED (1u << 25) /* has a finding already */

struct block {
	uint32_t offset; /* of its first instruction */
	uint32_t last;   /* offset of its last instruction */
	uint32_t end;    /* offset behind it */
	uint32_t owner;  /* number of the function, from 1; 0: not reached */
	uint32_t rank;   /* place in `order` */
	int32_t depth;   /* of rsp on entry to the block */
	uint8_t dfs;     /* successors already walked */
	uint8_t changes; /* how often the state grew */
	uint16_t units;  /* of the frame that its state holds; the others are unknown */
	bool reached;    /* has a state */
};

struct analysis {
	struct rfv_report *report;
	const struct rfv_image *image;
	const uint8_t *text;
	uint32_t text_size;
	struct decoder decoder;
	uint32_t *map; /* text_size + 1 words; the last is 0 */

	/* Bit per byte of text: a block starts here; and their number before each word. */
	uint64_t *leaders;
	uint32_t *leader_counts;

	struct block *blocks; /* by address */
	uint32_t block_count;
	uint32_t *order; /* block numbers; each function's are together, in reverse post-order */
	uint32_t order_count;
	uint32_t *stack;    /* of the depth-first search */
	uint64_t *dirty[6]; /* set of ranks: a bit each, and summaries by 64 */
	uint32_t dirty_levels;

	/* Of the function at hand. */
	uint32_t function;
	uint32_t first_rank;
	uint32_t stride; /* values per state in `pool` */
	struct value *pool;
	uint64_t pool_size; /* in values */
	struct frame *frame;
	struct state *state;
	uint64_t table_work; /* jump-table entries that may still be looked at */
};

static inline uint32_t rfv_count_bits(uint64_t bits)
{
	bits -= bits >> 1 & 0x5555555555555555;
	bits = (bits & 0x3333333333333333) + (bits >> 2 & 0x3333333333333333);
	return (uint32_t)(((bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f) * 0x0101010101010101 >> 56);
}

/* Number of blocks that start before `offset`; the block's own number where one starts. */
static inline uint32_t rfv_block_at(const struct analysis *analysis, uint32_t offset)
{
	const uint64_t before = analysis->leaders[offset / 64] & ((UINT64_C(1) << (offset % 64)) - 1);

	return analysis->leader_counts[offset / 64] + rfv_count_bits(before);
}

static inline bool rfv_is_leader(const struct analysis *analysis, uint32_t offset)
{
	return analysis->leaders[offset / 64] >> (offset % 64) & 1;
}

/* The shape of the instruction at an offset that starts one. */
static inline const struct shape *rfv_shape_at(const struct analysis *analysis, uint32_t offset,
                                               struct shape *scratch)
{
	const uint32_t number = analysis->map[offset] & MAP_SHAPE;

	if (number >= SHAPE_FIRST)
		return &analysis->decoder.shapes[number];
	(void)rfv_decode_uncached(&analysis->decoder, analysis->text + offset, analysis->text_size - offset,
	                          scratch);
	return scratch;
}

/* Target of a direct branch as a text offset, which may lie outside of the text. */
static inline int64_t rfv_branch_target(const struct shape *shape, const uint8_t *text, uint32_t offset)
{
	return (int64_t)offset + shape->length + rfv_immediate(shape, text + offset);
}

/* Proves the function whose entry is the block at `offset`, and reports what it breaks. */
void rfv_prove_function(struct analysis *analysis, uint32_t offset);

/* Adds a finding about the instruction at a text offset, unless it has one already. */
void rfv_report_at(struct analysis *analysis, enum rfv_rule rule, uint32_t offset, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
