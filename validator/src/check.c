/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- Words for messages ------------------------------------------------- */

const char *rfv_register_name(uint8_t number)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",  "r8",
	                                    "r9",  "r10", "r11", "r12", "r13", "r14", "r15", "none", "rip"};

	return number < sizeof names / sizeof *names ? names[number] : "?";
}

void rfv_violate(struct violation *violation, enum rfv_rule rule, const char *format, ...)
{
	va_list arguments;

	if (violation->rule != RFV_RULE_NONE)
		return;
	violation->rule = rule;
	va_start(arguments, format);
	(void)vsnprintf(violation->message, sizeof violation->message, format, arguments);
	va_end(arguments);
}

static const char *describe(struct value value, char *buffer, size_t size)
{
	switch (value.kind) {
	case VALUE_BITS:
		(void)snprintf(buffer, size, "a number within bits 0x%" PRIx32, value.mask);
		break;
	case VALUE_CELL:
		(void)snprintf(buffer, size, "a pointer into the cell");
		break;
	case VALUE_INIT:
		(void)snprintf(buffer, size, "the caller's %s", rfv_register_name((uint8_t)value.mask));
		break;
	default:
		(void)snprintf(buffer, size, "any 64-bit value");
		break;
	}
	return buffer;
}

/* ---- The frame ---------------------------------------------------------- */

static struct value *unit_value(const struct frame *frame, struct state *state, uint32_t unit)
{
	const uint32_t number = frame->number[unit];

	return number == 0 ? NULL : &state->values[REGISTERS + number - 1];
}

/* Tracks the unit from now on if there is room; unknown in every state so far. */
static struct value *track_unit(struct frame *frame, struct state *state, uint32_t unit)
{
	struct value *value = unit_value(frame, state, unit);

	if (value != NULL || frame->unit_count >= frame->unit_limit || frame->unit_count >= TRACKED_UNITS_MAX)
		return value;
	frame->units[frame->unit_count++] = (uint16_t)unit;
	frame->number[unit] = (uint16_t)frame->unit_count;
	return unit_value(frame, state, unit);
}

static void set_unit(struct frame *frame, struct state *state, uint32_t unit, struct value value)
{
	const bool known = value.kind != VALUE_ANY && !value_equal(value, value_bits(MASK32));
	struct value *slot = known ? track_unit(frame, state, unit) : unit_value(frame, state, unit);

	if (slot != NULL)
		*slot = known ? value : value_any();
}

static struct value get_unit(const struct frame *frame, struct state *state, uint32_t unit)
{
	const struct value *slot = unit_value(frame, state, unit);

	return slot == NULL ? value_any() : *slot;
}

/*
 * The bytes [offset, offset + size) relative to rsp on entry may have
 * changed. They lie in [-RF_FRAME_MAX, 0).
 */
static void forget_frame(const struct frame *frame, struct state *state, int32_t offset, uint32_t size)
{
	const uint32_t start = (uint32_t)(offset + RF_FRAME_MAX);

	if (size == 0 || frame->unit_count == 0)
		return;
	if (size / UNIT_SIZE > frame->unit_count) {
		for (uint32_t i = 0; i < frame->unit_count; i++) {
			const uint32_t byte = (uint32_t)frame->units[i] * UNIT_SIZE;

			if (byte + UNIT_SIZE > start && byte < start + size)
				state->values[REGISTERS + i] = value_any();
		}
		return;
	}
	for (uint32_t unit = start / UNIT_SIZE; unit * UNIT_SIZE < start + size; unit++) {
		struct value *slot = unit_value(frame, state, unit);

		if (slot != NULL)
			*slot = value_any();
	}
}

/*
 * Stores eight or four bytes of a known value. A register's worth that is
 * not a plain number takes two units, the upper marked so: whatever touches one of
 * them afterwards breaks the pair, since only such a store makes one.
 */
static void store_frame(struct frame *frame, struct state *state, int32_t offset, uint8_t size,
                        struct value value)
{
	const uint32_t unit = (uint32_t)(offset + RF_FRAME_MAX) / UNIT_SIZE;

