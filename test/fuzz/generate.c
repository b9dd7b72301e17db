/* SPDX-License-Identifier: Apache-2.0 */
#include "generate.h"

#include <string.h>

#include "choose.h"
#include "emit.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15, REGISTERS };

#define ALWAYS 16 /* as a condition */
#define FUNCTIONS 3
#define SLOTS_MAX 12
#define SAVED 4
#define CASES 4
#define NESTING_MAX 3
#define FLAW_CHANCE 24

static const uint8_t callee_saved[SAVED] = {RBX, RBP, R12, R13};

/* What may be assumed of a 64-bit value. */
struct fact {
	enum { ANY, NUMBER, POINTER, CALLERS } kind; /* POINTER: r15 plus 32 bits */
	uint32_t mask; /* NUMBER: all bits that can be set. CALLERS: the register */
};

struct facts {
	struct fact registers[REGISTERS];
	struct fact slots[SLOTS_MAX + SAVED]; /* from rsp upwards: the frame, then what was pushed */
};

struct generator {
	uint64_t seed;
	uint32_t flaws_left;
	uint32_t flaws;
	struct code code;
	struct facts facts;
	uint32_t slots;  /* of the frame */
	uint32_t pushed; /* callee-saved registers, `order` */
	uint8_t order[SAVED];
	uint16_t usable; /* registers that may be changed */
	uint32_t nesting;
	uint32_t function;
	uint32_t starts[FUNCTIONS];
	uint32_t calls[64][2]; /* place and callee, to be patched */
	uint32_t call_count;
	uint32_t jumps[NF_TABLE_MAX]; /* text offsets */
	uint32_t jump_count;
};

static const struct fact any = {ANY, 0};
static const struct fact word = {NUMBER, 0xffffffff};

/* Shall this be wrong? */
static bool err(struct generator *generator)
{
	if (generator->flaws_left == 0 || !one_in(&generator->seed, FLAW_CHANCE))
		return false;
	generator->flaws_left--;
	generator->flaws++;
	return true;
}

static struct fact number(uint64_t mask)
{
	return mask > 0xffffffff ? any : (struct fact){NUMBER, (uint32_t)mask};
}

static struct fact join(struct fact a, struct fact b)
{
	if (a.kind != b.kind || a.kind == ANY)
		return any;
	if (a.kind == CALLERS)
		return a.mask == b.mask ? a : any;
	return (struct fact){a.kind, a.mask | b.mask};
}

static void join_facts(struct facts *into, const struct facts *from)
{
	for (int i = 0; i < REGISTERS; i++)
		into->registers[i] = join(into->registers[i], from->registers[i]);
	for (int i = 0; i < SLOTS_MAX + SAVED; i++)
		into->slots[i] = join(into->slots[i], from->slots[i]);
}

/* ---- Choices ------------------------------------------------------------------- */

static uint8_t pick_usable(struct generator *generator)
{
	for (;;) {
		const uint8_t reg = (uint8_t)choose(&generator->seed, REGISTERS);

		if (generator->usable >> reg & 1)
			return reg;
	}
}

/* A register with such a fact; a wrong one if that is asked for; else one that is made to have it. */
static uint8_t pick_number(struct generator *generator, uint32_t mask);

static void learn(struct generator *generator, uint8_t reg, struct fact fact)
{
	/* A wrong program goes on believing what was true before. */
	if (!err(generator))
		generator->facts.registers[reg] = fact;
}

/* Instructions that are skipped on one path, though what follows relies on them. */
static uint32_t maybe_skip(struct generator *generator)
{
	return err(generator) ? emit_jump(&generator->code, (uint8_t)choose(&generator->seed, 16)) : 0;
}

static void end_skip(struct generator *generator, uint32_t skip)
{
	if (skip != 0)
		emit_land(&generator->code, skip);
}

