/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each abstract operation against all concrete values of a small width.
 *
 * Operands have BITS significant bits, at several positions of the register, the 32-bit
 * border included. For every pair of masks the validator's result is computed
 * once, and each pair of concrete values within the masks must lead into it.
 * Frame slots are checked with every overlap of two stores and a load.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "emit.h"

#define BITS 5
#define BASE UINT64_C(0x123400000000) /* of the cell; r15 */
#define DST RCX
#define SRC RDX

static uint64_t checked;
static uint64_t failed;
static struct decoder decoder;
static struct frame frame;

/* ---- Values ---------------------------------------------------------------------- */

static uint64_t initial(uint32_t reg)
{
	return UINT64_C(0xfedcba9876543210) ^ reg * UINT64_C(0x1111111111111111);
}

static bool within(struct value value, uint64_t concrete)
{
	switch (value.kind) {
	case VALUE_ANY:
		return true;
	case VALUE_BITS:
		return (concrete & ~(uint64_t)value.mask) == 0;
	case VALUE_CELL:
		return ((concrete - BASE) & ~(uint64_t)value.mask) == 0;
	default:
		return value_is_init(value) && concrete == initial(value_init_register(value));
	}
}

static void check(const char *what, struct value value, uint64_t concrete, uint64_t a, uint64_t b)
{
	checked++;
	if (within(value, concrete))
		return;
	if (failed++ < 20)
		printf("%s: kind %u mask 0x%" PRIx32 " does not contain 0x%" PRIx64 " (of 0x%" PRIx64
		       " and 0x%" PRIx64 ")\n",
		       what, value.kind, value.mask, concrete, a, b);
}

static void require(const char *what, bool good)
{
	checked++;
	if (!good && failed++ < 20)
		printf("%s\n", what);
}

/* The next number within the mask; 0 after the last. */
static uint64_t next_within(uint64_t number, uint64_t mask)
{
	return (number - mask) & mask;
}

/* ---- Instructions ------------------------------------------------------------------ */

static struct shape decode(const struct code *code)
{
	struct shape shape;
	uint8_t bytes[32] = {0};

	memcpy(bytes, code->bytes, code->size);
	if (!rfv_decode_uncached(&decoder, bytes, sizeof bytes, &shape) || shape.denial != 0 ||
	    shape.length != code->size)
		require("an instruction of this test is not permitted", false);
	return shape;
}

static void step(const struct code *code, struct state *state)
{
	const struct shape shape = decode(code);
	struct violation violation;

	rfv_step(&(struct step){&shape, code->bytes, &frame, state, &violation});
	if (violation.rule != RFV_RULE_NONE)
		require(violation.message, false);
}

/* a: the destination before, b: the source. */
typedef uint64_t operation(uint64_t a, uint64_t b, uint8_t width, uint8_t count);

static uint64_t cut(uint64_t value, uint8_t width)
{
	return width == 8 ? value : value & ((UINT64_C(1) << (8 * width)) - 1);
}

static int64_t extend(uint64_t value, uint8_t width)
{
	switch (width) {
	case 1:
		return (int8_t)value;
	case 2:
		return (int16_t)value;
	case 4:
		return (int32_t)value;
	default:
		return (int64_t)value;
	}
}

#define OPERATION(name, expression)                                                                          \
	static uint64_t name(uint64_t a, uint64_t b, uint8_t width, uint8_t count)                           \
	{                                                                                                    \
		(void)a, (void)b, (void)width, (void)count;                                                  \
		return expression;                                                                           \
	}

OPERATION(op_add, a + b)
OPERATION(op_sub, a - b)
OPERATION(op_and, a &b)
OPERATION(op_or, a | b)
OPERATION(op_xor, a ^ b)
OPERATION(op_mov, b)
OPERATION(op_keep, a)
OPERATION(op_not, ~a)
OPERATION(op_neg, 0 - a)
OPERATION(op_inc, a + 1)
OPERATION(op_dec, a - 1)
OPERATION(op_imul, a *b)
OPERATION(op_zero_extend_8, b & 0xff)
OPERATION(op_zero_extend_16, b & 0xffff)
OPERATION(op_sign_extend_8, (uint64_t)extend(b, 1))
OPERATION(op_sign_extend_16, (uint64_t)extend(b, 2))
OPERATION(op_sign_extend_32, (uint64_t)extend(b, 4))
OPERATION(op_popcnt, (uint64_t)__builtin_popcountll(cut(b, width)))
OPERATION(op_bswap, width == 8 ? __builtin_bswap64(a) : __builtin_bswap32((uint32_t)a))
OPERATION(op_shl, a << count)
OPERATION(op_shr, cut(a, width) >> count)
OPERATION(op_sar, (uint64_t)(extend(a, width) >> count))

