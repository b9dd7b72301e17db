/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Abstract values: what is known of a 64-bit register, or of a place in the
 * frame. Each stands for a set of concrete values:
 *
 *   BITS(m)   every set bit is in the 32-bit mask m (so the upper half is 0)
 *   CELL(m)   r15 + x, with x in BITS(m)
 *   INIT(r)   what callee-saved register r held on entry
 *   HALF(m)   frame only: four bytes that are in BITS(m), not eight
 *   ANY       nothing is known
 *
 * The join of two values contains both. Chains are short: a mask can grow 32
 * times, a kind changes once.
 */
#ifndef RFV_VALUE_H
#define RFV_VALUE_H

#include <stdbool.h>
#include <stdint.h>

enum value_kind { VALUE_ANY, VALUE_BITS, VALUE_CELL, VALUE_INIT, VALUE_HALF };

struct value {
	uint32_t kind;
	uint32_t mask; /* BITS, CELL, HALF: the mask. INIT: the register. Else 0 */
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

static inline bool value_equal(struct value a, struct value b)
{
	return a.kind == b.kind && a.mask == b.mask;
}

/* The least value that contains both. */
static inline struct value value_join(struct value a, struct value b)
{
	if (value_equal(a, b))
		return a;
	if (a.kind == b.kind && a.kind != VALUE_INIT)
		return (struct value){.kind = a.kind, .mask = a.mask | b.mask};
	return value_any();
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

/* The bits of a + b, both within their masks, in unbounded arithmetic; all ones on overflow. */
static inline uint64_t mask_add(uint64_t a, uint64_t b)
{
	if ((a & b) == 0)
		return a | b; /* no carries */
	return a > UINT64_MAX - b ? UINT64_MAX : mask_up_to(a + b);
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
