/* SPDX-License-Identifier: Apache-2.0 */
#include "flow.h"

#include <inttypes.h>
#include <string.h>

/* A state that grew this often loses precision, so that the fixpoint ends in linear time. */
#define WIDEN_MASKS 10
#define WIDEN_VALUES 20
#define WIDEN_ALL 26
/* A hasty proof whose states grow more often is none. */
#define HASTY_CHANGES 8

/* ---- The targets to visit ----------------------------------------------- */

static void enqueue(struct analysis *analysis, uint32_t target)
{
	for (uint32_t level = 0; level < analysis->queue_levels; level++) {
		rfv_set_bit(analysis->queue[level], target);
		target /= 64;
	}
}

static bool is_queued(const struct analysis *analysis)
{
	return *analysis->queue[analysis->queue_levels - 1] != 0;
}

/* The lowest. */
static uint32_t dequeue(struct analysis *analysis)
{
	uint32_t lowest = 0;
	uint32_t place;

	for (uint32_t level = analysis->queue_levels; level-- > 0;)
		lowest = 64 * lowest + (uint32_t)__builtin_ctzll(analysis->queue[level][lowest]);
	place = lowest;
	for (uint32_t level = 0; level < analysis->queue_levels; level++) {
		place /= 64;
		analysis->queue[level][place] &= analysis->queue[level][place] - 1;
		if (analysis->queue[level][place] != 0)
			break;
	}
	return lowest;
}

/* ---- States at targets -------------------------------------------------- */

static struct saved_state *saved_at(const struct analysis *analysis, uint32_t place)
{
	return (struct saved_state *)(void *)(analysis->pool + place);
}

/* How many values are saved: an even number. */
static uint32_t saved_values(uint32_t units)
{
	return (FIRST_UNIT + units + 1) / 2 * 2;
}

static uint32_t saved_words(uint32_t units)
{
	return (uint32_t)((sizeof(struct saved_state) + saved_values(units) * sizeof(struct value)) /
	                  sizeof(uint32_t));
}

/* What the hasty proof knows at the head of a loop: numbers to which no turn can add. */
static void forget_numbers(struct value *values, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		values[i] = value_any_number(values[i]);
	values[NO_REGISTER] = value_bits(0);
}

/* The first state at a target, to which control comes from the instruction at `from`. */
static void save_state(struct analysis *analysis, struct target *target, uint32_t from, uint32_t offset)
{
	const uint32_t units = analysis->step.frame->unit_count;
	const uint32_t words = saved_words(units);
	struct saved_state *saved = saved_at(analysis, analysis->pool_used);

	if (words > analysis->pool_size - analysis->pool_used) {
		rfv_report_at(analysis, RFV_RULE_LIMIT, from, "the function is too large");
		return;
	}
	target->owner = analysis->function;
	target->saved = analysis->pool_used;
	analysis->pool_used += words;
	*saved = (struct saved_state){.target = (uint32_t)(target - analysis->targets),
	                              .offset = offset,
	                              .depth = analysis->step.state->depth,
	                              .units = (uint16_t)units};
	saved->values[saved_values(units) - 1] = value_any();
	memcpy(saved->values, analysis->step.state->values, (FIRST_UNIT + units) * sizeof *saved->values);
	if (analysis->hasty && rfv_bit(analysis->loop_bits, offset))
		forget_numbers(saved->values, FIRST_UNIT + units);
	enqueue(analysis, saved->target);
}

/* A value of a state that has grown often grows from `old` to `joined`. */
static struct value widen(struct value old, struct value joined, uint8_t changes)
{
	if (changes >= WIDEN_VALUES)
		return value_any();
	if (joined.kind == old.kind)
		joined.mask = MASK32;
	return joined;
}

static bool join_widening(struct saved_state *saved, const struct value *from, uint32_t count)
{
	bool changed = false;

	for (uint32_t i = 0; i < count; i++) {
		const struct value joined = value_join(saved->values[i], from[i]);

		if (value_equal(saved->values[i], joined))
			continue;
		saved->values[i] = widen(saved->values[i], joined, saved->changes);
		changed = true;
	}
	return changed;
}

/* Joins the current state into that of a target. */
static void join_state(struct analysis *analysis, struct saved_state *saved)
{
	const struct value *values = analysis->step.state->values;
	const uint32_t count = FIRST_UNIT + (uint32_t)saved->units;

	if (saved->changes < WIDEN_MASKS ? !value_join_all(saved->values, values, count)
	                                 : !join_widening(saved, values, count))
		return;
	if (analysis->hasty && saved->changes >= HASTY_CHANGES)
		analysis->gave_up = true;
	if (saved->changes >= WIDEN_ALL) {
		memset(saved->values, 0, count * sizeof *saved->values); /* VALUE_ANY */
		saved->values[R15] = value_cell(0);
		saved->values[NO_REGISTER] = value_bits(0);
	} else {
		saved->changes++;
	}
	enqueue(analysis, saved->target);
}