enum form_kind { REG_RM, RM_REG, RM_ONLY, SHIFT, SHIFT_CL };

static const struct {
	const char *name;
	operation *operation;
	uint32_t opcode;
	uint8_t prefix;
	uint8_t digit;
	uint8_t kind; /* enum form_kind */
	bool exact;   /* the result's mask is as small as it can be */
} rows[] = {
    {"add", op_add, 0x01, 0, 0, RM_REG, false},
    {"sub", op_sub, 0x29, 0, 0, RM_REG, false},
    {"and", op_and, 0x21, 0, 0, RM_REG, true},
    {"or", op_or, 0x09, 0, 0, RM_REG, true},
    {"xor", op_xor, 0x31, 0, 0, RM_REG, true},
    {"mov", op_mov, 0x89, 0, 0, RM_REG, true},
    {"imul", op_imul, 0x0faf, 0, 0, REG_RM, false},
    {"cmov, taken", op_mov, 0x0f44, 0, 0, REG_RM, false},
    {"cmov, not taken", op_keep, 0x0f44, 0, 0, REG_RM, false},
    {"movzx 8", op_zero_extend_8, 0x0fb6, 0, 0, REG_RM, true},
    {"movzx 16", op_zero_extend_16, 0x0fb7, 0, 0, REG_RM, true},
    {"movsx 8", op_sign_extend_8, 0x0fbe, 0, 0, REG_RM, false},
    {"movsx 16", op_sign_extend_16, 0x0fbf, 0, 0, REG_RM, false},
    {"movsxd", op_sign_extend_32, 0x63, 0, 0, REG_RM, false},
    {"popcnt", op_popcnt, 0x0fb8, 0xf3, 0, REG_RM, false},
    {"not", op_not, 0xf7, 0, 2, RM_ONLY, false},
    {"neg", op_neg, 0xf7, 0, 3, RM_ONLY, false},
    {"inc", op_inc, 0xff, 0, 0, RM_ONLY, false},
    {"dec", op_dec, 0xff, 0, 1, RM_ONLY, false},
    {"shl", op_shl, 0xc1, 0, 4, SHIFT, true},
    {"shr", op_shr, 0xc1, 0, 5, SHIFT, true},
    {"sar", op_sar, 0xc1, 0, 7, SHIFT, false},
    {"shl cl", op_shl, 0xd3, 0, 4, SHIFT_CL, false},
    {"shr cl", op_shr, 0xd3, 0, 5, SHIFT_CL, false},
    {"sar cl", op_sar, 0xd3, 0, 7, SHIFT_CL, false},
};
#define ROWS (sizeof rows / sizeof *rows)

static const uint8_t positions[] = {0, 3, 5, 8, 13, 27, 28, 31};
#define POSITIONS (sizeof positions)

/* By cl the destination must be another register than rcx. */
static uint8_t destination(size_t row)
{
	return rows[row].kind == SHIFT_CL ? RBX : DST;
}

static struct code instruction(size_t row, uint8_t width, uint8_t count)
{
	const struct form form = {.opcode = rows[row].opcode, .prefix = rows[row].prefix, .wide = width == 8};
	const uint8_t dst = destination(row);
	struct code code = {.size = 0};

	if (rows[row].kind == REG_RM)
		emit_registers(&code, form, dst, SRC);
	else
		emit_registers(&code, form, rows[row].kind == RM_REG ? SRC : rows[row].digit, dst);
	if (rows[row].kind == SHIFT)
		emit_byte(&code, count);
	return code;
}