static void emit_mask(struct generator *generator, uint8_t reg, uint32_t mask)
{
	const uint32_t skip = maybe_skip(generator);
	/* and reg32, imm32; or a bit too many; or 64 bits with a sign-extended mask */
	const struct form form = {.opcode = 0x81, .wide = err(generator)};
	const uint32_t wrong = err(generator) ? mask << 1 | 1 : mask;

	emit_registers(&generator->code, form, 4, reg);
	emit_32(&generator->code, wrong);
	end_skip(generator, skip);
	learn(generator, reg, number(mask));
}

static uint8_t pick_number(struct generator *generator, uint32_t mask)
{
	for (int i = 0; i < 8; i++) {
		const uint8_t reg = (uint8_t)choose(&generator->seed, REGISTERS);
		const struct fact fact = generator->facts.registers[reg];

		if (reg == RSP || reg >= R14)
			continue;
		if (err(generator) || (fact.kind == NUMBER && (fact.mask & ~mask) == 0))
			return reg;
	}
	const uint8_t reg = pick_usable(generator);

	emit_mask(generator, reg, mask);
	return reg;
}

static uint8_t pick_pointer(struct generator *generator)
{
	for (int i = 0; i < 8; i++) {
		const uint8_t reg = (uint8_t)choose(&generator->seed, R14);

		if (reg != RSP && (err(generator) || generator->facts.registers[reg].kind == POINTER))
			return reg;
	}
	return R15;
}

static uint8_t pick_scale(struct generator *generator)
{
	return (uint8_t)(1u << choose(&generator->seed, 4));
}

/* ---- Operands --------------------------------------------------------------------- */

static struct address cell_address(struct generator *generator)
{
	static const int32_t disps[] = {0, 8, -8, 0x1000, 0x7ffffff0, RF_DATA_OFFSET_MIN};
	struct address address = {.base = pick_pointer(generator), .index = NO_INDEX, .scale = 1};

	address.disp = disps[choose(&generator->seed, sizeof disps / sizeof *disps)];
	if (err(generator))
		address.disp = RF_DATA_OFFSET_MIN - 8;
	if (one_in(&generator->seed, 2)) {
		address.index = pick_number(generator, 0xffffffff);
		address.scale = pick_scale(generator);
	}
	return address;
}

static struct address packet_address(struct generator *generator, uint32_t size)
{
	struct address address = {.base = R14, .index = NO_INDEX, .scale = 1};
	int32_t high = RF_WINDOW_HIGH - (int32_t)size;
	int32_t low = RF_WINDOW_LOW;

	if (one_in(&generator->seed, 2)) {
		const uint32_t mask = 0x3fu << choose(&generator->seed, 3);

		address.index = pick_number(generator, mask);
		address.scale = pick_scale(generator);
		high -= (int32_t)(generator->facts.registers[address.index].mask * address.scale);
		if (high < low)
			high = low;
	}
	address.disp = one_in(&generator->seed, 3) ? high : one_in(&generator->seed, 2) ? low : 0;
	if (address.disp > high)
		address.disp = high;
	if (err(generator))
		address.disp = address.disp == low ? low - 1 : high + 1;
	return address;
}

static struct address slot_address(struct generator *generator, uint32_t slot)
{
	struct address address = {.base = RSP, .index = NO_INDEX, .scale = 1, .disp = (int32_t)(8 * slot)};

	if (err(generator)) {
		address.index = pick_number(generator, 0xff);
		address.scale = 8;
	}
	if (err(generator))
		address.disp += one_in(&generator->seed, 2) ? 4 : 8 * (int32_t)(SLOTS_MAX - slot);
	return address;
}

/* ---- Statements: loads and stores ----------------------------------------------------- */

static void load(struct generator *generator)
{
	static const struct {
		struct form form;
		uint32_t mask;
		uint32_t size;
	} loads[] = {{{.opcode = 0x8b}, 0xffffffff, 4},
	             {{.opcode = 0x8b, .wide = true}, 0, 8},
	             {{.opcode = 0x0fb6}, 0xff, 1},
	             {{.opcode = 0x0fb7}, 0xffff, 2}};
	const uint32_t kind = choose(&generator->seed, 4);
	const struct address address = one_in(&generator->seed, 2)
	                                   ? cell_address(generator)
	                                   : packet_address(generator, loads[kind].size);
	const uint8_t reg = pick_usable(generator);
	const uint32_t skip = maybe_skip(generator);

	emit_memory(&generator->code, loads[kind].form, reg, &address);
	end_skip(generator, skip);
	learn(generator, reg, loads[kind].mask == 0 ? any : number(loads[kind].mask));
}