	if (offset % UNIT_SIZE != 0)
		return;
	if (size == 4) {
		set_unit(frame, state, unit, value.kind == VALUE_BITS ? value : value_any());
	} else if (size == 8 && value.kind == VALUE_BITS) {
		set_unit(frame, state, unit, value);
		set_unit(frame, state, unit + 1, value_bits(0));
	} else if (size == 8 && value.kind != VALUE_ANY) {
		set_unit(frame, state, unit, value);
		set_unit(frame, state, unit + 1, (struct value){.kind = VALUE_UPPER});
	}
}

static struct value load_frame(const struct frame *frame, struct state *state, int32_t offset, uint8_t size)
{
	const uint32_t unit = (uint32_t)(offset + RF_FRAME_MAX) / UNIT_SIZE;
	struct value low;
	struct value high;

	if (offset % UNIT_SIZE != 0 || (size != 4 && size != 8))
		return value_any();
	low = get_unit(frame, state, unit);
	if (size == 4)
		return low.kind == VALUE_BITS ? low : value_bits(MASK32);
	high = get_unit(frame, state, unit + 1);
	if (high.kind == VALUE_BITS && high.mask == 0)
		return low.kind == VALUE_BITS ? low : value_bits(MASK32);
	if (high.kind == VALUE_UPPER && (low.kind == VALUE_CELL || low.kind == VALUE_INIT))
		return low;
	return value_any();
}

static bool in_frame(const struct state *state, int64_t disp, uint32_t size)
{
	return disp >= 0 && disp + size <= state->depth;
}

/* ---- Memory operands (contract, rule 3) --------------------------------- */

static void check_frame_operand(const struct memory_operand *memory, const struct state *state, int64_t disp,
                                struct violation *violation)
{
	const int64_t above = disp - state->depth; /* relative to the return address */
	const bool argument = above >= 8 && above + memory->size <= 8 + RF_INCOMING_ARGS_MAX;

	if (memory->index != NO_REGISTER)
		rfv_violate(violation, RFV_RULE_FRAME_BOUNDS, "a control-stack operand cannot have an index");
	else if (in_frame(state, disp, memory->size) || (argument && !memory->writes))
		return;
	else if (argument)
		rfv_violate(violation, RFV_RULE_ARGUMENT_STORE, "incoming stack arguments are read-only");
	else
		rfv_violate(violation, RFV_RULE_FRAME_BOUNDS,
		            "[rsp%+" PRId64 "] (%u bytes) leaves the frame, which is %" PRId32 " bytes here",
		            disp, memory->size, state->depth);
}

static void check_packet_operand(const struct memory_operand *memory, const struct state *state, int64_t disp,
                                 struct violation *violation)
{
	int64_t high = disp + memory->size;
	char words[64];

	if (memory->index != NO_REGISTER) {
		const struct value index = state->values[memory->index];

		if (index.kind != VALUE_BITS) {
			rfv_violate(violation, RFV_RULE_PACKET_BOUNDS, "index %s may be %s",
			            rfv_register_name(memory->index), describe(index, words, sizeof words));
			return;
		}
		high += (int64_t)index.mask * memory->scale;
	}
	if (disp < RF_WINDOW_LOW)
		rfv_violate(violation, RFV_RULE_PACKET_BOUNDS, "offset %" PRId64 " is below the window (%d)",
		            disp, RF_WINDOW_LOW);
	else if (high > RF_WINDOW_HIGH)
		rfv_violate(violation, RFV_RULE_PACKET_BOUNDS,
		            "the access may reach r14+%" PRId64 ", past the window's end at r14+%d", high,
		            RF_WINDOW_HIGH);
}

static void check_cell_operand(const struct memory_operand *memory, const struct state *state, int64_t disp,
                               struct violation *violation)
{
	uint8_t base = memory->base;
	uint8_t index = memory->index;
	char words[64];

