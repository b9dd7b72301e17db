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
	else if (value_is_init(value))
		(void)snprintf(buffer, size, "the caller's %s",
		               rfv_register_name(value_init_register(value)));
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

	return number == 0 ? NULL : &state->values[FIRST_UNIT + number - 1];
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

static int32_t displacement(const struct step *step)
{
	return rfv_displacement(step->shape, step->bytes);
}

static struct base_index address_of(const struct step *step)
{
	return rfv_address(step->shape, step->bytes);
}

/* Where a memory operand that is accessed is relative to rsp on entry; false if that is not in the frame. */
static bool frame_offset(const struct step *step, int32_t *offset)
{
	const struct memory_operand *memory = &step->shape->memory;
	const int64_t disp = displacement(step);
	const int32_t depth = step->state->depth;

	*offset = (int32_t)(disp - depth);
	return rfv_is_stack_address(memory) && disp >= 0 && disp + memory->size <= depth;
}

/* ---- Memory operands (contract, rule 3) --------------------------------- */

/* What an operand with a base may access. */
struct reach {
	uint32_t kind; /* of the value that the base must have */
	int64_t low;   /* least displacement */
	int64_t high;  /* highest end of the access, from the base without what it adds to r15 */
};

/* clang-format off */
#define CELL {VALUE_CELL, RF_DATA_OFFSET_MIN, INT64_MAX}

static const struct reach reaches[REGISTER_NUMBERS] = {
	[RAX ... RBX] = CELL,
	[RSP] = {VALUE_ANY, 0, 0}, /* the frame: up to the depth */
	[RBP ... R13] = CELL,
	[R14] = {VALUE_ANY, RF_WINDOW_LOW, RF_WINDOW_HIGH},
	[R15 ... RIP_REGISTER] = CELL, /* no base and rip never have a value of that kind */
};
/* clang-format on */

/* The one place where an access is permitted. Without branches: they would be hard to predict. */
static bool within_reach(struct base_index address, int64_t disp, uint8_t size, const struct state *state)
{
	const struct reach *reach = &reaches[address.base];
	const struct value added = state->values[address.index];
	const int64_t high = address.base == RSP ? state->depth : reach->high;
	const int64_t end = disp + size + (int64_t)added.mask * address.scale;

	return (state->values[address.base].kind == reach->kind) & (added.kind == VALUE_BITS) &
	       (disp >= reach->low) & (end <= high) &
	       ((address.base != RSP) | (address.index == NO_REGISTER));
}

/* An index is certain to be a number within the bits `allowed`. */
static bool check_index(const struct step *step, uint8_t number, uint32_t allowed, enum rfv_rule rule)
{
	const struct value index = step->state->values[number];
	char words[64];

	if (index.kind == VALUE_BITS && (index.mask & ~allowed) == 0)
		return true;
	violate(step->violation, rule, "index %s may be %s, not within bits 0x%" PRIx32,
	        rfv_register_name(number), rfv_describe(index, words, sizeof words), allowed);
	return false;
}

/* Above the return address there are arguments of the caller, to be read only. */
static void check_above_frame(const struct step *step, uint8_t index, int64_t disp)
{
	const struct memory_operand *memory = &step->shape->memory;
	const int64_t above = disp - step->state->depth;

	if (index != NO_REGISTER)
		violate(step->violation, RFV_RULE_FRAME_BOUNDS,
		        "a control-stack operand cannot have an index");
	else if (above < 8 || above + memory->size > 8 + RF_INCOMING_ARGS_MAX)
		violate(step->violation, RFV_RULE_FRAME_BOUNDS,
		        "[rsp%+" PRId64 "] (%u bytes) leaves the frame, which is %" PRId32 " bytes here",
		        disp, memory->size, step->state->depth);
	else if (memory->writes)
		violate(step->violation, RFV_RULE_ARGUMENT_STORE, "incoming stack arguments are read-only");
}