static void store(struct generator *generator)
{
	const bool wide = one_in(&generator->seed, 2);
	const struct address address =
	    one_in(&generator->seed, 2) ? cell_address(generator) : packet_address(generator, wide ? 8 : 4);

	emit_memory(&generator->code, (struct form){.opcode = 0x89, .wide = wide},
	            (uint8_t)choose(&generator->seed, REGISTERS), &address);
}

static void spill(struct generator *generator)
{
	const uint32_t slot = choose(&generator->seed, generator->slots);
	const struct address address = slot_address(generator, slot);
	const uint8_t reg = (uint8_t)choose(&generator->seed, R14);
	const uint32_t skip = maybe_skip(generator);

	emit_memory(&generator->code, (struct form){.opcode = 0x89, .wide = !err(generator)}, reg, &address);
	end_skip(generator, skip);
	generator->facts.slots[slot] = reg == RSP ? any : generator->facts.registers[reg];
}

/* Over a part of what is in a slot. */
static void spill_narrow(struct generator *generator)
{
	static const struct form forms[] = {{.opcode = 0x88, .byte = true},
	                                    {.opcode = 0x89, .prefix = 0x66},
	                                    {.opcode = 0x89},
	                                    {.opcode = 0x0f11}, /* movups */
	                                    {.opcode = 0x0fc1}, /* xadd */
	                                    {.opcode = 0x0fb1}, /* cmpxchg */
	                                    {.opcode = 0x87}};  /* xchg */
	const uint32_t kind = choose(&generator->seed, sizeof forms / sizeof *forms);
	const uint32_t slot = choose(&generator->seed, generator->slots);
	struct address address = slot_address(generator, slot);
	const uint8_t reg = pick_usable(generator);

	if (kind < 3)
		address.disp += (int32_t)choose(&generator->seed, kind == 0 ? 8 : kind == 1 ? 7 : 5);
	if (kind == 3 && slot + 1 == generator->slots)
		return;
	emit_memory(&generator->code, forms[kind], kind == 3 ? 1 : reg, &address);
	if (kind == 3 && slot + 1 < generator->slots)
		generator->facts.slots[slot + 1] = any;
	if (kind == 5)
		learn(generator, RAX, any);
	else if (kind == 4 || kind == 6)
		learn(generator, reg, word);
	if (!err(generator))
		generator->facts.slots[slot] = any;
}

static void reload(struct generator *generator)
{
	const uint32_t slot = choose(&generator->seed, generator->slots + generator->pushed);
	const struct address address = slot_address(generator, slot);
	const uint8_t reg = pick_usable(generator);

	emit_memory(&generator->code, (struct form){.opcode = 0x8b, .wide = true}, reg, &address);
	learn(generator, reg, generator->facts.slots[slot]);
}

/* ---- Statements: arithmetic ------------------------------------------------------------- */

static void make_pointer(struct generator *generator)
{
	const uint8_t index = pick_number(generator, 0x7fffffff);
	const uint8_t reg = pick_usable(generator);
	const struct address address = {
	    .base = R15, .index = index, .scale = err(generator) ? 8 : 1, .disp = err(generator) ? -16 : 64};

	emit_memory(&generator->code, (struct form){.opcode = 0x8d, .wide = true}, reg, &address);
	learn(generator, reg, (struct fact){POINTER, 0xffffffff});
}