/* All concrete values of both operands. */
static void compare(size_t row, uint8_t width, uint8_t count, struct value result, uint64_t mask_a,
                    uint64_t mask_b)
{
	const uint8_t effective = count & (width == 8 ? 63 : 31);
	uint64_t seen = 0;
	uint64_t a = 0;
	uint64_t b = 0;

	do {
		do {
			const uint64_t concrete = cut(rows[row].operation(a, b, width, effective), width);

			seen |= concrete;
			check(rows[row].name, result, concrete, a, b);
			b = next_within(b, mask_b);
		} while (b != 0);
		a = next_within(a, mask_a);
	} while (a != 0);
	if (rows[row].exact && seen <= MASK32 && (result.kind != VALUE_BITS || result.mask != seen)) {
		require(rows[row].name, false);
		require("... is not as exact as it could be", false);
	}
}

static void check_row(size_t row, uint8_t width, uint8_t count, uint64_t mask_a, uint64_t mask_b)
{
	const struct code code = instruction(row, width, count);
	static struct state state;

	rfv_state_entry(&state);
	state.values[destination(row)] = value_of_mask(mask_a);
	state.values[SRC] = value_of_mask(mask_b);
	step(&code, &state);
	compare(row, width, count, state.values[destination(row)], mask_a, mask_b);
}

static void check_arithmetic(void)
{
	for (size_t row = 0; row < ROWS; row++) {
		const bool shift = rows[row].kind >= SHIFT;

		for (uint8_t width = 4; width <= 8; width += 4)
			for (size_t p = 0; p < POSITIONS; p++)
				for (uint64_t a = 0; a < 1u << BITS; a++)
					for (uint64_t b = 0; b < (shift ? 64 : 1u << BITS); b++)
						for (size_t q = 0; q < (shift ? 1 : POSITIONS); q += 3)
							check_row(row, width, shift ? (uint8_t)b : 0,
							          a << positions[p] & MASK32,
							          shift ? 0 : b << positions[q] & MASK32);
	}
}

/* bswap has its register in the opcode. */
static void check_bswap(void)
{
	static struct state state;

	for (uint8_t width = 4; width <= 8; width += 4)
		for (uint64_t mask = 0; mask < 1u << BITS; mask++) {
			struct code code = {.size = 0};
			uint64_t a = 0;

			if (width == 8)
				emit_byte(&code, 0x48);
			emit_byte(&code, 0x0f);
			emit_byte(&code, 0xc8 | DST);
			rfv_state_entry(&state);
			state.values[DST] = value_bits((uint32_t)mask);
			step(&code, &state);
			do {
				check("bswap", state.values[DST], op_bswap(a, 0, width, 0), a, 0);
				a = next_within(a, mask);
			} while (a != 0);
		}
}

/* Immediates that are negative or at the borders. */
static void check_immediates(void)
{
	static const uint32_t immediates[] = {0,    1,          0x7f,       0x80,       0xff,      0x7ff,
	                                      0xf8, 0x7fffffff, 0x80000000, 0xfffffff8, 0xffffffff};
	static operation *const operations[] = {op_add, op_or, NULL, NULL, op_and, op_sub, op_xor};
	static struct state state;

	for (uint8_t digit = 0; digit < 7; digit++)
		for (uint8_t width = 4; operations[digit] != NULL && width <= 8; width += 4)
			for (size_t i = 0; i < sizeof immediates / sizeof *immediates; i++)
				for (size_t p = 0; p < POSITIONS; p++)
					for (uint64_t m = 0; m < 1u << BITS; m++) {
						const uint64_t mask = m << positions[p] & MASK32;
						const uint64_t b = (uint64_t)extend(immediates[i], 4);
						struct code code = {.size = 0};
						uint64_t a = 0;

						emit_registers(
						    &code, (struct form){.opcode = 0x81, .wide = width == 8},
						    digit, DST);
						emit_32(&code, immediates[i]);
						rfv_state_entry(&state);
						state.values[DST] = value_bits((uint32_t)mask);
						step(&code, &state);
						do {
							check("immediate", state.values[DST],
							      cut(operations[digit](a, b, width, 0), width),
							      a, b);
							a = next_within(a, mask);
						} while (a != 0);
					}
}

