/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All encodings: prefixes x opcode map x opcode x ModRM x SIB.
 *
 * A *stem* is what stands before ModRM. Every stem is probed with ModRM bytes;
 * where the validator accepts one, the others and the SIB bytes follow.
 */
#include <string.h>

#include <ringfence/contract.h>

#include "subject.h"

#define STEM_MAX 16 /* eleven prefixes, REX, three opcode bytes */

struct stem {
	uint8_t bytes[STEM_MAX];
	uint8_t length;
};

static const uint8_t legacy[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x3e, 0x26, 0x36, 0x64, 0x65};
#define LEGACY (sizeof legacy)

static struct decoder decoder;

static void push(struct stem *stem, uint8_t byte)
{
	stem->bytes[stem->length++] = byte;
}

static uint64_t hash_bytes(const uint8_t *bytes, uint8_t length)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (uint8_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return next_random(&hash);
}

/* Accepted in some state: the rest depends on values, but for operands that no state permits. */
static bool acceptable(const struct shape *shape)
{
	const struct memory_operand *memory = &shape->memory;

	if (shape->denial != 0)
		return false;
	if (!memory->accessed)
		return true;
	if (memory->address.base == RSP)
		return memory->address.index == NO_REGISTER;
	return memory->address.base != NO_REGISTER && memory->address.base != RIP_REGISTER;
}

static bool is_branch(const struct shape *shape)
{
	return shape->effect == EFFECT_JCC || shape->effect == EFFECT_JMP || shape->effect == EFFECT_CALL;
}

/* Displacement and immediate that are likely to show a difference. */
static void choose_constants(struct subject *subject)
{
	static const int32_t displacements[] = {0x40, -0x40, 0, 0x7fffff00, RF_DATA_OFFSET_MIN, 0x1238};
	static const uint64_t immediates[] = {
	    0,    1,    8,          31,         32,         63,    0x7f,
	    0x80, 0xff, 0x7fffffff, 0x80000000, UINT64_MAX, 0x100, UINT64_C(0x8000000000000000)};
	const struct shape *shape = &subject->shape;
	const struct memory_operand *memory = &shape->memory;
	uint64_t seed = subject->hash;
	uint64_t immediate = immediates[next_random(&seed) % (sizeof immediates / sizeof *immediates)];
	int32_t displacement =
	    displacements[next_random(&seed) % (sizeof displacements / sizeof *displacements)];

	if (memory->disp_size == 1)
		displacement = (int32_t)(next_random(&seed) % 2 ? 0x28 : -0x28);
	if (memory->address.base == RSP)
		displacement = (int32_t)(next_random(&seed) % 16 * 4);
	if (is_branch(shape) && !memory->present)
		immediate = 0;
	if (memory->present)
		memcpy(subject->bytes + memory->disp_offset, &displacement, memory->disp_size);
	memcpy(subject->bytes + shape->imm_offset, &immediate, shape->imm_size);
}

static bool same_operand(const struct operand *a, const struct operand *b)
{
	return a->kind == b->kind && a->reg == b->reg && a->width == b->width && a->high == b->high;
}

static bool same_memory(const struct memory_operand *a, const struct memory_operand *b)
{
	return a->sib_offset == b->sib_offset && a->high_bits == b->high_bits && a->varies == b->varies &&
	       a->size == b->size && a->present == b->present && a->accessed == b->accessed &&
	       a->writes == b->writes && a->address32 == b->address32 && a->disp_offset == b->disp_offset &&
	       a->disp_size == b->disp_size;
}

/* The address that is read from the bytes must be what Zydis says. */
static bool same_address(const struct shape *shape, const struct subject *subject)
{
	const struct base_index address = rfv_address(shape, subject->bytes);
	const struct base_index *zydis = &subject->shape.memory.address;

	return address.base == zydis->base && address.index == zydis->index && address.scale == zydis->scale;
}

/* A shape of other bytes with this key must be what Zydis says of these, padding of the structure aside. */
static bool same_shape(const struct shape *a, const struct subject *subject)
{
	const struct shape *b = &subject->shape;

	return a->denial == b->denial && a->length == b->length && a->effect == b->effect &&
	       a->imm_offset == b->imm_offset && a->imm_size == b->imm_size &&
	       a->imm_constant == b->imm_constant && same_operand(&a->dst, &b->dst) &&
	       same_operand(&a->src, &b->src) && a->written == b->written &&
	       a->zero_extended == b->zero_extended && a->action == b->action &&
	       a->fixed_register == b->fixed_register && a->fixed_size == b->fixed_size &&
	       same_memory(&a->memory, &b->memory) && same_address(a, subject);
}