static void move(struct generator *generator)
{
	const uint8_t from = (uint8_t)choose(&generator->seed, R14);
	const uint8_t to = pick_usable(generator);
	const bool wide = one_in(&generator->seed, 2);
	const uint32_t skip = maybe_skip(generator);
	struct fact fact = from == RSP ? any : generator->facts.registers[from];

	/* mov, or cmov, which may leave `to` as it is */
	if (one_in(&generator->seed, 3)) {
		emit_registers(&generator->code,
		               (struct form){.opcode = 0x0f40 + choose(&generator->seed, 16), .wide = wide},
		               to, from);
		fact = join(fact, generator->facts.registers[to]);
	} else {
		emit_registers(&generator->code, (struct form){.opcode = 0x8b, .wide = wide}, to, from);
	}
	end_skip(generator, skip);
	learn(generator, to, wide ? fact : fact.kind == NUMBER ? fact : word);
}

/* Results that are bounded, and those that look as if they were. */
static void compute(struct generator *generator)
{
	static const struct {
		struct form form;
		bool reversed; /* the destination is the reg field */
		bool opaque;
	} forms[] = {
	    {.form = {.opcode = 0x01}},                                                 /* add */
	    {.form = {.opcode = 0x29}},                                                 /* sub */
	    {.form = {.opcode = 0x09}},                                                 /* or */
	    {.form = {.opcode = 0x31}},                                                 /* xor */
	    {.form = {.opcode = 0x11}},                                                 /* adc */
	    {.form = {.opcode = 0x0faf}, .reversed = true},                             /* imul */
	    {.form = {.opcode = 0x0fb8, .prefix = 0xf3}, .reversed = true},             /* popcnt */
	    {.form = {.opcode = 0x0fbc}, .reversed = true, .opaque = true},             /* bsf */
	    {.form = {.opcode = 0x0fbd}, .reversed = true, .opaque = true},             /* bsr */
	    {.form = {.opcode = 0x89, .prefix = 0x66}, .opaque = true},                 /* mov r16 */
	    {.form = {.opcode = 0x88, .byte = true}, .opaque = true},                   /* mov r8 */
	    {.form = {.opcode = 0x01, .wide = true}, .opaque = true},                   /* add r64 */
	    {.form = {.opcode = 0x29, .wide = true}, .opaque = true},                   /* sub r64 */
	    {.form = {.opcode = 0x63, .wide = true}, .reversed = true, .opaque = true}, /* movsxd */
	    {.form = {.opcode = 0x0fbe}, .reversed = true},                             /* movsx r32, r8 */
	};
	const uint32_t kind = choose(&generator->seed, sizeof forms / sizeof *forms);
	const uint8_t to = pick_usable(generator);
	const uint8_t from = (uint8_t)choose(&generator->seed, 4); /* al, cl, dl, bl need no REX */
	struct form form = forms[kind].form;

	if (!forms[kind].opaque && err(generator))
		form.wide = true;
	if (forms[kind].reversed)
		emit_registers(&generator->code, form, to, from);
	else
		emit_registers(&generator->code, form, from, to);
	learn(generator, to, forms[kind].opaque ? any : word);
}

/* cmpxchg, xadd, xchg, mul, shld: more than one result, or none. */
static void compute_twice(struct generator *generator)
{
	const uint8_t a = pick_usable(generator);
	const uint8_t b = pick_usable(generator);

	switch (choose(&generator->seed, 5)) {
	case 0:
		emit_registers(&generator->code, (struct form){.opcode = 0x0fb1}, a, b);
		learn(generator, RAX, any);
		learn(generator, b, any);
		break;
	case 1:
		emit_registers(&generator->code, (struct form){.opcode = 0x0fc1}, a, b);
		learn(generator, a, word);
		learn(generator, b, word);
		break;
	case 2: {
		const struct fact fact = generator->facts.registers[a];

		emit_registers(&generator->code, (struct form){.opcode = 0x87, .wide = true}, a, b);
		generator->facts.registers[a] = generator->facts.registers[b];
		learn(generator, b, fact);
		break;
	}
	case 3:
		emit_registers(&generator->code, (struct form){.opcode = 0xf7}, 4, a);
		learn(generator, RAX, word);
		learn(generator, RDX, word);
		break;
	default:
		emit_registers(&generator->code, (struct form){.opcode = 0x0fa5}, a, b);
		learn(generator, b, any);
		break;
	}
}