/* Results of one and two bytes, merged into the register, the high bytes included. */
static void check_narrow(void)
{
	static struct state state;

	for (uint32_t kind = 0; kind < 3; kind++) /* mov cl, dl; mov ch, dl; mov cx, dx */
		for (size_t p = 0; p < POSITIONS; p++)
			for (uint64_t ma = 0; ma < 1u << BITS; ma++)
				for (uint64_t mb = 0; mb < 1u << BITS; mb++) {
					const uint64_t mask_a = ma << positions[p] & MASK32;
					const uint64_t mask_b = mb << (p % 2 == 0 ? 0 : 3);
					const uint64_t field = kind == 0 ? 0xff : kind == 1 ? 0xff00 : 0xffff;
					struct code code = {.size = 0};
					uint64_t a = 0;
					uint64_t b = 0;

					emit_registers(&code,
					               (struct form){.opcode = kind == 2 ? 0x89 : 0x88,
					                             .prefix = kind == 2 ? 0x66 : 0},
					               SRC, kind == 1 ? 5 : DST);
					rfv_state_entry(&state);
					state.values[DST] = value_bits((uint32_t)mask_a);
					state.values[SRC] = value_bits((uint32_t)mask_b);
					step(&code, &state);
					do {
						do {
							check("narrow", state.values[DST],
							      (a & ~field) |
							          (b << (kind == 1 ? 8 : 0) & field),
							      a, b);
							b = next_within(b, mask_b);
						} while (b != 0);
						a = next_within(a, mask_a);
					} while (a != 0);
				}
}

/* ---- lea, and pointers ------------------------------------------------------------------ */

static void check_lea_of(struct value base, struct value index, uint8_t scale, int32_t disp, uint8_t width,
                         bool address32)
{
	const struct address address = {.base = DST, .index = SRC, .scale = scale, .disp = disp};
	const uint64_t start = base.kind == VALUE_CELL ? BASE : 0;
	static struct state state;
	struct code code = {.size = 0};
	uint64_t a = 0;
	uint64_t b = 0;

	emit_memory(&code, (struct form){.opcode = 0x8d, .wide = width == 8, .prefix = address32 ? 0x67 : 0},
	            RAX, &address);
	rfv_state_entry(&state);
	state.values[DST] = base;
	state.values[SRC] = index;
	step(&code, &state);
	do {
		do {
			const uint64_t sum = start + a + b * scale + (uint64_t)(int64_t)disp;

			check("lea", state.values[RAX], cut(sum, address32 ? 4 : width), start + a, b);
			b = next_within(b, index.mask);
		} while (b != 0);
		a = next_within(a, base.mask);
	} while (a != 0);
}

static void check_lea(void)
{
	static const int32_t disps[] = {0, 1, 64, -1, 0x7fffffff, -0x7fffffff - 1};
	static const uint8_t places[] = {0, 12, 27, 29};

	for (size_t d = 0; d < sizeof disps / sizeof *disps; d++)
		for (uint8_t scale = 1; scale <= 8; scale *= 2)
			for (size_t p = 0; p < sizeof places; p++)
				for (uint32_t a = 0; a < 1u << 4; a++)
					for (uint32_t b = 0; b < 1u << 4; b++) {
						const uint32_t mask_a = a << places[p];
						const uint32_t mask_b = b << places[(p + d) % sizeof places];

						for (unsigned form = 0; form < 6; form++)
							check_lea_of(form % 2 == 0 ? value_bits(mask_a)
							                           : value_cell(mask_a),
							             value_bits(mask_b), scale, disps[d],
							             form < 4 ? 8 : 4,
							             form == 2 || form == 3);
					}
}

/* add of a pointer and a number in either order, mov and xchg of anything. */
static void check_pointers(void)
{
	static const uint32_t opcodes[] = {0x01, 0x89, 0x87, 0x29, 0x31, 0x21};
	static struct state state;

	for (size_t op = 0; op < sizeof opcodes / sizeof *opcodes; op++)
		for (unsigned order = 0; order < 3; order++)
			for (uint32_t m = 0; m < 1u << 6; m++) {
				const uint32_t mask_a = m << 26;
				const uint32_t mask_b = (m ^ 0x15) << 25;
				const uint64_t start_a = order != 1 ? BASE : 0;
				const uint64_t start_b = order != 0 ? BASE : 0;
				struct code code = {.size = 0};
				uint64_t a = 0;
				uint64_t b = 0;

				emit_registers(&code, (struct form){.opcode = opcodes[op], .wide = true}, SRC,
				               DST);
				rfv_state_entry(&state);
				state.values[DST] = order != 1 ? value_cell(mask_a) : value_bits(mask_a);
				state.values[SRC] = order != 0 ? value_cell(mask_b) : value_bits(mask_b);
				step(&code, &state);
				do {
					do {
						const uint64_t x = start_a + a;
						const uint64_t y = start_b + b;
						const uint64_t results[] = {x + y, y, y, x - y, x ^ y, x & y};

						check("pointer", state.values[DST], results[op], x, y);
						check("pointer source", state.values[SRC], op == 2 ? x : y, x,
						      y);
						b = next_within(b, mask_b);
					} while (b != 0);
					a = next_within(a, mask_a);
				} while (a != 0);
			}
}

