/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* rbx, rbp, r12, r13: a function returns them as it found them. */
#define SAVED (1u << RBX | 1u << RBP | 1u << R12 | 1u << R13)
/* What a call leaves as it was. */
#define KEPT (SAVED | 1u << RSP | 1u << R14 | 1u << R15)
/* Wider accesses than any store of an instruction. */
#define WIDE_RANGE 32

/* ---- Words for messages ------------------------------------------------- */

const char *rfv_register_name(uint8_t number)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
	                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

	return names[number];
}

__attribute__((format(printf, 3, 4))) static void violate(struct violation *violation, enum rfv_rule rule,
                                                          const char *format, ...)
{
	va_list arguments;

	if (violation->rule != RFV_RULE_NONE)
		return;
	violation->rule = rule;
	va_start(arguments, format);
	(void)vsnprintf(violation->message, sizeof violation->message, format, arguments);
	va_end(arguments);
}

const char *rfv_describe(struct value value, char *buffer, size_t size)
{
	if (value.kind == VALUE_BITS)
		(void)snprintf(buffer, size, "a number within bits 0x%" PRIx32, value.mask);
	else if (value.kind == VALUE_CELL)
		(void)snprintf(buffer, size, "a pointer into the cell");
	else if (value.kind == VALUE_INIT)
		(void)snprintf(buffer, size, "the caller's %s", rfv_register_name((uint8_t)value.mask));
	else
		(void)snprintf(buffer, size, "any 64-bit value");
	return buffer;
}

static uint64_t width_mask(uint8_t width)
{
	return width >= 8 ? UINT64_MAX : (UINT64_C(1) << (8 * width)) - 1;
}

/* ---- The frame ---------------------------------------------------------- */

static uint32_t unit_at(int32_t offset)
{
	return (uint32_t)(offset + RF_FRAME_MAX) / UNIT_SIZE + 1;
}

/* NULL if the unit is not tracked. */
static struct value *unit_value(const struct frame *frame, struct state *state, uint32_t unit)
{
	const uint32_t number = frame->number[unit];

	return number == 0 ? NULL : &state->values[REGISTERS + number - 1];
}

/*
 * The bytes [offset, offset + size) relative to rsp on entry may have
 * changed. They lie in [-RF_FRAME_MAX, 0).
 */
static void forget_frame(const struct frame *frame, struct state *state, int32_t offset, uint32_t size)
{
	const uint32_t first = unit_at(offset);
	const uint32_t last = unit_at(offset + (int32_t)size - 1);
	const bool wide = size > WIDE_RANGE; /* then look at what is tracked, which may be less */
	const uint32_t count = wide ? frame->unit_count : last - first + 2;

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t unit = wide ? frame->units[i] : first - 1 + i;
		struct value *value = unit_value(frame, state, unit);

		/* The value before the first unit reaches into it, unless it is a half. */
		if (value != NULL && unit <= last &&
		    (unit >= first || (unit + 1 == first && value->kind != VALUE_HALF)))
			*value = value_any();
	}
}

/* Bytes that were just forgotten hold the value, if that is worth knowing. */
static void store_frame(struct frame *frame, struct state *state, int32_t offset, uint8_t size,
                        struct value value)
{
	const uint32_t unit = unit_at(offset);

	if (size == 4 && value.kind == VALUE_BITS && value.mask != MASK32)
		value.kind = VALUE_HALF;
	else if (size != 8 || value.kind == VALUE_ANY)
		return;
	if (offset % UNIT_SIZE != 0)
		return;
	if (frame->number[unit] == 0) {
		if (frame->unit_count == TRACKED_UNITS_MAX)
			return;
		frame->units[frame->unit_count++] = (uint16_t)unit;
		frame->number[unit] = (uint16_t)frame->unit_count;
	}
	*unit_value(frame, state, unit) = value;
}