static void shift(struct generator *generator)
{
	const uint8_t reg = pick_number(generator, 0xffffffff);
	const bool left = one_in(&generator->seed, 2);
	const bool wide = one_in(&generator->seed, 2);
	const uint32_t count = choose(&generator->seed, 20);
	const uint64_t mask = generator->facts.registers[reg].mask;
	const uint64_t shifted = left ? mask << count : mask >> count;
	const uint32_t skip = maybe_skip(generator);

	if (!(generator->usable >> reg & 1))
		return;
	emit_registers(&generator->code, (struct form){.opcode = 0xc1, .wide = wide}, left ? 4 : 5, reg);
	emit_byte(&generator->code, err(generator) ? count + (left ? 1u : 31u) : count);
	end_skip(generator, skip);
	learn(generator, reg, wide ? number(shifted) : number(shifted & 0xffffffff));
}

static void add_constant(struct generator *generator)
{
	const uint8_t reg = pick_number(generator, 0x7fff);
	const uint32_t mask = generator->facts.registers[reg].mask;

	if (!(generator->usable >> reg & 1))
		return;
	emit_registers(&generator->code, (struct form){.opcode = 0x81}, 0, reg);
	emit_32(&generator->code, err(generator) ? 0x8000u : 0x40u);
	learn(generator, reg, number((uint64_t)(mask | 0x7f) * 2 + 1));
}

/* ---- Statements: control ------------------------------------------------------------------ */

static void block(struct generator *generator);

static void either(struct generator *generator)
{
	const uint32_t other = emit_jump(&generator->code, (uint8_t)choose(&generator->seed, 16));
	const struct facts before = generator->facts;
	struct facts first;
	uint32_t end;

	block(generator);
	if (err(generator)) /* a depth that differs on one path */
		emit_byte(&generator->code, 0x50u | choose(&generator->seed, 4));
	end = emit_jump(&generator->code, ALWAYS);
	first = generator->facts;
	generator->facts = before;
	emit_land(&generator->code, other);
	if (one_in(&generator->seed, 2))
		block(generator);
	emit_land(&generator->code, end);
	if (!err(generator))
		join_facts(&generator->facts, &first);
}

/* What the body may change is unknown at the head. */
static void loop(struct generator *generator)
{
	const uint8_t counter = generator->nesting == 1 ? R11 : R10;
	uint32_t head;

	if (!(generator->usable >> counter & 1))
		return;
	emit_byte(&generator->code, 0x41);
	emit_byte(&generator->code, 0xb8u | (counter & 7u));
	emit_32(&generator->code, 1 + choose(&generator->seed, 4));
	for (uint8_t i = 0; i < R14; i++)
		if ((generator->usable >> i & 1) && !err(generator))
			generator->facts.registers[i] = any;
	for (uint32_t i = 0; i < generator->slots; i++)
		if (!err(generator))
			generator->facts.slots[i] = any;
	generator->usable &= (uint16_t)~(1u << counter);
	generator->facts.registers[counter] = any;
	head = generator->code.size;
	block(generator);
	emit_registers(&generator->code, (struct form){.opcode = 0xff}, 1, counter); /* dec */
	emit_jump_back(&generator->code, 5, head);
	generator->usable |= (uint16_t)(1u << counter);
}

static void after_call(struct generator *generator)
{
	for (uint8_t i = 0; i < R14; i++)
		if (i != RSP && i != RBX && i != RBP && i != R12 && i != R13)
			learn(generator, i, any);
}