static void refuse_packet_operand(const struct step *step, struct base_index address, int64_t disp)
{
	const int64_t added = (int64_t)step->state->values[address.index].mask * address.scale;

	if (!check_index(step, address.index, MASK32, RFV_RULE_PACKET_BOUNDS))
		return;
	if (disp < RF_WINDOW_LOW)
		violate(step->violation, RFV_RULE_PACKET_BOUNDS,
		        "offset %" PRId64 " is below the window (%d)", disp, RF_WINDOW_LOW);
	else
		violate(step->violation, RFV_RULE_PACKET_BOUNDS,
		        "the access may reach r14+%" PRId64 ", past the window's end at r14+%d",
		        disp + step->shape->memory.size + added, RF_WINDOW_HIGH);
}

static void refuse_cell_operand(const struct step *step, struct base_index address, int64_t disp)
{
	const uint8_t base = address.base;
	char words[64];

	if (base >= REGISTERS)
		violate(step->violation, RFV_RULE_MEMORY_BASE, "%s",
		        base == RIP_REGISTER
		            ? "rip-relative operands are not permitted"
		            : "an operand needs r15, r14, rsp or a pointer made from r15 as base");
	else if (step->state->values[base].kind != VALUE_CELL)
		violate(step->violation, RFV_RULE_MEMORY_BASE,
		        "base %s may be %s, not r15 plus a 32-bit offset", rfv_register_name(base),
		        rfv_describe(step->state->values[base], words, sizeof words));
	else if (check_index(step, address.index, MASK32, RFV_RULE_MEMORY_INDEX))
		violate(step->violation, RFV_RULE_MEMORY_CONTROL_BLOCK,
		        "displacement %" PRId64 " reaches the control block", disp);
}

/* An operand that is not within reach as it is encoded: what else is permitted, or what is wrong. */
static void check_further(const struct step *step)
{
	const struct base_index address = address_of(step);
	const struct base_index swapped = {.base = address.index, .index = address.base, .scale = 1};
	const struct value *values = step->state->values;
	const uint8_t size = step->shape->memory.size;
	const int64_t disp = displacement(step);

	if (within_reach(address, disp, size, step->state))
		return;
	if (address.base == RSP) {
		check_above_frame(step, address.index, disp);
	} else if (address.base == R14) {
		refuse_packet_operand(step, address, disp);
	} else if (address.scale == 1 && address.base < REGISTERS &&
	           values[address.base].kind != VALUE_CELL && values[address.index].kind == VALUE_CELL) {
		/* With scale 1 it is the processor's business which of the two is the base. */
		if (!within_reach(swapped, disp, size, step->state))
			refuse_cell_operand(step, swapped, disp);
	} else {
		refuse_cell_operand(step, address, disp);
	}
}

static inline void check_memory(const struct step *step)
{
	const struct memory_operand *memory = &step->shape->memory;

	/* As it is encoded it may have r14 or r15 as its index: no numbers, so that is not in reach. */
	if (memory->accessed && !within_reach(rfv_encoded_address(step->shape, step->bytes),
	                                      displacement(step), memory->size, step->state))
		check_further(step);
}

/* ---- Values ------------------------------------------------------------- */

static struct value *destination(const struct step *step)
{
	return &step->state->values[step->shape->dst.reg];
}

/* The immediate as the second operand of an instruction on the first. */
static uint64_t immediate_bits(const struct step *step)
{
	return (uint64_t)rfv_immediate(step->shape, step->bytes) & width_mask(step->shape->dst.width);
}

/* What a memory operand holds: something is known of the frame only. */
static struct value memory_value(const struct step *step, uint8_t width)
{
	int32_t offset;

	if (width >= 4 && frame_offset(step, &offset))
		return load_frame(step->frame, step->state, offset, width);
	return value_of_mask(width_mask(width));
}

/* The bits that an operand can have set: exact also where it is a negative immediate, which no value is. */
static uint64_t operand_mask(const struct step *step, const struct operand *operand)
{
	const uint64_t all = width_mask(operand->width);

	if (operand->kind == OPERAND_REGISTER)
		return value_mask(step->state->values[operand->reg]) >> (operand->high ? 8 : 0) & all;
	if (operand->kind == OPERAND_IMMEDIATE)
		return immediate_bits(step);
	return operand->kind == OPERAND_MEMORY ? value_mask(memory_value(step, operand->width)) : all;
}