/* ---- Joins and sums of masks ---------------------------------------------------------------- */

static struct value some_value(uint32_t number)
{
	const uint32_t mask = number >> 3 << 30 | number >> 3;

	switch (number & 7) {
	case 0:
	case 1:
	case 2:
		return value_bits(mask);
	case 3:
	case 4:
		return value_cell(mask);
	case 5:
		return value_init(RBX);
	case 6:
		return value_init(R13);
	default:
		return value_any();
	}
}

static void check_joins(void)
{
	for (uint32_t i = 0; i < 1u << 8; i++)
		for (uint32_t k = 0; k < 1u << 8; k++) {
			const struct value a = some_value(i);
			const struct value b = some_value(k);
			const struct value joined = value_join(a, b);
			uint64_t x = 0;

			require("a join depends on the order", value_equal(joined, value_join(b, a)));
			if (a.kind == VALUE_ANY || b.kind == VALUE_ANY)
				require("a join with anything is not anything", joined.kind == VALUE_ANY);
			else if (value_is_init(a))
				check("join", joined, initial(value_init_register(a)), 0, 0);
			else
				do {
					check("join", joined, (a.kind == VALUE_CELL ? BASE : 0) + x, i, k);
					x = next_within(x, a.mask);
				} while (x != 0);
		}
}

/* Whole states are joined two values at a time; each as it is alone. */
static void check_state_joins(void)
{
	for (uint32_t i = 0; i < 1u << 8; i++)
		for (uint32_t k = 0; k < 1u << 8; k++) {
			const struct value from[] = {some_value(k), some_value(i), some_value(i ^ k),
			                             some_value(~k & 0xff)};
			const struct value before[] = {some_value(i), some_value(k), some_value(k),
			                               some_value(i)};
			struct value into[4];
			bool changes = false;

			memcpy(into, before, sizeof into);
			const bool changed = value_join_all(into, from, 3);

			for (uint32_t n = 0; n < 4; n++) {
				const struct value joined = value_join(before[n], from[n]);

				require("a state is not joined value by value", value_equal(into[n], joined));
				changes |= !value_equal(joined, before[n]);
			}
			require("a change of a state is missed or made up", changed == changes);
		}
}

static void check_sums(void)
{
	static const uint8_t places[] = {0, 7, 20, 25, 26};

	for (size_t p = 0; p < sizeof places; p++)
		for (size_t q = 0; q < sizeof places; q++)
			for (uint64_t ma = 0; ma < 1u << 6; ma++)
				for (uint64_t mb = 0; mb < 1u << 6; mb++) {
					const uint64_t mask_a = ma << places[p];
					const uint64_t mask_b = mb << places[q];
					const uint64_t mask = mask_add((uint32_t)mask_a, (uint32_t)mask_b);
					uint64_t a = 0;
					uint64_t b = 0;

					do {
						do {
							uint64_t sum;
							const bool over = __builtin_add_overflow(a, b, &sum);

							require("a sum is not in its mask",
							        mask == UINT64_MAX ||
							            (!over && (sum & ~mask) == 0));
							b = next_within(b, mask_b);
						} while (b != 0);
						a = next_within(a, mask_a);
					} while (a != 0);
				}
}

/* ---- The frame --------------------------------------------------------------------------------- */

#define FRAME 40
#define KINDS 4

static struct value stored_value(uint32_t kind)
{
	static const uint32_t masks[] = {0x7f8, 0xff, 0, 0};
	static const uint8_t kinds[] = {VALUE_BITS, VALUE_CELL, VALUE_INIT + RBX, VALUE_ANY};

