/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include <inttypes.h>
#include <string.h>

/* A state that grew this often loses precision, so that the fixpoint ends in linear time. */
#define WIDEN_MASKS 10
#define WIDEN_VALUES 20
#define WIDEN_ALL 26

/* ---- Lookups ------------------------------------------------------------ */

static bool is_instruction(const struct analysis *analysis, int64_t offset)
{
	return offset >= 0 && offset < analysis->text_size &&
	       (analysis->map[offset] & MAP_SHAPE) != SHAPE_NONE;
}

static bool is_direct(const struct shape *shape)
{
	return shape->dst_kind == OPERAND_IMMEDIATE;
}

static bool falls_through(const struct shape *shape)
{
	return shape->effect != EFFECT_JMP && shape->effect != EFFECT_RET && shape->effect != EFFECT_TRAP;
}

/* ---- The set of blocks whose state grew --------------------------------- */

static void dirty_add(struct analysis *analysis, uint32_t rank)
{
	for (uint32_t level = 0; level < analysis->dirty_levels; level++, rank /= 64)
		analysis->dirty[level][rank / 64] |= UINT64_C(1) << (rank % 64);
}

/* Takes the lowest rank out; false if there is none. */
static bool dirty_take(struct analysis *analysis, uint32_t *rank)
{
	uint32_t place = 0;

	if (analysis->dirty[analysis->dirty_levels - 1][0] == 0)
		return false;
	for (uint32_t level = analysis->dirty_levels; level-- > 0;)
		place = place * 64 + (uint32_t)__builtin_ctzll(analysis->dirty[level][place]);
	*rank = place;
	for (uint32_t level = 0; level < analysis->dirty_levels; level++, place /= 64) {
		uint64_t *word = &analysis->dirty[level][place / 64];

		*word &= ~(UINT64_C(1) << (place % 64));
		if (*word != 0)
			break;
	}
	return true;
}

/* ---- States of blocks --------------------------------------------------- */

static struct value *block_values(const struct analysis *analysis, const struct block *block)
{
	return analysis->pool + (uint64_t)(block->rank - analysis->first_rank) * analysis->stride;
}

/* Makes room for more units in each state, if there is memory for that. */
static void grow_stride(struct analysis *analysis)
{
	const uint32_t states = analysis->order_count - analysis->first_rank;
	const uint32_t old = analysis->stride;
	uint32_t stride = old * 2;

	if (stride > STATE_VALUES_MAX)
		stride = STATE_VALUES_MAX;
	if (stride == old || (uint64_t)states * stride > analysis->pool_size / 2)
		return;
	for (uint32_t i = states; i-- > 0;)
		memmove(analysis->pool + (uint64_t)i * stride, analysis->pool + (uint64_t)i * old,
		        old * sizeof *analysis->pool);
	analysis->stride = stride;
	analysis->frame->unit_limit = stride - REGISTERS;
}

static struct value widen(struct value old, struct value joined, uint8_t changes)
{
	if (changes >= WIDEN_VALUES)
		return value_any();
	if (changes >= WIDEN_MASKS && joined.kind == old.kind)
		joined.mask = MASK32;
	return joined;
}

/* Joins the current state into the block's. */
static void join_block(struct analysis *analysis, struct block *block)
{
	const struct state *state = analysis->state;
	struct value *values = block_values(analysis, block);
	bool changed = false;

	if (!block->reached) {
		block->units = (uint16_t)analysis->frame->unit_count;
		memcpy(values, state->values, (REGISTERS + block->units) * sizeof *values);
		block->depth = state->depth;
		block->reached = true;
		dirty_add(analysis, block->rank);
		return;
	}
	for (uint32_t i = 0; i < REGISTERS + (uint32_t)block->units; i++) {
		struct value joined;

		if (value_equal(values[i], state->values[i]))
			continue;
		joined = value_join(values[i], state->values[i]);
		if (value_equal(values[i], joined))
			continue;
		values[i] = widen(values[i], joined, block->changes);
		changed = true;
	}
	if (!changed)
		return;
	if (block->changes >= WIDEN_ALL) {
		memset(values, 0, (REGISTERS + (size_t)block->units) * sizeof *values); /* VALUE_ANY */
		values[R15] = value_cell(0);
	} else {
		block->changes++;
	}
	dirty_add(analysis, block->rank);
}

/* ---- Which blocks belong to the function, and in what order ------------- */

/* Direct successor k = 0, 1 of a block; false if there is none or it is not one of ours to walk. */
static bool successor(struct analysis *analysis, const struct block *block, uint32_t k, int64_t *target)
{
	struct shape scratch;
	const struct shape *shape = rfv_shape_at(analysis, block->last, &scratch);

	if (k == 0) {
		*target = block->end;
		return falls_through(shape);
	}
	if ((shape->effect != EFFECT_JMP && shape->effect != EFFECT_JCC) || !is_direct(shape))
		return false;
	*target = rfv_branch_target(shape, analysis->text, block->last);
	return true;
}