static void call(struct generator *generator)
{
	struct address address = {.base = R15, .index = NO_INDEX, .scale = 1};
	uint32_t callee;

	switch (choose(&generator->seed, 3)) {
	case 0: /* direct */
		callee = generator->function + 1 + choose(&generator->seed, FUNCTIONS);
		if (callee >= FUNCTIONS || generator->call_count == 64)
			return;
		emit_byte(&generator->code, 0xe8);
		emit_32(&generator->code, 0);
		generator->calls[generator->call_count][0] = generator->code.size;
		generator->calls[generator->call_count++][1] = callee;
		break;
	case 1: /* host call */
		address.disp = RF_HOST_VECTOR_OFFSET + 8 * (int32_t)choose(&generator->seed, RF_HOST_CALLS);
		if (err(generator))
			address.disp += one_in(&generator->seed, 2) ? 4 : 8 * RF_HOST_CALLS;
		emit_memory(&generator->code, (struct form){.opcode = 0xff}, 2, &address);
		break;
	default: /* through the function table, to the last function, or to nothing */
		address.index =
		    pick_number(generator, one_in(&generator->seed, 2) ? 0x10 : RF_FUNCTION_TABLE_MASK);
		address.disp = RF_FUNCTION_TABLE_OFFSET + (err(generator) ? 8 : 0);
		if (err(generator))
			address.base = pick_pointer(generator);
		if (err(generator))
			address.scale = 2;
		emit_memory(&generator->code, (struct form){.opcode = 0xff}, 2, &address);
		break;
	}
	after_call(generator);
}

static void select_packet(struct generator *generator)
{
	struct address address = {.base = R15, .scale = 8, .disp = RF_WINDOW_TABLE_OFFSET};

	address.index = pick_number(generator, one_in(&generator->seed, 2) ? 1 : RF_WINDOW_INDEX_MASK);
	if (err(generator))
		address.disp += 8 * RF_WINDOW_ENTRIES;
	emit_memory(&generator->code, (struct form){.opcode = 0x8b, .wide = true}, R14, &address);
}

static void switch_cases(struct generator *generator)
{
	const bool scaled = one_in(&generator->seed, 2);
	const uint32_t first = generator->jump_count;
	const uint8_t index = pick_number(generator, scaled ? CASES - 1 : 8 * (CASES - 1));
	const struct address address = {.base = R15,
	                                .index = index,
	                                .scale = scaled ? 8 : 1,
	                                .disp = RF_JUMP_TABLE_OFFSET + (int32_t)(8 * first) +
	                                        (err(generator) ? 8 : 0)};
	struct facts before, joined;
	uint32_t ends[CASES];

	if (first + CASES > NF_TABLE_MAX)
		return;
	generator->jump_count += CASES;
	emit_memory(&generator->code, (struct form){.opcode = 0xff}, 4, &address);
	before = generator->facts;
	for (uint32_t i = 0; i < CASES; i++) {
		generator->facts = before;
		generator->jumps[first + i] = generator->code.size + (err(generator) ? 1 : 0);
		if (one_in(&generator->seed, 2))
			block(generator);
		ends[i] = emit_jump(&generator->code, ALWAYS);
		if (i == 0)
			joined = generator->facts;
		else if (!err(generator))
			join_facts(&joined, &generator->facts);
	}
	for (uint32_t i = 0; i < CASES; i++)
		emit_land(&generator->code, ends[i]);
	generator->facts = joined;
}

static void statement(struct generator *generator)
{
	static void (*const simple[])(struct generator *) = {
	    load,   store,        load,         store,         spill,         spill_narrow,
	    reload, move,         make_pointer, compute,       compute_twice, shift,
	    shift,  add_constant, call,         select_packet, compute};
	static void (*const nested[])(struct generator *) = {either, either, loop, switch_cases};

	if (generator->nesting < NESTING_MAX && one_in(&generator->seed, 5))
		nested[choose(&generator->seed, sizeof nested / sizeof *nested)](generator);
	else
		simple[choose(&generator->seed, sizeof simple / sizeof *simple)](generator);
}

static void block(struct generator *generator)
{
	const uint32_t count = 1 + choose(&generator->seed, 6);

	generator->nesting++;
	for (uint32_t i = 0; i < count; i++)
		statement(generator);
	generator->nesting--;
}