static void load_state(const struct analysis *analysis, const struct saved_state *saved)
{
	struct state *state = analysis->step.state;
	const uint32_t known = FIRST_UNIT + (uint32_t)saved->units;
	const uint32_t count = FIRST_UNIT + analysis->step.frame->unit_count;

	state->depth = saved->depth;
	memcpy(state->values, saved->values, known * sizeof *state->values);
	memset(state->values + known, 0, (count - known) * sizeof *state->values); /* VALUE_ANY */
}

/* ---- Edges -------------------------------------------------------------- */

/* Control goes from the instruction at `from` into another function, which must find all as its caller left
 * it. */
static void follow_to_entry(struct analysis *analysis, uint32_t from, uint32_t address)
{
	struct violation *violation = analysis->step.violation;

	violation->rule = RFV_RULE_NONE;
	if (!rfv_check_leave(analysis->step.state, violation))
		rfv_report_at(analysis, violation->rule, from, "tail call to 0x%" PRIx32 " %s", address,
		              violation->message);
}

/* Control goes from the instruction at `from` to `offset` with the current state. */
static void follow(struct analysis *analysis, uint32_t from, int64_t offset)
{
	const uint32_t address = analysis->image->text.address + (uint32_t)offset;
	struct target *target;

	if (offset == analysis->text_size)
		rfv_report_at(analysis, RFV_RULE_TEXT_END, from, "control runs off the end of the text");
	if (!rfv_is_target(analysis, offset))
		return; /* no instruction: reported by the sweep */
	if (rfv_bit(analysis->entry_bits, (uint32_t)offset)) {
		follow_to_entry(analysis, from, address);
		return;
	}
	target = rfv_target_at(analysis, (uint32_t)offset);
	if (target->owner == 0)
		save_state(analysis, target, from, (uint32_t)offset);
	else if (target->owner != analysis->function)
		rfv_report_at(analysis, RFV_RULE_FUNCTION_OVERLAP, from,
		              "reaches 0x%" PRIx32 ", which is part of another function and not an entry",
		              address);
	else if (saved_at(analysis, target->saved)->depth != analysis->step.state->depth)
		rfv_report_at(analysis, RFV_RULE_STACK_DEPTH, from,
		              "reaches 0x%" PRIx32 " with %" PRId32
		              " bytes on the stack, another path with %" PRId32,
		              address, analysis->step.state->depth, saved_at(analysis, target->saved)->depth);
	else
		join_state(analysis, saved_at(analysis, target->saved));
}

/* Every entry that the index can select must exist. */
static bool table_in_range(struct analysis *analysis, uint32_t from, const struct table_jump *jump)
{
	const uint64_t last = jump->offset + (uint64_t)jump->mask * jump->step;
	const uint32_t low = jump->mask & -jump->mask;

	if (jump->offset % 8 != 0 || (uint64_t)low * jump->step % 8 != 0)
		rfv_report_at(analysis, RFV_RULE_JUMP_TABLE, from,
		              "the index may select bytes between two entries");
	else if (last / 8 >= analysis->image->jump_tables.count)
		rfv_report_at(analysis, RFV_RULE_JUMP_TABLE, from,
		              "index bits 0x%" PRIx32 " reach entry %" PRIu64 " of %" PRIu32, jump->mask,
		              last / 8, analysis->image->jump_tables.count);
	else
		return true;
	return false;
}

static void follow_table(struct analysis *analysis, uint32_t from, const struct table_jump *jump)
{
	const struct rfv_image *image = analysis->image;
	uint64_t *work = &analysis->table_work[analysis->hasty];
	uint32_t index = 0;

	if (!table_in_range(analysis, from, jump))
		return;
	/* All numbers within the mask, in ascending order: (index - mask) & mask is the next. */
	do {
		const uint32_t place = (jump->offset + index * jump->step) / 8;
		const uint32_t address = rfv_image_table_entry(image, &image->jump_tables, place);
		const int64_t target = (int64_t)address - image->text.address;

		if (*work == 0) {
			rfv_report_at(analysis, RFV_RULE_LIMIT, from, "jump tables overlap too often");
			return;
		}
		--*work;
		if (!rfv_is_target(analysis, target) || rfv_bit(analysis->entry_bits, (uint32_t)target)) {
			rfv_report_at(analysis, RFV_RULE_JUMP_TABLE, from,
			              "index 0x%" PRIx32 " leads to 0x%" PRIx32
			              ", not an instruction of this function",
			              index, address);
			return;
		}
		follow(analysis, from, target);
		index = (index - jump->mask) & jump->mask;
	} while (index != 0);
}