/* What an operand holds: as a 64-bit value if it has eight bytes, zero-extended otherwise. */
static struct value operand_value(const struct step *step, const struct operand *operand)
{
	if (operand->kind == OPERAND_REGISTER && operand->width == 8)
		return step->state->values[operand->reg];
	if (operand->kind == OPERAND_MEMORY)
		return memory_value(step, operand->width);
	return value_of_mask(operand_mask(step, operand));
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

/* The first operand, a general register, holds a number within the mask. */
static void set_mask(const struct step *step, uint64_t mask)
{
	const struct operand *dst = &step->shape->dst;
	struct value *value = destination(step);

	*value = dst->width < 4 ? merge_narrow(dst, *value, mask) : value_of_mask(mask);
}

/* Part of an address: of which, in 32 bits, only the lower half matters. */
static struct value address_part(const struct state *state, uint8_t number, bool narrow)
{
	const struct value value = state->values[number];

	return narrow && value.kind != VALUE_BITS ? value_bits(MASK32) : value;
}

/* Of an address of at least 32 bits. */
static struct value address_value(const struct step *step)
{
	const struct memory_operand *memory = &step->shape->memory;
	const bool narrow = memory->address32 || step->shape->dst.width < 8;
	const int32_t disp = displacement(step);
	const struct base_index at = rfv_encoded_address(step->shape, step->bytes);
	struct value index = address_part(step->state, at.index, narrow);
	struct value sum;