/* ---- Functions ------------------------------------------------------------------------------- */

static void emit_push_pop(struct code *code, uint32_t opcode, uint8_t reg)
{
	if (reg >= 8)
		emit_byte(code, 0x41);
	emit_byte(code, opcode | (reg & 7u));
}

static void move_rsp(struct generator *generator, uint8_t digit, uint32_t bytes)
{
	emit_registers(&generator->code, (struct form){.opcode = 0x81, .wide = true}, digit, RSP);
	emit_32(&generator->code, err(generator) ? bytes + 8 : bytes);
}

static void prologue(struct generator *generator)
{
	const uint32_t first = choose(&generator->seed, SAVED);

	generator->pushed = choose(&generator->seed, SAVED + 1);
	generator->slots = 2 + choose(&generator->seed, SLOTS_MAX - 1);
	generator->usable = 1u << RAX | 1u << RCX | 1u << RDX | 1u << RSI | 1u << RDI | 0x0f00;
	memset(&generator->facts, 0, sizeof generator->facts);
	for (uint32_t i = 0; i < SAVED; i++)
		generator->facts.registers[callee_saved[i]] = (struct fact){CALLERS, callee_saved[i]};
	generator->facts.registers[R15] = (struct fact){POINTER, 0};
	for (uint32_t i = 0; i < generator->pushed; i++) {
		const uint8_t reg = callee_saved[(first + i) % SAVED];

		generator->order[i] = reg;
		generator->usable |= (uint16_t)(1u << reg);
		emit_push_pop(&generator->code, 0x50, reg);
	}
	for (uint32_t i = 0; i < generator->pushed; i++)
		generator->facts.slots[generator->slots + i] =
		    (struct fact){CALLERS, generator->order[generator->pushed - 1 - i]};
	if (err(generator)) /* changed, but not saved */
		generator->usable |= 1u << RBX | 1u << R13;
	move_rsp(generator, 5, 8 * generator->slots);
}

static void epilogue(struct generator *generator)
{
	move_rsp(generator, 0, 8 * generator->slots);
	if (generator->pushed > 1 && err(generator)) {
		const uint8_t swap = generator->order[0];

		generator->order[0] = generator->order[1];
		generator->order[1] = swap;
	}
	for (uint32_t i = generator->pushed; i-- > 0;)
		emit_push_pop(&generator->code, 0x58, generator->order[i]);
	if (err(generator)) /* takes the return address, too */
		emit_push_pop(&generator->code, 0x58, RCX);
	if (err(generator)) /* falls into the next function */
		return;
	emit_byte(&generator->code, 0xc3);
}

static void function(struct generator *generator)
{
	generator->starts[generator->function] = generator->code.size;
	generator->nesting = 0;
	prologue(generator);
	block(generator);
	block(generator);
	epilogue(generator);
}

static void set_tables(const struct generator *generator, struct nf_file *file)
{
	for (uint32_t i = 0; i < generator->jump_count; i++)
		nf_set_jump(file, i, generator->jumps[i]);
	for (uint32_t i = 1; i < FUNCTIONS; i++) {
		nf_add_entry(file, generator->starts[i]);
		nf_set_function(file, i, generator->starts[FUNCTIONS - 1]);
	}
}

uint32_t generate(struct nf_file *file, uint64_t seed, uint32_t flaws)
{
	static struct generator generator;

	memset(&generator, 0, sizeof generator);
	generator.seed = seed;
	generator.flaws_left = flaws;
	for (generator.function = 0; generator.function < FUNCTIONS; generator.function++)
		function(&generator);
	for (uint32_t i = 0; i < generator.call_count; i++) {
		const uint32_t at = generator.calls[i][0];
		const uint32_t distance = generator.starts[generator.calls[i][1]] - at;

		memcpy(generator.code.bytes + at - 4, &distance, sizeof distance);
	}
	nf_build(file, generator.code.bytes, generator.code.size);
	set_tables(&generator, file);
	return generator.flaws;
}
