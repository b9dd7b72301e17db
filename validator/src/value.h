/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Abstract values: what is known of a 64-bit register, or of a place in the
 * frame. Each stands for a set of concrete values:
 *
 *   BITS(m)   every set bit is in the 32-bit mask m (so the upper half is 0)
 *   CELL(m)   r15 + x, with x in BITS(m)
 *   HALF(m)   frame only: four bytes that are in BITS(m), not eight
 *   INIT(r)   what callee-saved register r held on entry
 *   ANY       nothing is known
 *
 * The join of two values contains both. Chains are short: a mask can grow 32
 * times, a kind changes once.
 */
#ifndef RFV_VALUE_H
#define RFV_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum value_kind {
	VALUE_ANY,
	VALUE_BITS,
	VALUE_CELL,
	VALUE_HALF,
	VALUE_INIT, /* and the number of the register: a kind for each */
};

struct value {
	uint32_t kind;
	uint32_t mask; /* BITS, CELL, HALF: the mask. Else 0 */
};

#define MASK32 0xffffffffu

static inline struct value value_any(void)
{
	return (struct value){.kind = VALUE_ANY};
}

static inline struct value value_bits(uint32_t mask)
{
	return (struct value){.kind = VALUE_BITS, .mask = mask};
}

static inline struct value value_cell(uint32_t mask)
{
	return (struct value){.kind = VALUE_CELL, .mask = mask};
}

static inline struct value value_init(uint32_t number)
{
	return (struct value){.kind = VALUE_INIT + number};
}

static inline bool value_is_init(struct value value)
{
	return value.kind >= VALUE_INIT;
}

/* The number of the register, of such a value. */
static inline uint8_t value_init_register(struct value value)
{
	return (uint8_t)(value.kind - VALUE_INIT);
}

/* In one comparison: whole states are compared value by value. */
static inline bool value_equal(struct value a, struct value b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

/* The same, if it is no number, else any number. */
static inline struct value value_any_number(struct value value)
{
	if (value.kind == VALUE_HALF)
		return value_any(); /* of which the half is any number, too */
	return value.kind == VALUE_BITS ? value_bits(MASK32) : value;
}

/* The least value that contains both. */
static inline struct value value_join(struct value a, struct value b)
{
	if (a.kind != b.kind)
		return value_any();
	return (struct value){.kind = a.kind, .mask = a.mask | b.mask};
}

/* Two values, so that whole states are joined without a branch for each value. */
typedef uint32_t value_pair __attribute__((vector_size(16), aligned(4), may_alias));

static inline value_pair value_load_pair(const struct value *values)
{
	return *(const value_pair *)(const void *)values;
}

/* value_join of both. */
static inline value_pair value_join_pair(value_pair a, value_pair b)
{
	const value_pair equal = (value_pair)(a == b);

	return (a | b) & __builtin_shufflevector(equal, equal, 0, 0, 2, 2); /* where the kinds are equal */
}

static inline bool value_pair_is_zero(value_pair pair)
{
	return (pair[0] | pair[1] | pair[2] | pair[3]) == 0;
}

/* Joins `from` into `into`, `count` values rounded up to an even number; whether that changed any. */
static inline bool value_join_all(struct value *into, const struct value *from, uint32_t count)
{
	value_pair change = {0};

	for (uint32_t i = 0; i < count; i += 2) {
		const value_pair old = value_load_pair(&into[i]);
		const value_pair joined = value_join_pair(old, value_load_pair(&from[i]));

		change |= old ^ joined;
		*(value_pair *)(void *)&into[i] = joined;
	}
	return !value_pair_is_zero(change);
}

/* All bits that a 64-bit register with this value can have set. */
static inline uint64_t value_mask(struct value value)
{
	return value.kind == VALUE_BITS ? value.mask : UINT64_MAX;
}

/* The value of a 64-bit register whose set bits are all in `mask`. */
static inline struct value value_of_mask(uint64_t mask)
{
	return mask <= MASK32 ? value_bits((uint32_t)mask) : value_any();
}

/* The bits that numbers up to and including `bound` can have set. */
static inline uint64_t mask_up_to(uint64_t bound)
{
	return bound == 0 ? 0 : UINT64_MAX >> __builtin_clzll(bound);
}

/* The bits of a + b, both within their masks, in unbounded arithmetic. */
static inline uint64_t mask_add(uint32_t a, uint32_t b)
{
	if ((a & b) == 0)
		return a | b; /* no carries */
	return mask_up_to((uint64_t)a + b);
}

/* The 64-bit sum. A mask that still fits cannot have wrapped. */
static inline struct value value_add(struct value a, struct value b)
{
	const struct value base = b.kind == VALUE_CELL ? b : a;
	const struct value offset = b.kind == VALUE_CELL ? a : b;
	const uint64_t sum = mask_add(base.mask, offset.mask);

	if (offset.kind != VALUE_BITS || (base.kind != VALUE_BITS && base.kind != VALUE_CELL) || sum > MASK32)
		return value_any();
	return (struct value){.kind = base.kind, .mask = (uint32_t)sum};
}

#endif