static struct value load_frame(const struct frame *frame, struct state *state, int32_t offset, uint8_t size)
{
	const struct value *value = unit_value(frame, state, unit_at(offset));
	const bool known = value != NULL && offset % UNIT_SIZE == 0;

	if (size == 4 && known && (value->kind == VALUE_HALF || value->kind == VALUE_BITS))
		return value_bits(value->mask);
	if (size == 8 && known && value->kind != VALUE_HALF)
		return *value;
	return value_of_mask(width_mask(size));
}

/* Where a memory operand is relative to rsp on entry; false if that is not in the frame. */
static bool frame_offset(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                         int32_t *offset)
{
	const struct memory_operand *memory = &shape->memory;
	const int64_t disp = rfv_displacement(shape, bytes);

	*offset = (int32_t)(disp - state->depth);
	return memory->accessed && memory->base == RSP && memory->index == NO_REGISTER && disp >= 0 &&
	       disp + memory->size <= state->depth;
}

/* ---- Memory operands (contract, rule 3) --------------------------------- */

static void check_frame_operand(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                                struct violation *violation)
{
	const struct memory_operand *memory = &shape->memory;
	const int64_t disp = rfv_displacement(shape, bytes);
	const int64_t above = disp - state->depth; /* relative to the return address */
	int32_t offset;

	if (frame_offset(shape, bytes, state, &offset))
		return;
	if (memory->index != NO_REGISTER)
		violate(violation, RFV_RULE_FRAME_BOUNDS, "a control-stack operand cannot have an index");
	else if (above < 8 || above + memory->size > 8 + RF_INCOMING_ARGS_MAX)
		violate(violation, RFV_RULE_FRAME_BOUNDS,
		        "[rsp%+" PRId64 "] (%u bytes) leaves the frame, which is %" PRId32 " bytes here",
		        disp, memory->size, state->depth);
	else if (memory->writes)
		violate(violation, RFV_RULE_ARGUMENT_STORE, "incoming stack arguments are read-only");
}

/* An index is certain to be a number within the bits `allowed`. */
static bool check_index(const struct state *state, uint8_t number, uint32_t allowed, enum rfv_rule rule,
                        struct violation *violation)
{
	const struct value index = number == NO_REGISTER ? value_bits(0) : state->values[number];
	char words[64];

	if (index.kind == VALUE_BITS && (index.mask & ~allowed) == 0)
		return true;
	violate(violation, rule, "index %s may be %s, not within bits 0x%" PRIx32, rfv_register_name(number),
	        rfv_describe(index, words, sizeof words), allowed);
	return false;
}

static void check_packet_operand(const struct memory_operand *memory, const struct state *state, int64_t disp,
                                 struct violation *violation)
{
	int64_t high = disp + memory->size;

	if (!check_index(state, memory->index, MASK32, RFV_RULE_PACKET_BOUNDS, violation))
		return;
	if (memory->index != NO_REGISTER)
		high += (int64_t)state->values[memory->index].mask * memory->scale;
	if (disp < RF_WINDOW_LOW)
		violate(violation, RFV_RULE_PACKET_BOUNDS, "offset %" PRId64 " is below the window (%d)",
		        disp, RF_WINDOW_LOW);
	else if (high > RF_WINDOW_HIGH)
		violate(violation, RFV_RULE_PACKET_BOUNDS,
		        "the access may reach r14+%" PRId64 ", past the window's end at r14+%d", high,
		        RF_WINDOW_HIGH);
}

static void check_cell_operand(const struct memory_operand *memory, const struct state *state, int64_t disp,
                               struct violation *violation)
{
	uint8_t base = memory->base;
	uint8_t index = memory->index;
	char words[64];