	if (base == NO_REGISTER || base == RIP_REGISTER) {
		rfv_violate(violation, RFV_RULE_MEMORY_BASE, "%s",
		            base == RIP_REGISTER
		                ? "rip-relative operands are not permitted"
		                : "an operand needs r15, r14, rsp or a pointer made from r15 as base");
		return;
	}
	/* With scale 1 it is the processor's business which is which. */
	if (memory->scale == 1 && state->values[base].kind != VALUE_CELL &&
	    state->values[index].kind == VALUE_CELL) {
		base = memory->index;
		index = memory->base;
	}
	if (state->values[base].kind != VALUE_CELL)
		rfv_violate(violation, RFV_RULE_MEMORY_BASE,
		            "base %s may be %s, not r15 plus a 32-bit offset", rfv_register_name(base),
		            describe(state->values[base], words, sizeof words));
	else if (index != NO_REGISTER && state->values[index].kind != VALUE_BITS)
		rfv_violate(violation, RFV_RULE_MEMORY_INDEX,
		            "index %s may be %s, not a zero-extended 32-bit number", rfv_register_name(index),
		            describe(state->values[index], words, sizeof words));
	else if (disp < RF_DATA_OFFSET_MIN)
		rfv_violate(violation, RFV_RULE_MEMORY_CONTROL_BLOCK,
		            "displacement %" PRId64 " reaches the control block", disp);
}

static void check_memory(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                         struct violation *violation)
{
	const struct memory_operand *memory = &shape->memory;
	const int64_t disp = rfv_displacement(shape, bytes);

	if (memory->base == RSP)
		check_frame_operand(memory, state, disp, violation);
	else if (memory->base == R14)
		check_packet_operand(memory, state, disp, violation);
	else
		check_cell_operand(memory, state, disp, violation);
}

/* ---- Stack pointer (contract, rule 4) ----------------------------------- */

static void move_rsp(struct frame *frame, struct state *state, int64_t down, struct violation *violation)
{
	const int64_t depth = state->depth + down;

	if (depth < 0 || depth > RF_FRAME_MAX) {
		rfv_violate(violation, RFV_RULE_FRAME_SIZE,
		            depth < 0 ? "rsp would rise %" PRId64 " bytes above the return address"
		                      : "the frame would be %" PRId64 " bytes, more than 65536",
		            depth < 0 ? -depth : depth);
		return;
	}
	state->depth = (int32_t)depth;
	if (down > 0) /* what lay there belonged to a callee or to nobody */
		forget_frame(frame, state, -state->depth, (uint32_t)down);
}

bool rfv_check_leave(const struct state *state, struct violation *violation)
{
	static const uint8_t saved[] = {RBX, RBP, R12, R13};

	if (state->depth != 0) {
		rfv_violate(violation, RFV_RULE_STACK_BALANCE,
		            "leaves the function with %" PRId32 " bytes on the stack", state->depth);
		return false;
	}
	for (size_t i = 0; i < sizeof saved; i++) {
		const struct value value = state->values[saved[i]];
		char words[64];

		if (value.kind == VALUE_INIT && value.mask == saved[i])
			continue;
		rfv_violate(violation, RFV_RULE_CALLEE_SAVED, "leaves the function with %s holding %s",
		            rfv_register_name(saved[i]), describe(value, words, sizeof words));
		return false;
	}
	return true;
}

/* ---- Values ------------------------------------------------------------- */