	if (at.scale > 1)
		index =
		    index.kind == VALUE_BITS ? value_of_mask((uint64_t)index.mask * at.scale) : value_any();
	sum = value_add(address_part(step->state, at.base, narrow), index);
	sum = value_add(sum, disp < 0 ? value_any() : value_bits((uint32_t)disp));
	return narrow && sum.kind != VALUE_BITS ? value_bits(MASK32) : sum;
}

/* ---- Effects on values -------------------------------------------------- */

/* What any number of so many bytes is, and anything at all. */
static const struct value sized_values[] = {[0] = {VALUE_BITS, 0},
                                            [1] = {VALUE_BITS, 0xff},
                                            [2] = {VALUE_BITS, 0xffff},
                                            [4] = {VALUE_BITS, MASK32},
                                            [8] = {VALUE_ANY, 0}};

static void apply_fixed(const struct step *step)
{
	step->state->values[step->shape->fixed_register] = sized_values[step->shape->fixed_size];
}

static void apply_fixed_memory(const struct step *step)
{
	check_memory(step);
	apply_fixed(step);
}

static void apply_mov(const struct step *step)
{
	check_memory(step);
	set_mask(step, operand_mask(step, &step->shape->src));
}

static void apply_movsx(const struct step *step)
{
	const struct shape *shape = step->shape;
	const uint64_t mask = operand_mask(step, &shape->src);
	const uint64_t sign = UINT64_C(1) << (8 * shape->src.width - 1);

	check_memory(step);
	set_mask(step, mask & sign ? width_mask(shape->dst.width) : mask);
}

static void apply_lea(const struct step *step)
{
	if (step->shape->dst.width < 4)
		set_mask(step, UINT64_MAX);
	else
		*destination(step) = address_value(step);
}

static void apply_add(const struct step *step)
{
	const struct operand *dst = &step->shape->dst;
	const struct operand *src = &step->shape->src;

	check_memory(step);
	if (dst->width == 8)
		*destination(step) = value_add(operand_value(step, dst), operand_value(step, src));
	else /* what is carried out of the width is lost */
		set_mask(step,
		         mask_add((uint32_t)operand_mask(step, dst), (uint32_t)operand_mask(step, src)) &
		             width_mask(dst->width));
}

static void apply_and(const struct step *step)
{
	check_memory(step);
	set_mask(step, operand_mask(step, &step->shape->dst) & operand_mask(step, &step->shape->src));
}

static void apply_or(const struct step *step)
{
	check_memory(step);
	set_mask(step, operand_mask(step, &step->shape->dst) | operand_mask(step, &step->shape->src));
}

static void apply_cmov(const struct step *step)
{
	const struct operand *dst = &step->shape->dst;
	const struct operand *src = &step->shape->src;

	if (dst->width < 8) {
		apply_or(step);
	} else {
		check_memory(step);
		*destination(step) = value_join(operand_value(step, dst), operand_value(step, src));
	}
}

static uint64_t shift_mask(const struct step *step, uint64_t mask)
{
	const struct shape *shape = step->shape;
	const uint64_t all = width_mask(shape->dst.width);
	const bool negative = (mask & ~(all >> 1)) != 0;
	uint8_t count;

	if (shape->effect == EFFECT_SAR && negative)
		return all;
	if (shape->src.kind != OPERAND_IMMEDIATE)
		return mask_up_to(mask);
	count = (uint8_t)rfv_immediate(shape, step->bytes) & (shape->dst.width == 8 ? 63 : 31);
	return shape->effect == EFFECT_SHL ? mask << count & all : mask >> count;
}

static void apply_shift(const struct step *step)
{
	check_memory(step);
	set_mask(step, shift_mask(step, operand_mask(step, &step->shape->dst)));
}

static void apply_zero(const struct step *step)
{
	set_mask(step, 0);
}

static void apply_setcc(const struct step *step)
{
	set_mask(step, 1);
}

static void apply_popcnt(const struct step *step)
{
	check_memory(step);
	set_mask(step, 0x7f);
}

static void apply_constant(const struct step *step)
{
	*destination(step) = value_of_mask(immediate_bits(step));
}

static void apply_copy(const struct step *step)
{
	const struct value value = step->state->values[step->shape->src.reg];

	*destination(step) =
	    step->shape->dst.width == 8 || value.kind == VALUE_BITS ? value : value_bits(MASK32);
}

static void apply_load(const struct step *step)
{
	check_memory(step);
	*destination(step) = memory_value(step, step->shape->src.width);
}

/* Whatever the frame holds where the instruction stores to it is forgotten. */
static bool forget_stored(const struct step *step, int32_t *offset)
{
	if (!step->shape->memory.writes || !frame_offset(step, offset))
		return false;
	forget_frame(step->frame, step->state, *offset, step->shape->memory.size);
	return true;
}

static void apply_store(const struct step *step)
{
	int32_t offset;

	check_memory(step);
	if (forget_stored(step, &offset))
		store_frame(step->frame, step->state, offset, step->shape->memory.size,
		            operand_value(step, &step->shape->src));
}

/* All registers that the instruction writes become unknown. */
static void forget_written(const struct step *step)
{
	const struct shape *shape = step->shape;
	const bool merges = shape->effect == EFFECT_GENERIC && shape->dst.width < 4;

	for (uint32_t rest = shape->written; rest != 0; rest &= rest - 1) {
		const uint32_t number = (uint32_t)__builtin_ctz(rest);
		struct value *value = &step->state->values[number];

		if (shape->zero_extended >> number & 1)
			*value = value_bits(MASK32);
		else if (merges && shape->dst.reg == number)
			*value = merge_narrow(&shape->dst, *value, UINT64_MAX);
		else
			*value = value_any();
	}
}

static void apply_generic(const struct step *step)
{
	int32_t offset;

	check_memory(step);
	(void)forget_stored(step, &offset);
	forget_written(step);
}

/* Of registers; any other is generic. */
static void apply_exchange(const struct step *step)
{
	const struct value a = operand_value(step, &step->shape->dst);

	/* A reserved register only gets here with a rule broken. */
	*destination(step) = operand_value(step, &step->shape->src);
	step->state->values[step->shape->src.reg] = a;
}

/* ---- Effects on the stack pointer (contract, rule 4) -------------------- */

static bool move_rsp(const struct step *step, int64_t down)
{
	const int64_t depth = step->state->depth + down;

	if (depth < 0 || depth > RF_FRAME_MAX) {
		violate(step->violation, RFV_RULE_FRAME_SIZE,
		        depth < 0 ? "rsp would rise %" PRId64 " bytes above the return address"
		                  : "the frame would be %" PRId64 " bytes, more than 65536",
		        depth < 0 ? -depth : depth);
		return false;
	}
	step->state->depth = (int32_t)depth;
	if (down > 0) /* what lay there belonged to a callee or to nobody */
		forget_frame(step->frame, step->state, -(int32_t)depth, (uint32_t)down);
	return true;
}

static void apply_push(const struct step *step)
{
	const struct value value = operand_value(step, &step->shape->dst);

	check_memory(step);
	if (move_rsp(step, 8))
		store_frame(step->frame, step->state, -step->state->depth, 8, value);
}

static void apply_pop(const struct step *step)
{
	if (step->state->depth < 8) {
		violate(step->violation, RFV_RULE_FRAME_SIZE,
		        "pop takes the return address or what is above it");
		return;
	}
	*destination(step) = load_frame(step->frame, step->state, -step->state->depth, 8);
	step->state->depth -= 8;
}

static void apply_add_rsp(const struct step *step)
{
	(void)move_rsp(step, -rfv_immediate(step->shape, step->bytes));
}

static void apply_sub_rsp(const struct step *step)
{
	(void)move_rsp(step, rfv_immediate(step->shape, step->bytes));
}

static void apply_lea_rsp(const struct step *step)
{
	(void)move_rsp(step, -(int64_t)displacement(step));
}

/* ---- Control flow (contract, rule 5) ------------------------------------ */

bool rfv_check_leave(const struct state *state, struct violation *violation)
{
	if (state->depth != 0)
		violate(violation, RFV_RULE_STACK_BALANCE,
		        "leaves the function with %" PRId32 " bytes on the stack", state->depth);
	for (uint32_t rest = SAVED; rest != 0; rest &= rest - 1) {
		const uint8_t i = (uint8_t)__builtin_ctz(rest);
		char words[64];

		if (!value_equal(state->values[i], value_init(i)))
			violate(violation, RFV_RULE_CALLEE_SAVED, "leaves the function with %s holding %s",
			        rfv_register_name(i), rfv_describe(state->values[i], words, sizeof words));
	}
	return violation->rule == RFV_RULE_NONE;
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

/* call/jmp through memory: function table, host call or, for jmp, jump table. */
static void check_indirect(const struct step *step)
{
	const struct base_index at = address_of(step);
	const int64_t disp = displacement(step);

	if (!step->shape->memory.present) /* a direct one */
		return;
	if (at.base != R15) {
		violate(step->violation, RFV_RULE_INDIRECT_BRANCH,
		        "the target is not read from the control block");
	} else if (at.index == NO_REGISTER) {
		if (!is_host_vector(disp))
			violate(step->violation, RFV_RULE_HOST_CALL,
			        "displacement %" PRId64 " is not a known host call", disp);
	} else if (disp == RF_FUNCTION_TABLE_OFFSET && at.scale == 1) {
		(void)check_index(step, at.index, RF_FUNCTION_TABLE_MASK, RFV_RULE_FUNCTION_INDEX);
	} else if (step->shape->effect == EFFECT_JMP && in_jump_tables(disp)) {
		(void)check_index(step, at.index, MASK32, RFV_RULE_JUMP_TABLE);
	} else {
		violate(step->violation, RFV_RULE_INDIRECT_BRANCH,
		        "displacement %" PRId64 " with scale %u is neither function table nor jump table",
		        disp, at.scale);
	}
}

/* The callee keeps rbx, rbp, r12, r13 and cannot reach our frame; nothing else is known. */
static void apply_call(const struct step *step)
{
	check_indirect(step);
	for (uint32_t i = 0; i < REGISTERS; i++)
		if (!(KEPT >> i & 1))
			step->state->values[i] = value_any();
}

/* Through function table and host vector it is a tail call; other targets are the caller's business. */
static void apply_jmp(const struct step *step)
{
	check_indirect(step);
	if (!in_jump_tables(displacement(step)))
		(void)rfv_check_leave(step->state, step->violation);
}

static void apply_ret(const struct step *step)
{
	(void)rfv_check_leave(step->state, step->violation);
}

static void apply_select(const struct step *step)
{
	const struct base_index at = address_of(step);

	if (at.base != R15 || at.scale != 8 || displacement(step) != RF_WINDOW_TABLE_OFFSET)
		violate(step->violation, RFV_RULE_WRITE_R14, "r14 may only be loaded from the window table");
	(void)check_index(step, at.index, RF_WINDOW_INDEX_MASK, RFV_RULE_SELECT_INDEX);
}

static void apply_denied(const struct step *step)
{
	const struct denial *denial = rfv_denial(step->shape);

	violate(step->violation, denial->rule, "%s", denial->reason);
	/* So that one fault gives one finding. */
	if (step->shape->effect == EFFECT_POP && step->state->depth >= 8)
		step->state->depth -= 8;
	forget_written(step);
}

bool rfv_is_table_jump(const struct step *step, struct table_jump *jump)
{
	const struct base_index at = address_of(step);
	const int64_t disp = displacement(step);

	if (!in_jump_tables(disp))
		return false;
	jump->offset = (uint32_t)(disp - RF_JUMP_TABLE_OFFSET);
	jump->step = at.scale;
	jump->mask = step->state->values[at.index].mask;
	return true;
}

/* ---- One instruction ---------------------------------------------------- */

void rfv_state_entry(struct state *state)
{
	state->depth = 0;
	for (uint32_t i = 0; i < REGISTERS; i++)
		state->values[i] = SAVED >> i & 1 ? value_init(i) : value_any();
	state->values[R15] = value_cell(0);
	state->values[NO_REGISTER] = value_bits(0);
	state->values[RIP_REGISTER] = value_any();
}

void rfv_step(const struct step *step)
{
	static void (*const actions[ACTIONS])(const struct step *step) = {
	    [EFFECT_DENIED] = apply_denied,
	    [EFFECT_NOP... EFFECT_BIT_TEST] = apply_generic,
	    [EFFECT_MOV... EFFECT_MOVZX] = apply_mov,
	    [EFFECT_MOVSX] = apply_movsx,
	    [EFFECT_LEA] = apply_lea,
	    [EFFECT_ADD] = apply_add,
	    [EFFECT_SUB] = apply_generic,
	    [EFFECT_AND] = apply_and,
	    [EFFECT_OR... EFFECT_XOR] = apply_or,
	    [EFFECT_SHL... EFFECT_SAR] = apply_shift,
	    [EFFECT_SETCC] = apply_setcc,
	    [EFFECT_CMOV] = apply_cmov,
	    [EFFECT_POPCNT] = apply_popcnt,
	    [EFFECT_ZERO] = apply_zero,
	    [EFFECT_XCHG] = apply_exchange,
	    [EFFECT_CONSTANT] = apply_constant,
	    [EFFECT_COPY] = apply_copy,
	    [EFFECT_LOAD] = apply_load,
	    [EFFECT_STORE] = apply_store,
	    [EFFECT_PUSH] = apply_push,
	    [EFFECT_POP] = apply_pop,
	    [EFFECT_ADD_RSP] = apply_add_rsp,
	    [EFFECT_SUB_RSP] = apply_sub_rsp,
	    [EFFECT_LEA_RSP] = apply_lea_rsp,
	    [EFFECT_SELECT] = apply_select,
	    [EFFECT_BREAKPOINT] = apply_generic,
	    [EFFECT_CALL] = apply_call,
	    [EFFECT_JCC] = apply_generic,
	    [EFFECT_JMP] = apply_jmp,
	    [EFFECT_RET] = apply_ret,
	    [EFFECT_TRAP] = apply_generic,
	    [ACTION_FIXED_MEMORY] = apply_fixed_memory,
	};

	step->violation->rule = RFV_RULE_NONE;
	/* The most frequent one, for which a branch is easier to predict than a call by the table. */
	if (step->shape->action == ACTION_FIXED)
		apply_fixed(step);
	else
		actions[step->shape->action](step);
}