	if (base >= REGISTERS) {
		violate(violation, RFV_RULE_MEMORY_BASE, "%s",
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
		violate(violation, RFV_RULE_MEMORY_BASE, "base %s may be %s, not r15 plus a 32-bit offset",
		        rfv_register_name(base), rfv_describe(state->values[base], words, sizeof words));
	else if (check_index(state, index, MASK32, RFV_RULE_MEMORY_INDEX, violation) &&
	         disp < RF_DATA_OFFSET_MIN)
		violate(violation, RFV_RULE_MEMORY_CONTROL_BLOCK,
		        "displacement %" PRId64 " reaches the control block", disp);
}

static void check_memory(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                         struct violation *violation)
{
	const struct memory_operand *memory = &shape->memory;
	int64_t disp;

	if (!memory->accessed)
		return;
	disp = rfv_displacement(shape, bytes);
	if (memory->base == RSP)
		check_frame_operand(shape, bytes, state, violation);
	else if (memory->base == R14)
		check_packet_operand(memory, state, disp, violation);
	else
		check_cell_operand(memory, state, disp, violation);
}

/* ---- Stack pointer (contract, rule 4) ----------------------------------- */

static bool move_rsp(struct frame *frame, struct state *state, int64_t down, struct violation *violation)
{
	const int64_t depth = state->depth + down;

	if (depth < 0 || depth > RF_FRAME_MAX) {
		violate(violation, RFV_RULE_FRAME_SIZE,
		        depth < 0 ? "rsp would rise %" PRId64 " bytes above the return address"
		                  : "the frame would be %" PRId64 " bytes, more than 65536",
		        depth < 0 ? -depth : depth);
		return false;
	}
	state->depth = (int32_t)depth;
	if (down > 0) /* what lay there belonged to a callee or to nobody */
		forget_frame(frame, state, -state->depth, (uint32_t)down);
	return true;
}

bool rfv_check_leave(const struct state *state, struct violation *violation)
{
	if (state->depth != 0)
		violate(violation, RFV_RULE_STACK_BALANCE,
		        "leaves the function with %" PRId32 " bytes on the stack", state->depth);
	for (uint8_t i = 0; i < REGISTERS; i++) {
		const struct value value = state->values[i];
		char words[64];

		if ((SAVED >> i & 1) && !(value.kind == VALUE_INIT && value.mask == i))
			violate(violation, RFV_RULE_CALLEE_SAVED, "leaves the function with %s holding %s",
			        rfv_register_name(i), rfv_describe(value, words, sizeof words));
	}
	return violation->rule == RFV_RULE_NONE;
}

/* ---- Values ------------------------------------------------------------- */

/* The immediate as the second operand of an instruction on the first. */
static uint64_t immediate_bits(const struct shape *shape, const uint8_t *bytes)
{
	return (uint64_t)rfv_immediate(shape, bytes) & width_mask(shape->dst.width);
}

/* What an operand holds: as a 64-bit value if it has eight bytes, zero-extended otherwise. */
static struct value operand_value(const struct shape *shape, const uint8_t *bytes,
                                  const struct operand *operand, const struct frame *frame,
                                  struct state *state)
{
	int32_t offset;

	if (operand->kind == OPERAND_REGISTER) {
		const struct value value = state->values[operand->reg];

		if (operand->width == 8)
			return value;
		return value_of_mask(value_mask(value) >> (operand->high ? 8 : 0) &
		                     width_mask(operand->width));
	}
	if (operand->kind == OPERAND_IMMEDIATE)
		return value_of_mask(immediate_bits(shape, bytes));
	if (operand->kind == OPERAND_MEMORY && operand->width >= 4 &&
	    frame_offset(shape, bytes, state, &offset))
		return load_frame(frame, state, offset, operand->width);
	return value_of_mask(width_mask(operand->width));
}

static uint64_t shift_mask(const struct shape *shape, const uint8_t *bytes, uint64_t mask)
{
	const uint64_t all = width_mask(shape->dst.width);
	const bool negative = (mask & ~(all >> 1)) != 0;
	uint8_t count;

	if (shape->effect == EFFECT_SAR && negative)
		return all;
	if (shape->src.kind != OPERAND_IMMEDIATE)
		return shape->effect == EFFECT_SHL ? all : mask_up_to(mask);
	count = (uint8_t)rfv_immediate(shape, bytes) & (shape->dst.width == 8 ? 63 : 31);
	return shape->effect == EFFECT_SHL ? mask << count & all : mask >> count;
}

/* A register with itself: both operands are equally wide. */
static bool same_operands(const struct shape *shape)
{
	const struct operand *dst = &shape->dst;
	const struct operand *src = &shape->src;

	return src->kind == OPERAND_REGISTER && src->reg == dst->reg && src->high == dst->high;
}

/* Bits of the result of an effect on two operands within the masks a and b. */
static uint64_t result_mask(const struct shape *shape, const uint8_t *bytes, uint64_t a, uint64_t b)
{
	const uint64_t all = width_mask(shape->dst.width);

	switch (shape->effect) {
	case EFFECT_ADD:
		return mask_add(a, b) > all ? all : mask_add(a, b);
	case EFFECT_SUB:
		return same_operands(shape) ? 0 : all;
	case EFFECT_AND:
		return a & b;
	case EFFECT_XOR:
		return same_operands(shape) ? 0 : a | b;
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
		return b & (UINT64_C(1) << (8 * shape->src.width - 1)) ? all : b;
	default: /* lea of 16 bits */
		return all;
	}
}

/* Part of an address: of which, in 32 bits, only the lower half matters. */
static struct value address_part(const struct state *state, uint8_t number, bool narrow)
{
	const struct value value = number == NO_REGISTER ? value_bits(0) : state->values[number];

	return narrow && value.kind != VALUE_BITS ? value_bits(MASK32) : value;
}

static struct value lea_value(const struct shape *shape, const uint8_t *bytes, const struct state *state)
{
	const struct memory_operand *memory = &shape->memory;
	const bool narrow = memory->address32 || shape->dst.width < 8;
	const int32_t disp = rfv_displacement(shape, bytes);
	struct value index = address_part(state, memory->index, narrow);
	struct value sum;

	if (memory->scale > 1)
		index = index.kind == VALUE_BITS ? value_of_mask((uint64_t)index.mask * memory->scale)
		                                 : value_any();
	sum = value_add(address_part(state, memory->base, narrow), index);
	sum = value_add(sum, disp < 0 ? value_any() : value_bits((uint32_t)disp));
	return narrow && sum.kind != VALUE_BITS ? value_bits(MASK32) : sum;
}

/* A result of one or two bytes, merged into its register. */
static struct value merge_narrow(const struct operand *dst, struct value old, uint64_t mask)
{
	const uint32_t shift = dst->high ? 8 : 0;
	const uint32_t field = (uint32_t)width_mask(dst->width) << shift;

	if (old.kind != VALUE_BITS)
		return value_any();
	return value_bits((old.mask & ~field) | ((uint32_t)mask << shift & field));
}

/* What the first operand, a general register, holds after an effect that has a value. */
static struct value destination_value(const struct shape *shape, const uint8_t *bytes,
                                      const struct frame *frame, struct state *state)
{
	const struct operand *dst = &shape->dst;
	const struct operand *src = &shape->src;
	struct value a;
	struct value b;
	uint64_t mask;

	if (shape->effect == EFFECT_LEA && dst->width >= 4)
		return lea_value(shape, bytes, state);
	b = operand_value(shape, bytes, src, frame, state);
	if ((shape->effect == EFFECT_MOV || shape->effect == EFFECT_MOVZX) && dst->width >= 4)
		return b;
	a = operand_value(shape, bytes, dst, frame, state);
	/* Exact also where an immediate is negative, which no value is. */
	mask = result_mask(shape, bytes, value_mask(a),
	                   src->kind == OPERAND_IMMEDIATE ? immediate_bits(shape, bytes) : value_mask(b));
	if (dst->width < 4)
		return merge_narrow(dst, state->values[dst->reg], mask);
	if (dst->width == 8 && shape->effect == EFFECT_CMOV)
		return value_join(a, b);
	if (dst->width == 8 && shape->effect == EFFECT_ADD)
		return value_add(a, b);
	return value_of_mask(mask);
}

/* All registers that the instruction writes, where no effect describes them. */
static void apply_written(const struct shape *shape, struct state *state)
{
	for (uint32_t rest = shape->written; rest != 0; rest &= rest - 1) {
		const uint32_t number = (uint32_t)__builtin_ctz(rest);

		if (shape->zero_extended >> number & 1)
			state->values[number] = value_bits(MASK32);
		else if (shape->effect == EFFECT_GENERIC && shape->dst.reg == number && shape->dst.width < 4)
			state->values[number] = merge_narrow(&shape->dst, state->values[number], UINT64_MAX);
		else
			state->values[number] = value_any();
	}
}

static void exchange(const struct shape *shape, const uint8_t *bytes, const struct frame *frame,
                     struct state *state)
{
	const struct value a = operand_value(shape, bytes, &shape->dst, frame, state);

	/* A reserved register only gets here with a rule broken. */
	state->values[shape->dst.reg] = operand_value(shape, bytes, &shape->src, frame, state);
	state->values[shape->src.reg] = a;
}

/* A store of a register or constant by mov; every other store is just forgotten. */
static void apply_store(const struct shape *shape, const uint8_t *bytes, struct frame *frame,
                        struct state *state)
{
	int32_t offset;

	if (!shape->memory.writes || !frame_offset(shape, bytes, state, &offset))
		return;
	forget_frame(frame, state, offset, shape->memory.size);
	if (shape->effect == EFFECT_MOV)
		store_frame(frame, state, offset, shape->memory.size,
		            operand_value(shape, bytes, &shape->src, frame, state));
}

/* ---- Stack and control flow --------------------------------------------- */

static void apply_push(const struct shape *shape, const uint8_t *bytes, struct frame *frame,
                       struct state *state, struct violation *violation)
{
	const struct value value = operand_value(shape, bytes, &shape->dst, frame, state);

	if (move_rsp(frame, state, 8, violation))
		store_frame(frame, state, -state->depth, 8, value);
}

static void apply_pop(const struct shape *shape, struct frame *frame, struct state *state,
                      struct violation *violation)
{
	if (state->depth < 8) {
		violate(violation, RFV_RULE_FRAME_SIZE, "pop takes the return address or what is above it");
		return;
	}
	state->values[shape->dst.reg] = load_frame(frame, state, -state->depth, 8);
	state->depth -= 8;
}

/* The callee keeps rbx, rbp, r12, r13 and cannot reach our frame; nothing else is known. */
static void apply_call(struct state *state)
{
	for (uint32_t i = 0; i < REGISTERS; i++)
		if (!(KEPT >> i & 1))
			state->values[i] = value_any();
}

static bool is_host_vector(int64_t disp)
{
	const uint64_t place = (uint64_t)(disp - RF_HOST_VECTOR_OFFSET);

	return place < 8 * RF_HOST_CALLS && place % 8 == 0;
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

	if (!memory->present) /* a direct one */
		return;
	if (memory->base != R15) {
		violate(violation, RFV_RULE_INDIRECT_BRANCH, "the target is not read from the control block");
	} else if (memory->index == NO_REGISTER) {
		if (!is_host_vector(disp))
			violate(violation, RFV_RULE_HOST_CALL,
			        "displacement %" PRId64 " is not a known host call", disp);
	} else if (disp == RF_FUNCTION_TABLE_OFFSET && memory->scale == 1) {
		(void)check_index(state, memory->index, RF_FUNCTION_TABLE_MASK, RFV_RULE_FUNCTION_INDEX,
		                  violation);
	} else if (shape->effect == EFFECT_JMP && in_jump_tables(disp)) {
		(void)check_index(state, memory->index, MASK32, RFV_RULE_JUMP_TABLE, violation);
	} else {
		violate(violation, RFV_RULE_INDIRECT_BRANCH,
		        "displacement %" PRId64 " with scale %u is neither function table nor jump table",
		        disp, memory->scale);
	}
}

bool rfv_is_table_jump(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                       struct table_jump *jump)
{
	const int64_t disp = rfv_displacement(shape, bytes);

	if (!shape->memory.present || !in_jump_tables(disp))
		return false;
	jump->offset = (uint32_t)(disp - RF_JUMP_TABLE_OFFSET);
	jump->step = shape->memory.scale;
	jump->mask = state->values[shape->memory.index].mask;
	return true;
}

static void check_select(const struct shape *shape, const uint8_t *bytes, const struct state *state,
                         struct violation *violation)
{
	if (rfv_displacement(shape, bytes) != RF_WINDOW_TABLE_OFFSET)
		violate(violation, RFV_RULE_WRITE_R14, "r14 may only be loaded from the window table");
	(void)check_index(state, shape->memory.index, RF_WINDOW_INDEX_MASK, RFV_RULE_SELECT_INDEX, violation);
}

/* ---- One instruction ---------------------------------------------------- */

void rfv_state_entry(struct state *state)
{
	state->depth = 0;
	for (uint32_t i = 0; i < REGISTERS; i++)
		state->values[i] =
		    SAVED >> i & 1 ? (struct value){.kind = VALUE_INIT, .mask = i} : value_any();
	state->values[R15] = value_cell(0);
}

void rfv_step(const struct shape *shape, const uint8_t *bytes, struct frame *frame, struct state *state,
              struct violation *violation)
{
	violation->rule = RFV_RULE_NONE;
	if (shape->denial != NULL) {
		violate(violation, (enum rfv_rule)shape->rule, "%s", shape->denial);
		if (shape->effect == EFFECT_POP && state->depth >= 8)
			state->depth -= 8; /* so that one fault gives one finding */
		apply_written(shape, state);
		return;
	}
	switch (shape->effect) {
	case EFFECT_PUSH:
		check_memory(shape, bytes, state, violation);
		apply_push(shape, bytes, frame, state, violation);
		break;
	case EFFECT_POP:
		apply_pop(shape, frame, state, violation);
		break;
	case EFFECT_ADD_RSP:
		(void)move_rsp(frame, state, -rfv_immediate(shape, bytes), violation);
		break;
	case EFFECT_SUB_RSP:
		(void)move_rsp(frame, state, rfv_immediate(shape, bytes), violation);
		break;
	case EFFECT_LEA_RSP:
		(void)move_rsp(frame, state, -(int64_t)rfv_displacement(shape, bytes), violation);
		break;
	case EFFECT_CALL:
		check_indirect(shape, bytes, state, violation);
		apply_call(state);
		break;
	case EFFECT_RET:
		(void)rfv_check_leave(state, violation);
		break;
	case EFFECT_JMP: /* function table and host calls: a tail call */
		check_indirect(shape, bytes, state, violation);
		if (shape->memory.present && !in_jump_tables(rfv_displacement(shape, bytes)))
			(void)rfv_check_leave(state, violation);
		break;
	case EFFECT_JCC:
	case EFFECT_TRAP:
	case EFFECT_BREAKPOINT:
	case EFFECT_NOP:
		break;
	case EFFECT_SELECT:
		check_select(shape, bytes, state, violation);
		break;
	case EFFECT_XCHG: /* of registers: the others are generic */
		exchange(shape, bytes, frame, state);
		break;
	case EFFECT_MOV ... EFFECT_POPCNT: /* a value for the first operand, and nothing else changes */
		check_memory(shape, bytes, state, violation);
		if (shape->written != 0)
			state->values[shape->dst.reg] = destination_value(shape, bytes, frame, state);
		else
			apply_store(shape, bytes, frame, state);
		break;
	default: /* generic, opaque */
		check_memory(shape, bytes, state, violation);
		apply_store(shape, bytes, frame, state);
		apply_written(shape, state);
		break;
	}
}