/* NULL: it does not decode. */
static const struct shape *from_cache(const struct subject *subject)
{
	static uint16_t nodes[0x400][256];
	static struct shape shapes[0x1000];
	static uint8_t summaries[0x1000];
	static struct decoder cache;
	uint32_t number;

	if (cache.nodes == NULL || cache.node_count + 16 > 0x400 ||
	    cache.shape_count + SIB_CLASSES > 0x1000) {
		memset(nodes, 0, sizeof nodes);
		rfv_decoder_init(&cache, nodes, 0x400, shapes, summaries, 0x1000);
	}
	number = rfv_decode(&cache, subject->bytes, SUBJECT_BYTES);
	return number == SHAPE_NONE ? NULL : &shapes[number];
}

static void check_cache(const struct subject *subject)
{
	for (int again = 0; again < 2; again++) {
		const struct shape *shape = from_cache(subject);

		if (shape == NULL || !same_shape(shape, subject))
			report(DIFFERENT_CACHE, subject, "the shape that is remembered");
	}
}

/* What is refused must be refused with the shape that is remembered, too. */
static void refuse(const struct subject *subject)
{
	const struct shape *shape = from_cache(subject);
	struct shape zydis;
	const bool decodes = rfv_decode_uncached(&decoder, subject->bytes, SUBJECT_BYTES, &zydis);

	if ((shape != NULL) != decodes || (decodes && shape->denial != zydis.denial))
		report(DIFFERENT_CACHE, subject, "another denial than that of the shape that is remembered");
}

/* Contract, rule 2: which prefixes may stand where, whatever else the instruction is. */
static bool prefix_allowed(const struct shape *shape, const uint8_t *bytes, uint32_t place)
{
	const bool repeated = memchr(bytes, bytes[place], place) != NULL;

	if (repeated && !(bytes[place] == 0x66 && shape->effect == EFFECT_NOP))
		return false;
	switch (bytes[place]) {
	case 0x26:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
		return false;
	case 0x2e:
		return shape->effect == EFFECT_NOP;
	case 0x67:
		return shape->effect == EFFECT_LEA;
	case 0xf0:
		return shape->memory.writes;
	case 0x66:
		return shape->effect < EFFECT_PUSH; /* not on a branch, push, pop */
	default:                                    /* f2, f3: parts of opcodes */
		return true;
	}
}

static void check_prefixes(const struct subject *subject)
{
	for (uint32_t i = 0; memchr(legacy, subject->bytes[i], LEGACY) != NULL; i++)
		if (!prefix_allowed(&subject->shape, subject->bytes, i))
			report(DIFFERENT_PREFIX, subject, "%02x", subject->bytes[i]);
}

/* Decodes; true if the validator accepts. */
static bool probe(struct enumeration *enumeration, struct subject *subject, const struct stem *stem,
                  int modrm, int sib)
{
	uint8_t length = stem->length;

	memset(subject->bytes, 0x90, sizeof subject->bytes);
	memcpy(subject->bytes, stem->bytes, length);
	if (modrm >= 0)
		subject->bytes[length++] = (uint8_t)modrm;
	if (sib >= 0)
		subject->bytes[length++] = (uint8_t)sib;
	enumeration->enumerated++;
	return rfv_decode_uncached(&decoder, subject->bytes, SUBJECT_BYTES, &subject->shape) &&
	       acceptable(&subject->shape);
}

static void accept(struct enumeration *enumeration, struct subject *subject)
{
	struct shape again;

	enumeration->accepted++;
	subject->hash = hash_bytes(subject->bytes, subject->shape.length);
	if (subject->hash % enumeration->sample != 0)
		return;
	enumeration->visited++;
	choose_constants(subject);
	if (!rfv_decode_uncached(&decoder, subject->bytes, SUBJECT_BYTES, &again) ||
	    !same_shape(&again, subject)) {
		report(DIFFERENT_CACHE, subject, "displacement or immediate change the shape");
		return;
	}
	check_cache(subject);
	check_prefixes(subject);
	enumeration->visit(subject);
}