/* Claims the block for the function; false if it need not be walked. */
static bool claim(struct analysis *analysis, uint32_t from, int64_t target)
{
	struct block *block;

	if (!is_instruction(analysis, target) || (analysis->map[target] & MAP_ENTRY))
		return false;
	block = &analysis->blocks[rfv_block_at(analysis, (uint32_t)target)];
	if (block->owner != 0 && block->owner != analysis->function)
		rfv_report_at(analysis, RFV_RULE_FUNCTION_OVERLAP, from,
		              "reaches 0x%" PRIx32 ", which is part of another function and not an entry",
		              analysis->image->text.address + (uint32_t)target);
	if (block->owner != 0)
		return false;
	block->owner = analysis->function;
	return true;
}

/* Walks from a claimed block and appends what it reaches to `order` in post-order. */
static void walk(struct analysis *analysis, uint32_t root)
{
	uint32_t top = 0;

	analysis->stack[top++] = root;
	while (top > 0) {
		const uint32_t number = analysis->stack[top - 1];
		struct block *block = &analysis->blocks[number];
		int64_t target;

		if (block->dfs < 2) {
			const uint32_t k = block->dfs++;

			if (successor(analysis, block, k, &target) && claim(analysis, block->last, target))
				analysis->stack[top++] = rfv_block_at(analysis, (uint32_t)target);
			continue;
		}
		analysis->order[analysis->order_count++] = number;
		top--;
	}
}

/*
 * Turns the post-order from `first` on around; false if there is no memory for
 * so many states. Then no state may be stored, now or later, for the blocks from `first` on.
 */
static bool finish_order(struct analysis *analysis, uint32_t first)
{
	uint32_t *order = analysis->order;

	for (uint32_t i = first, k = analysis->order_count; i + 1 < k; i++) {
		const uint32_t swap = order[i];
		order[i] = order[--k];
		order[k] = swap;
	}
	for (uint32_t i = first; i < analysis->order_count; i++)
		analysis->blocks[order[i]].rank = i;
	return (uint64_t)(analysis->order_count - analysis->first_rank) * analysis->stride <=
	       analysis->pool_size;
}

/* ---- Edges -------------------------------------------------------------- */

/* Control goes from the instruction at `from` to `target` with the current state. */
static void follow(struct analysis *analysis, uint32_t from, int64_t target)
{
	struct violation violation = {.rule = RFV_RULE_NONE};
	struct block *block;

	if (target == analysis->text_size) {
		rfv_report_at(analysis, RFV_RULE_TEXT_END, from, "control runs off the end of the text");
		return;
	}
	if (!is_instruction(analysis, target))
		return; /* reported by the sweep */
	if (analysis->map[target] & MAP_ENTRY) {
		if (!rfv_check_leave(analysis->state, &violation))
			rfv_report_at(analysis, violation.rule, from, "tail call to 0x%" PRIx32 " %s",
			              analysis->image->text.address + (uint32_t)target, violation.message);
		return;
	}
	block = &analysis->blocks[rfv_block_at(analysis, (uint32_t)target)];
	if (block->owner != analysis->function)
		return; /* reported when the function was walked */
	if (block->reached && block->depth != analysis->state->depth) {
		rfv_report_at(
		    analysis, RFV_RULE_STACK_DEPTH, from,
		    "reaches 0x%" PRIx32 " with %" PRId32 " bytes on the stack, another path with %" PRId32,
		    analysis->image->text.address + (uint32_t)target, analysis->state->depth, block->depth);
		return;
	}
	join_block(analysis, block);
}

/* Text offset that entry `place` (in bytes) of the jump tables leads to, or -1. */
static int64_t table_target(const struct analysis *analysis, uint32_t place)
{
	const struct rfv_table *table = &analysis->image->jump_tables;

	return (int64_t)rfv_image_table_entry(analysis->image, table, place / 8) -
	       analysis->image->text.address;
}

/* Every entry that the index can select must exist. */
static bool table_in_range(struct analysis *analysis, uint32_t from, const struct table_jump *jump)
{
	const uint64_t last = jump->offset + (uint64_t)jump->mask * jump->step;
	const uint32_t low = jump->mask & -jump->mask;

	if (jump->offset % 8 != 0 || (uint64_t)low * jump->step % 8 != 0) {
		rfv_report_at(analysis, RFV_RULE_JUMP_TABLE, from,
		              "the index may select bytes between two entries");
		return false;
	}
	if (last / 8 >= analysis->image->jump_tables.count) {
		rfv_report_at(analysis, RFV_RULE_JUMP_TABLE, from,
		              "index bits 0x%" PRIx32 " reach entry %" PRIu64 " of %" PRIu32, jump->mask,
		              last / 8, analysis->image->jump_tables.count);
		return false;
	}
	return true;
}