static uint64_t width_mask(uint8_t width)
{
	return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

static uint64_t register_mask(const struct state *state, uint8_t number, uint8_t width, bool high)
{
	const uint64_t mask = value_mask(state->values[number]);

	return high ? mask >> 8 & 0xff : mask & width_mask(width);
}

/* Offset of a memory operand relative to rsp on entry; only if it is in the frame. */
static bool frame_offset(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                         int32_t *offset)
{
	const struct memory_operand *memory = &shape->memory;
	int32_t disp;

	if (!memory->present || !memory->accessed || memory->base != RSP || memory->index != NO_REGISTER)
		return false;
	disp = rfv_displacement(shape, bytes);
	if (!in_frame(state, disp, memory->size))
		return false;
	*offset = disp - state->depth;
	return true;
}

/* The second operand, as a 64-bit value for widths of eight bytes, zero-extended otherwise. */
static struct value source_value(const struct shape *shape, const uint8_t *bytes, const struct frame *frame,
                                 struct state *state)
{
	int32_t offset;

	switch (shape->src_kind) {
	case OPERAND_REGISTER:
		if (shape->src_width == 8)
			return state->values[shape->src];
		return value_of_mask(register_mask(state, shape->src, shape->src_width, shape->src_high));
	case OPERAND_IMMEDIATE:
		return value_of_mask((uint64_t)rfv_immediate(shape, bytes) & width_mask(shape->width));
	case OPERAND_MEMORY:
		if (shape->src_width >= 4 && frame_offset(shape, bytes, state, &offset))
			return load_frame(frame, state, offset, shape->src_width);
		return value_of_mask(width_mask(shape->src_width));
	default:
		return value_any();
	}
}

static uint64_t shift_mask(const struct shape *shape, const uint8_t *bytes, uint64_t mask)
{
	const uint64_t all = width_mask(shape->width);
	const bool negative = (mask & ~(all >> 1)) != 0;
	uint8_t count;

	if (shape->effect == EFFECT_SAR && negative)
		return all;
	if (shape->src_kind != OPERAND_IMMEDIATE)
		return shape->effect == EFFECT_SHL ? all : mask_up_to(mask);
	count = (uint8_t)rfv_immediate(shape, bytes) & (shape->width == 8 ? 63 : 31);
	return shape->effect == EFFECT_SHL ? mask << count & all : mask >> count;
}

/* Bits of the result of an arithmetic effect on two operands within the masks a and b. */
static uint64_t result_mask(const struct shape *shape, const uint8_t *bytes, uint64_t a, uint64_t b)
{
	const uint64_t all = width_mask(shape->width);
	const bool same = shape->src_kind == OPERAND_REGISTER && shape->src == shape->dst &&
	                  shape->src_width == shape->width && shape->src_high == shape->dst_high;

	switch (shape->effect) {
	case EFFECT_ADD: {
		const uint64_t sum = mask_add(a, b);
		return sum > all ? all : sum;
	}
	case EFFECT_SUB:
		return same ? 0 : all;
	case EFFECT_AND:
		return a & b;
	case EFFECT_XOR:
		return same ? 0 : a | b;
	case EFFECT_OR:
	case EFFECT_CMOV:
		return a | b;
	case EFFECT_SHL:
	case EFFECT_SHR:
	case EFFECT_SAR:
		return shift_mask(shape, bytes, a);
	case EFFECT_SETCC:
		return 1;
	case EFFECT_POPCNT:
		return 0x7f;
	case EFFECT_MOV:
	case EFFECT_MOVZX:
		return b;
	case EFFECT_MOVSX:
		return b & (UINT64_C(1) << (8 * shape->src_width - 1)) ? all : b;
	default:
		return all;
	}
}

/* lea: the masks are summed in unbounded arithmetic, so a result that fits cannot have wrapped. */
static struct value lea_value(const struct shape *shape, const uint8_t *bytes, const struct state *state)
{
	const struct memory_operand *memory = &shape->memory;
	const int32_t disp = rfv_displacement(shape, bytes);
	const bool narrow = memory->address32 || shape->width < 8;
	struct value base = memory->base == NO_REGISTER ? value_bits(0) : state->values[memory->base];
	struct value index = memory->index == NO_REGISTER ? value_bits(0) : state->values[memory->index];
	const bool cell =
	    !narrow && (base.kind == VALUE_CELL || (index.kind == VALUE_CELL && memory->scale == 1));
	uint64_t sum;

	if (cell && base.kind != VALUE_CELL) {
		const struct value swap = base;
		base = index;
		index = swap;
	}
	if (narrow) { /* only the lower halves matter */
		base = base.kind == VALUE_BITS ? base : value_bits(MASK32);
		index = index.kind == VALUE_BITS ? index : value_bits(MASK32);
	}
	if ((base.kind != VALUE_BITS && !cell) || index.kind != VALUE_BITS)
		return value_any();
	sum = mask_add(base.mask, (uint64_t)index.mask * memory->scale);
	sum = disp < 0 ? UINT64_MAX : mask_add(sum, (uint64_t)disp);
	if (sum > MASK32)
		return narrow ? value_bits(MASK32) : value_any();
	return cell ? value_cell((uint32_t)sum) : value_bits((uint32_t)sum);
}

/* 64-bit results that are more than a mask. */
static struct value wide_result(const struct shape *shape, struct value a, struct value b, uint64_t mask)
{
	if (shape->effect == EFFECT_MOV)
		return b;
	if (shape->effect == EFFECT_CMOV)
		return value_join(a, b);
	if (shape->effect == EFFECT_ADD && (a.kind == VALUE_CELL || b.kind == VALUE_CELL)) {
		const struct value cell = a.kind == VALUE_CELL ? a : b;
		const struct value offset = a.kind == VALUE_CELL ? b : a;
		const uint64_t sum =
		    offset.kind == VALUE_BITS ? mask_add(cell.mask, offset.mask) : UINT64_MAX;

		return sum <= MASK32 ? value_cell((uint32_t)sum) : value_any();
	}
	return value_of_mask(mask);
}

/* A result of one or two bytes, merged into its register. */
static struct value merge_narrow(const struct shape *shape, struct value old, uint64_t mask)
{
	const uint32_t shift = shape->dst_high ? 8 : 0;
	const uint32_t field = (uint32_t)width_mask(shape->width) << shift;

	if (old.kind != VALUE_BITS)
		return value_any();
	return value_bits((old.mask & ~field) | ((uint32_t)mask << shift & field));
}

/* What the first operand, a general register, holds afterwards. */
static struct value destination_value(const struct shape *shape, const uint8_t *bytes,
                                      const struct frame *frame, struct state *state)
{
	const struct value a = state->values[shape->dst];
	const struct value b = source_value(shape, bytes, frame, state);
	uint64_t immediate = value_mask(b);
	uint64_t mask;

	if (shape->effect == EFFECT_LEA) {
		const struct value lea = lea_value(shape, bytes, state);
		return shape->width >= 4 ? lea : merge_narrow(shape, a, UINT64_MAX);
	}
	if (shape->src_kind == OPERAND_IMMEDIATE) /* exact also where it is negative */
		immediate = (uint64_t)rfv_immediate(shape, bytes) & width_mask(shape->width);
	mask = result_mask(shape, bytes, register_mask(state, shape->dst, shape->width, shape->dst_high),
	                   immediate);
	if (shape->width == 8)
		return wide_result(shape, a, b, mask);
	return shape->width == 4 ? value_bits((uint32_t)mask) : merge_narrow(shape, a, mask);
}

static bool has_value(uint8_t effect)
{
	return effect >= EFFECT_MOV && effect <= EFFECT_POPCNT;
}

/* All registers that the instruction writes and that no effect describes. */
static void apply_written(const struct shape *shape, struct state *state)
{
	for (uint32_t rest = shape->written; rest != 0; rest &= rest - 1) {
		const uint32_t number = (uint32_t)__builtin_ctz(rest);
		const bool narrow = shape->effect == EFFECT_GENERIC && shape->dst == number &&
		                    shape->width < 4 && shape->dst_kind == OPERAND_REGISTER;

		if (shape->zero_extended >> number & 1)
			state->values[number] = value_bits(MASK32);
		else if (narrow)
			state->values[number] = merge_narrow(shape, state->values[number], UINT64_MAX);
		else
			state->values[number] = value_any();
	}
}

static void exchange(const struct shape *shape, struct state *state)
{
	const struct value a = state->values[shape->dst];
	const struct value b = state->values[shape->src];
	const bool narrow = shape->width == 4;

	/* A reserved register may only get here with a rule broken. */
	state->values[shape->dst] = narrow ? value_of_mask(value_mask(b) & MASK32) : b;
	state->values[shape->src] = narrow ? value_of_mask(value_mask(a) & MASK32) : a;
}

/* A store of a register or constant by mov; every other store is just forgotten. */
static void apply_store(const struct shape *shape, const uint8_t *bytes, struct frame *frame,
                        struct state *state)
{
	struct value value;
	int32_t offset;

	if (!shape->memory.writes || !frame_offset(shape, bytes, state, &offset))
		return;
	value = shape->effect == EFFECT_MOV ? source_value(shape, bytes, frame, state) : value_any();
	forget_frame(frame, state, offset, shape->memory.size);
	if (shape->effect == EFFECT_MOV)
		store_frame(frame, state, offset, shape->memory.size, value);
}

/* ---- Stack and control flow --------------------------------------------- */

static void apply_push(const struct shape *shape, const uint8_t *bytes, struct frame *frame,
                       struct state *state, struct violation *violation)
{
	struct value value = source_value(shape, bytes, frame, state);
	const int32_t before = state->depth;

	if (shape->src_kind == OPERAND_IMMEDIATE)
		value = value_of_mask((uint64_t)rfv_immediate(shape, bytes));
	move_rsp(frame, state, 8, violation);
	if (state->depth != before)
		store_frame(frame, state, -state->depth, 8, value);
}

static void apply_pop(const struct shape *shape, struct frame *frame, struct state *state,
                      struct violation *violation)
{
	struct value value;

	if (state->depth < 8) {
		rfv_violate(violation, RFV_RULE_FRAME_SIZE,
		            "pop takes the return address or what is above it");
		return;
	}
	value = load_frame(frame, state, -state->depth, 8);
	move_rsp(frame, state, -8, violation);
	if (shape->dst < REGISTERS)
		state->values[shape->dst] = value;
}

/* The callee keeps rbx, rbp, r12, r13 and cannot reach our frame; nothing else is known. */
static void apply_call(struct state *state)
{
	static const uint8_t lost[] = {RAX, RCX, RDX, RSI, RDI, R8, R9, R10, R11};

	for (size_t i = 0; i < sizeof lost; i++)
		state->values[lost[i]] = value_any();
}

static bool is_host_vector(int64_t disp)
{
	return disp >= RF_HOST_VECTOR_OFFSET && disp < RF_HOST_VECTOR_OFFSET + 8 * RF_HOST_CALLS &&
	       (disp - RF_HOST_VECTOR_OFFSET) % 8 == 0;
}

static bool in_jump_tables(int64_t disp)
{
	return disp >= RF_JUMP_TABLE_OFFSET && disp < RF_JUMP_TABLE_OFFSET + RF_JUMP_TABLE_SIZE;
}

/* call/jmp through memory: function table, host call or, for jmp, jump table (contract, rule 5). */
static void check_indirect(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                           struct violation *violation)
{
	const struct memory_operand *memory = &shape->memory;
	const int64_t disp = rfv_displacement(shape, bytes);
	struct value index;
	char words[64];

	if (memory->base != R15) {
		rfv_violate(violation, RFV_RULE_INDIRECT_BRANCH,
		            "the target is not read from the control block");
		return;
	}
	if (memory->index == NO_REGISTER) {
		if (!is_host_vector(disp))
			rfv_violate(violation, RFV_RULE_HOST_CALL,
			            "displacement %" PRId64 " is not a known host call", disp);
		return;
	}
	index = state->values[memory->index];
	if (disp == RF_FUNCTION_TABLE_OFFSET && memory->scale == 1) {
		if (index.kind != VALUE_BITS || (index.mask & ~(uint32_t)RF_FUNCTION_TABLE_MASK) != 0)
			rfv_violate(violation, RFV_RULE_FUNCTION_INDEX,
			            "index %s may be %s, not within bits 0x%x",
			            rfv_register_name(memory->index), describe(index, words, sizeof words),
			            RF_FUNCTION_TABLE_MASK);
		return;
	}
	if (shape->effect != EFFECT_JMP || !in_jump_tables(disp)) {
		rfv_violate(violation, RFV_RULE_INDIRECT_BRANCH,
		            "displacement %" PRId64 " with scale %u is neither function table nor jump table",
		            disp, memory->scale);
		return;
	}
	if (index.kind != VALUE_BITS)
		rfv_violate(violation, RFV_RULE_JUMP_TABLE, "index %s may be %s",
		            rfv_register_name(memory->index), describe(index, words, sizeof words));
}

bool rfv_is_table_jump(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                       struct table_jump *jump)
{
	const struct memory_operand *memory = &shape->memory;
	const int64_t disp = rfv_displacement(shape, bytes);

	if (shape->effect != EFFECT_JMP || !memory->present || memory->base != R15 ||
	    memory->index == NO_REGISTER || !in_jump_tables(disp) ||
	    state->values[memory->index].kind != VALUE_BITS)
		return false;
	jump->offset = (uint32_t)(disp - RF_JUMP_TABLE_OFFSET);
	jump->step = memory->scale;
	jump->mask = state->values[memory->index].mask;
	return true;
}

static void check_select(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                         struct violation *violation)
{
	const struct value index = state->values[shape->memory.index];
	char words[64];

	if (rfv_displacement(shape, bytes) != RF_WINDOW_TABLE_OFFSET)
		rfv_violate(violation, RFV_RULE_WRITE_R14, "r14 may only be loaded from the window table");
	else if (index.kind != VALUE_BITS || (index.mask & ~(uint32_t)RF_WINDOW_INDEX_MASK) != 0)
		rfv_violate(violation, RFV_RULE_SELECT_INDEX, "index %s may be %s, not within bits 0x%x",
		            rfv_register_name(shape->memory.index), describe(index, words, sizeof words),
		            RF_WINDOW_INDEX_MASK);
}

/* ---- One instruction ---------------------------------------------------- */

void rfv_state_entry(struct state *state)
{
	static const uint8_t saved[] = {RBX, RBP, R12, R13};

	state->depth = 0;
	for (size_t i = 0; i < REGISTERS; i++)
		state->values[i] = value_any();
	for (size_t i = 0; i < sizeof saved; i++)
		state->values[saved[i]] = (struct value){.kind = VALUE_INIT, .mask = saved[i]};
	state->values[R15] = value_cell(0);
}

static void apply_ordinary(const struct shape *shape, const uint8_t *bytes, struct frame *frame,
                           struct state *state)
{
	const bool value =
	    has_value(shape->effect) && shape->dst < REGISTERS && (shape->written >> shape->dst & 1);

	if (value) {
		state->values[shape->dst] = destination_value(shape, bytes, frame, state);
		return; /* these write nothing else */
	}
	if (shape->effect == EFFECT_XCHG) {
		exchange(shape, state);
		return;
	}
	apply_store(shape, bytes, frame, state);
	apply_written(shape, state);
}

void rfv_step(const struct shape *shape, const uint8_t *bytes, struct frame *frame, struct state *state,
              struct violation *violation)
{
	const bool branch = shape->effect == EFFECT_CALL || shape->effect == EFFECT_JMP;

	violation->rule = RFV_RULE_NONE;
	if (shape->denial != 0) {
		rfv_violate(violation, rfv_denial(shape)->rule, "%s", rfv_denial(shape)->message);
		if (shape->effect == EFFECT_POP && state->depth >= 8)
			state->depth -= 8; /* so that one fault gives one finding */
		apply_written(shape, state);
		return;
	}
	if (branch && shape->memory.present)
		check_indirect(shape, bytes, state, violation);
	else if (shape->effect == EFFECT_SELECT)
		check_select(shape, bytes, state, violation);
	else if (shape->memory.accessed)
		check_memory(shape, bytes, state, violation);

	switch (shape->effect) {
	case EFFECT_PUSH:
		apply_push(shape, bytes, frame, state, violation);
		break;
	case EFFECT_POP:
		apply_pop(shape, frame, state, violation);
		break;
	case EFFECT_ADD_RSP:
		move_rsp(frame, state, -rfv_immediate(shape, bytes), violation);
		break;
	case EFFECT_SUB_RSP:
		move_rsp(frame, state, rfv_immediate(shape, bytes), violation);
		break;
	case EFFECT_LEA_RSP:
		move_rsp(frame, state, -(int64_t)rfv_displacement(shape, bytes), violation);
		break;
	case EFFECT_CALL:
		apply_call(state);
		break;
	case EFFECT_RET:
		(void)rfv_check_leave(state, violation);
		break;
	case EFFECT_JMP: /* function table and host calls: a tail call */
		if (shape->memory.present && !in_jump_tables(rfv_displacement(shape, bytes)))
			(void)rfv_check_leave(state, violation);
		break;
	case EFFECT_JCC:
	case EFFECT_TRAP:
	case EFFECT_NOP:
	case EFFECT_SELECT:
		break;
	default:
		apply_ordinary(shape, bytes, frame, state);
		break;
	}
}