static bool needs_sib(int modrm)
{
	return modrm >> 6 != 3 && (modrm & 7) == 4;
}

/* The short run takes one combination of so many with each stem, or it would enumerate for minutes. */
#define THIN 61

static bool is_thinned_out(const struct enumeration *enumeration, const struct stem *stem, int modrm, int sib)
{
	uint64_t seed = hash_bytes(stem->bytes, stem->length) + (uint64_t)modrm * 256 + (uint64_t)sib;

	return enumeration->depth < 2 && next_random(&seed) % THIN != 0;
}

static void expand_one(struct enumeration *enumeration, const struct stem *stem, int modrm, int sib)
{
	struct subject subject;

	if (is_thinned_out(enumeration, stem, modrm, sib))
		return;
	if (probe(enumeration, &subject, stem, modrm, sib))
		accept(enumeration, &subject);
	else
		refuse(&subject);
}

/* Every ModRM byte, with every SIB byte where it asks for one. */
static void expand(struct enumeration *enumeration, const struct stem *stem)
{
	for (int modrm = 0; modrm < 256; modrm++) {
		if (!needs_sib(modrm))
			expand_one(enumeration, stem, modrm, -1);
		for (int sib = 0; needs_sib(modrm) && sib < 256; sib++)
			expand_one(enumeration, stem, modrm, sib);
	}
}

/* The instruction ends or continues with an immediate where ModRM would stand: once is enough. */
static bool has_no_modrm(const struct stem *stem, const struct subject *subject)
{
	const struct shape *shape = &subject->shape;

	return shape->length == stem->length || (shape->imm_size != 0 && shape->imm_offset == stem->length);
}

static void try_stem(struct enumeration *enumeration, const struct stem *stem, bool wide)
{
	/* Each group number with memory and register, and the single encodings of fences, hints and endbr64.
	 */
	static const uint8_t probes[] = {0x00, 0x08, 0x10, 0x18, 0x20, 0x28, 0x30, 0x38, 0x45, 0x4d, 0xc0,
	                                 0xc8, 0xd1, 0xd9, 0xe2, 0xea, 0xf3, 0xfb, 0xe8, 0xf0, 0xf8, 0xfa};
	const unsigned count = wide ? 256 : sizeof probes;

	for (unsigned i = 0; i < count; i++) {
		struct subject subject;
		const int modrm = wide ? (int)i : probes[i];

		if (!probe(enumeration, &subject, stem, modrm, needs_sib(modrm) ? 0x20 : -1))
			continue;
		if (has_no_modrm(stem, &subject)) {
			if (probe(enumeration, &subject, stem, -1, -1))
				accept(enumeration, &subject);
			return;
		}
		expand(enumeration, stem);
		return;
	}
}

/* ---- Legacy encodings ------------------------------------------------------------ */

static bool is_prefix(unsigned byte)
{
	return memchr(legacy, (int)byte, LEGACY) != NULL || (byte & 0xf0) == 0x40;
}

static void all_opcodes(struct enumeration *enumeration, const struct stem *prefixes, bool wide)
{
	for (unsigned map = 0; map < 4; map++)
		for (unsigned opcode = 0; opcode < 256; opcode++) {
			struct stem stem = *prefixes;

			/* These lead elsewhere: other prefixes, other maps, VEX. */
			if (map == 0 &&
			    (is_prefix(opcode) || opcode == 0x0f || opcode == 0xc4 || opcode == 0xc5))
				continue;
			if (map == 1 && (opcode == 0x38 || opcode == 0x3a))
				continue;
			if (map >= 1)
				push(&stem, 0x0f);
			if (map >= 2)
				push(&stem, map == 2 ? 0x38 : 0x3a);
			push(&stem, (uint8_t)opcode);
			try_stem(enumeration, &stem, wide);
		}
}

static void with_every_rex(struct enumeration *enumeration, const struct stem *prefixes, bool wide)
{
	all_opcodes(enumeration, prefixes, wide);
	for (unsigned rex = 0x40; rex < 0x50; rex++) {
		struct stem stem = *prefixes;

		push(&stem, (uint8_t)rex);
		all_opcodes(enumeration, &stem, wide);
	}
}