/* ---- Visits ------------------------------------------------------------- */

static void trace(const struct analysis *analysis, uint32_t offset)
{
	const struct rfv_state state = {.frame = analysis->step.frame, .state = analysis->step.state};

	analysis->report->trace(analysis->report->trace_context, analysis->image->text.address + offset,
	                        &state);
}

static void check_instruction(struct analysis *analysis, const struct shape *shape, uint32_t offset)
{
	struct step *step = &analysis->step;

	step->shape = shape;
	step->bytes = analysis->text + offset;
	rfv_step(step);
	if (step->violation->rule != RFV_RULE_NONE)
		rfv_report_at(analysis, step->violation->rule, offset, "%s", step->violation->message);
}

/* Goes where the jump at `from`, which was just checked, leads. */
static void jump(struct analysis *analysis, const struct shape *shape, uint32_t from)
{
	struct table_jump table;

	analysis->report->stats.block_visits += shape->effect == EFFECT_JCC;
	if (rfv_is_direct(shape))
		follow(analysis, from, rfv_branch_target(shape, analysis->text, from));
	else if (shape->effect == EFFECT_JMP && analysis->step.violation->rule == RFV_RULE_NONE &&
	         rfv_is_table_jump(&analysis->step, &table))
		follow_table(analysis, from, &table);
}

/* From a target to where control can only go elsewhere. */
static void visit(struct analysis *analysis, uint32_t target)
{
	const struct saved_state *saved = saved_at(analysis, analysis->targets[target].saved);
	uint32_t offset = saved->offset;
	const uint16_t *place = &analysis->numbers[analysis->targets[target].place];
	uint32_t number = *place & NUMBER_SHAPE;

	load_state(analysis, saved);
	analysis->report->stats.block_visits++;
	for (;;) {
		const struct shape *shape = rfv_shape(analysis, number, offset);
		const uint32_t next = offset + shape->length;

		if (analysis->tracing)
			trace(analysis, offset);
		check_instruction(analysis, shape, offset);
		if (shape->effect >= EFFECT_JCC)
			jump(analysis, shape, offset);
		if (!rfv_falls_through(shape))
			return;
		number = *++place;
		if (number >= NUMBER_TARGET || number == SHAPE_NONE) {
			follow(analysis, offset, next);
			return;
		}
		offset = next;
	}
}

/* Visits every target once more. No state grows at the fixpoint, and no finding is made twice. */
static void trace_function(struct analysis *analysis)
{
	const uint64_t visits = analysis->report->stats.block_visits;

	for (uint32_t place = 1; place < analysis->pool_used;) {
		struct saved_state *saved = saved_at(analysis, place);

		enqueue(analysis, saved->target);
		place += saved_words(saved->units);
	}
	analysis->tracing = true;
	while (is_queued(analysis))
		visit(analysis, dequeue(analysis));
	analysis->tracing = false;
	analysis->report->stats.block_visits = visits;
}

static void reset_frame(struct frame *frame)
{
	for (uint32_t i = 0; i < frame->unit_count; i++)
		frame->number[frame->units[i]] = 0;
	frame->unit_count = 0;
}

/* The states along all paths from the entry. False if that was hasty and proves nothing. */
static bool prove(struct analysis *analysis, uint32_t entry, bool hasty)
{
	analysis->hasty = hasty;
	analysis->gave_up = false;
	analysis->pool_used = 1;
	reset_frame(analysis->step.frame);
	rfv_state_entry(analysis->step.state);
	save_state(analysis, rfv_target_at(analysis, entry), entry,
	           entry); /* there is room for more than one */
	while (is_queued(analysis) && !analysis->gave_up)
		visit(analysis, dequeue(analysis));
	return !analysis->gave_up;
}

/* As if control had not come to any target of the function yet. */
static void withdraw(struct analysis *analysis)
{
	for (uint32_t place = 1; place < analysis->pool_used;) {
		const struct saved_state *saved = saved_at(analysis, place);

		analysis->targets[saved->target].owner = 0;
		place += saved_words(saved->units);
	}
	while (is_queued(analysis))
		(void)dequeue(analysis);
}

/*
 * Most functions need to know no number at the head of a loop, and without any most loops are walked
 * once. Where that proves too little, or does not end soon, the proof is made again, and then reports.
 */
void rfv_prove_function(struct analysis *analysis, uint32_t offset)
{
	analysis->function++;
	if (!prove(analysis, offset, true)) {
		withdraw(analysis);
		(void)prove(analysis, offset, false);
	}
	if (analysis->report->trace != NULL)
		trace_function(analysis);
	analysis->hasty = false;
}