/* Claims and walks what the index can select; false, reported, where one of that is no target. */
static bool walk_table(struct analysis *analysis, uint32_t from, const struct table_jump *jump)
{
	uint32_t index = 0;

	/* All numbers within the mask, in ascending order: (index - mask) & mask is the next. */
	do {
		const int64_t target = table_target(analysis, jump->offset + index * jump->step);

		if (analysis->table_work == 0) {
			rfv_report_at(analysis, RFV_RULE_LIMIT, from, "jump tables overlap too often");
			return false;
		}
		analysis->table_work--;
		if (!is_instruction(analysis, target) || (analysis->map[target] & MAP_ENTRY)) {
			rfv_report_at(analysis, RFV_RULE_JUMP_TABLE, from,
			              "index 0x%" PRIx32 " leads to 0x%" PRIx64
			              ", not an instruction of this function",
			              index, (uint64_t)(target + analysis->image->text.address));
			return false;
		}
		if (claim(analysis, from, target))
			walk(analysis, rfv_block_at(analysis, (uint32_t)target));
		index = (index - jump->mask) & jump->mask;
	} while (index != 0);
	return true;
}

static void follow_table(struct analysis *analysis, uint32_t from, const struct table_jump *jump)
{
	const uint32_t first = analysis->order_count;
	uint32_t index = 0;
	bool walked;

	if (!table_in_range(analysis, from, jump))
		return;
	walked = walk_table(analysis, from, jump);
	/* Also after a fault: each claimed block needs its rank, and room for its state. */
	if (!finish_order(analysis, first)) {
		rfv_report_at(analysis, RFV_RULE_LIMIT, from,
		              "the function is too large to follow its jump tables");
		return;
	}
	if (!walked)
		return;
	do {
		follow(analysis, from, table_target(analysis, jump->offset + index * jump->step));
		index = (index - jump->mask) & jump->mask;
	} while (index != 0);
}

/* ---- Blocks ------------------------------------------------------------- */

static void leave_block(struct analysis *analysis, const struct block *block, const struct shape *shape)
{
	const uint8_t *bytes = analysis->text + block->last;
	struct table_jump jump;

	if (rfv_is_table_jump(shape, bytes, analysis->state, &jump)) {
		follow_table(analysis, block->last, &jump);
		return;
	}
	if ((shape->effect == EFFECT_JMP || shape->effect == EFFECT_JCC) && is_direct(shape))
		follow(analysis, block->last, rfv_branch_target(shape, analysis->text, block->last));
	if (falls_through(shape))
		follow(analysis, block->last, block->end);
}

/* Units that are tracked since the block's state was stored are unknown in it. */
static void load_state(struct analysis *analysis, const struct block *block)
{
	struct state *state = analysis->state;
	const uint32_t known = REGISTERS + (uint32_t)block->units;
	const uint32_t count = REGISTERS + analysis->frame->unit_count;

	state->depth = block->depth;
	memcpy(state->values, block_values(analysis, block), known * sizeof *state->values);
	memset(state->values + known, 0, (count - known) * sizeof *state->values); /* VALUE_ANY */
}

static void visit_block(struct analysis *analysis, const struct block *block)
{
	struct state *state = analysis->state;
	struct violation violation;
	struct shape scratch;
	const struct shape *shape = NULL;

	load_state(analysis, block);
	for (uint32_t offset = block->offset; offset < block->end; offset += shape->length) {
		shape = rfv_shape_at(analysis, offset, &scratch);
		rfv_step(shape, analysis->text + offset, analysis->frame, state, &violation);
		if (violation.rule != RFV_RULE_NONE)
			rfv_report_at(analysis, violation.rule, offset, "%s", violation.message);
		/* Room for two more units, which is what one instruction may track. */
		if (analysis->frame->unit_count + 2 > analysis->frame->unit_limit)
			grow_stride(analysis);
	}
	analysis->report->stats.block_visits++;
	if (shape != NULL)
		leave_block(analysis, block, shape);
}

static void reset_frame(struct frame *frame)
{
	for (uint32_t i = 0; i < frame->unit_count; i++)
		frame->number[frame->units[i]] = 0;
	frame->unit_count = 0;
}

void rfv_prove_function(struct analysis *analysis, uint32_t offset)
{
	const uint32_t root = rfv_block_at(analysis, offset);
	uint32_t rank;

	analysis->function++;
	analysis->first_rank = analysis->order_count;
	analysis->stride = REGISTERS + 8;
	reset_frame(analysis->frame);
	analysis->frame->unit_limit = analysis->stride - REGISTERS;

	analysis->blocks[root].owner = analysis->function;
	walk(analysis, root);
	if (!finish_order(analysis, analysis->first_rank)) {
		rfv_report_at(analysis, RFV_RULE_LIMIT, offset, "the function is too large");
		return;
	}
	rfv_state_entry(analysis->state);
	join_block(analysis, &analysis->blocks[root]);
	while (dirty_take(analysis, &rank))
		visit_block(analysis, &analysis->blocks[analysis->order[rank]]);
}