/* All pairs in both orders, doubled ones included, and REX where it is not the last prefix. */
static void ordered_pairs(struct enumeration *enumeration)
{
	for (size_t i = 0; i < LEGACY; i++) {
		const struct stem rex_first = {.bytes = {0x48, legacy[i]}, .length = 2};
		const struct stem rex_b_first = {.bytes = {0x41, legacy[i]}, .length = 2};

		all_opcodes(enumeration, &rex_first, false);
		all_opcodes(enumeration, &rex_b_first, false);
		for (size_t k = 0; k < LEGACY; k++) {
			const struct stem pair = {.bytes = {legacy[i], legacy[k]}, .length = 2};
			const struct stem rex = {.bytes = {legacy[i], legacy[k], 0x49}, .length = 3};

			all_opcodes(enumeration, &pair, false);
			all_opcodes(enumeration, &rex, false);
		}
	}
	for (unsigned rex = 0x40; rex < 0x50; rex++) {
		const struct stem twice = {.bytes = {(uint8_t)rex, 0x48}, .length = 2};

		all_opcodes(enumeration, &twice, false);
	}
}

static void prefix_sets(struct enumeration *enumeration, int least, int most)
{
	for (unsigned set = 0; set < 1u << LEGACY; set++) {
		const int size = __builtin_popcount(set);
		struct stem stem = {.length = 0};

		if (size < least || size > most)
			continue;
		for (size_t i = 0; i < LEGACY; i++)
			if (set >> i & 1)
				push(&stem, legacy[i]);
		with_every_rex(enumeration, &stem, size <= 1 && enumeration->depth >= 2);
	}
}

/* ---- VEX --------------------------------------------------------------------------- */

static void vex_opcodes(struct enumeration *enumeration, const struct stem *prefixes)
{
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		struct stem stem = *prefixes;

		push(&stem, (uint8_t)opcode);
		try_stem(enumeration, &stem, false);
	}
}

static void vex_prefixed(struct enumeration *enumeration)
{
	static const uint8_t before[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x36, 0x64, 0x65, 0x40, 0x48};

	for (size_t i = 0; i < sizeof before; i++) {
		const struct stem two = {.bytes = {before[i], 0xc5, 0xf8}, .length = 3};
		const struct stem three = {.bytes = {before[i], 0xc4, 0xe2, 0x79}, .length = 4};

		vex_opcodes(enumeration, &two);
		vex_opcodes(enumeration, &three);
	}
}

static void vex(struct enumeration *enumeration)
{
	/* A few of the sixteen vvvv in the short run: none, rax, rsp, r14, r15. */
	static const uint8_t few[] = {15, 0, 4 ^ 15, 14 ^ 15, 15 ^ 15};

	vex_prefixed(enumeration);
	for (unsigned payload = 0; payload < 256; payload++) {
		const struct stem stem = {.bytes = {0xc5, (uint8_t)payload}, .length = 2};

		if (enumeration->depth >= 2 || memchr(few, payload >> 3 & 15, sizeof few) != NULL)
			vex_opcodes(enumeration, &stem);
	}
	for (unsigned map = 0; map < 32; map++)
		for (unsigned rxb = 0; rxb < 8; rxb++)
			for (unsigned payload = 0; payload < 256; payload++) {
				const struct stem stem = {
				    .bytes = {0xc4, (uint8_t)(rxb << 5 | map), (uint8_t)payload},
				    .length = 3};

				/* Maps that do not exist: a few are enough. */
				if ((map < 1 || map > 3) && (rxb != 7 || (payload & 0x78) != 0x78))
					continue;
				if (enumeration->depth < 2 &&
				    (memchr(few, payload >> 3 & 15, sizeof few) == NULL ||
				     (rxb != 7 && rxb != 0)))
					continue;
				vex_opcodes(enumeration, &stem);
			}
}

void enumerate(struct enumeration *enumeration)
{
	static uint16_t nodes[4][256];
	static struct shape shapes[4];
	static uint8_t summaries[4];

	rfv_decoder_init(&decoder, nodes, 4, shapes, summaries, 4);
	prefix_sets(enumeration, 0, enumeration->depth >= 2 ? 2 : 1);
	if (enumeration->depth >= 2)
		ordered_pairs(enumeration);
	if (enumeration->depth >= 3)
		prefix_sets(enumeration, 3, (int)LEGACY);
	vex(enumeration);
}