	return (struct value){.kind = kinds[kind], .mask = masks[kind]};
}

static uint64_t stored_number(uint32_t kind)
{
	static const uint64_t numbers[] = {0x5a8, BASE + 0xa5, 0, UINT64_C(0xaaaabbbbccccdddd)};

	return kind == 2 ? initial(RBX) : numbers[kind];
}

/* mov of 1, 2, 4, 8 bytes or movups */
static void store(struct state *state, uint8_t *memory, uint8_t size, int32_t offset, uint32_t kind)
{
	const struct address address = {.base = RSP, .index = NO_INDEX, .scale = 1, .disp = offset};
	const struct form form = {.opcode = size == 1    ? 0x88
	                                    : size == 16 ? 0x0f11
	                                                 : 0x89,
	                          .prefix = size == 2 ? 0x66 : 0,
	                          .wide = size == 8};
	const uint64_t numbers[] = {stored_number(kind), UINT64_C(0x1212343456567878)};
	struct code code = {.size = 0};

	emit_memory(&code, form, size == 16 ? 3 : SRC, &address);
	state->values[SRC] = stored_value(kind);
	step(&code, state);
	memcpy(memory + offset, numbers, size);
}

static void check_loads(struct state *state, const uint8_t *memory)
{
	static struct state after;

	for (uint8_t size = 4; size <= 8; size += 4)
		for (int32_t offset = 0; offset + size <= FRAME; offset++) {
			const struct address address = {
			    .base = RSP, .index = NO_INDEX, .scale = 1, .disp = offset};
			struct code code = {.size = 0};
			uint64_t number = 0;

			emit_memory(&code, (struct form){.opcode = 0x8b, .wide = size == 8}, RAX, &address);
			memcpy(&after, state, sizeof after.depth + (FIRST_UNIT + 16) * sizeof *after.values);
			step(&code, &after);
			memcpy(&number, memory + offset, size);
			check("load", after.values[RAX], number, size, (uint64_t)offset);
		}
}

static void forget_all(struct state *state)
{
	for (uint32_t i = 0; i < frame.unit_count; i++)
		frame.number[frame.units[i]] = 0;
	frame.unit_count = 0;
	rfv_state_entry(state);
	state->depth = FRAME;
}

static void check_frame(void)
{
	static struct state state;

	for (uint8_t first = 4; first <= 8; first += 4)
		for (int32_t at = 8; at <= 20; at++)
			for (uint32_t kind = 0; kind < KINDS; kind++)
				for (uint8_t second = 1; second <= 16; second *= 2)
					for (int32_t over = 0; over + second <= FRAME && over < 32; over++)
						for (uint32_t other = 0; other < KINDS; other++) {
							uint8_t memory[FRAME];

							memset(memory, 0xee, sizeof memory);
							forget_all(&state);
							store(&state, memory, first, at, kind);
							store(&state, memory, second, over, other);
							if (at % 2 == 0 || over % 4 == 0)
								check_loads(&state, memory);
						}
}

/* What was spilled is found again: else the checks above could pass by knowing nothing. */
static void check_spills(void)
{
	const struct address address = {.base = RSP, .index = NO_INDEX, .scale = 1, .disp = 8};
	static struct state state;

	for (uint32_t kind = 0; kind < KINDS; kind++) {
		struct code code = {.size = 0};
		uint8_t memory[FRAME];

		forget_all(&state);
		store(&state, memory, 8, 8, kind);
		emit_memory(&code, (struct form){.opcode = 0x8b, .wide = true}, RAX, &address);
		step(&code, &state);
		require("a spilled value is lost", value_equal(state.values[RAX], stored_value(kind)));
	}
}

int main(void)
{
	static uint16_t nodes[4][256];
	static struct shape shapes[4];
	static uint8_t summaries[4];

	rfv_decoder_init(&decoder, nodes, 4, shapes, summaries, 4);
	check_arithmetic();
	check_bswap();
	check_immediates();
	check_narrow();
	check_lea();
	check_pointers();
	check_joins();
	check_state_joins();
	check_sums();
	check_frame();
	check_spills();
	printf("operations: %" PRIu64 " combinations checked, %" PRIu64 " wrong\n", checked, failed);
	return failed != 0;
}
