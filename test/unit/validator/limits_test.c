/* SPDX-License-Identifier: Apache-2.0 */
/* Texts made to be slow, or to overflow what the validator remembers: the verdict stays right, the work
 * linear. */
#include <criterion/criterion.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <ringfence/validator.h>

#include "nf_builder.h"

/* A state changes at most 8 times in the hasty proof, 27 in the patient one; its block is visited once more.
 */
#define VISITS_MAX (9 + 28)
/* What ringfence/validator.h promises of rfv_arena_size. */
#define ARENA_FIXED ((uint64_t)70 << 20)
#define ARENA_PER_TEXT_BYTE 30
#define ARENA_PER_ENTRY 20

struct text {
	uint8_t *bytes;
	uint32_t size;
	uint32_t capacity;
};

static void emit(struct text *text, const void *bytes, uint32_t size)
{
	if (text->size + size > text->capacity) {
		text->capacity = 2 * (text->capacity + size);
		text->bytes = realloc(text->bytes, text->capacity);
		cr_assert_not_null(text->bytes);
	}
	memcpy(text->bytes + text->size, bytes, size);
	text->size += size;
}

static void emit_jump(struct text *text, uint8_t condition, int64_t target)
{
	const uint8_t opcode[] = {0x0f, condition};
	const int32_t distance = (int32_t)(target - (int64_t)text->size - 6);

	emit(text, opcode, sizeof opcode);
	emit(text, &distance, sizeof distance);
}

#define EMIT(text, ...) emit((text), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))
#define JE 0x84
#define JNE 0x85

/* The file with a text of any size: the builder's own text is too small for these. */
static uint8_t *build(const struct text *text, const struct nf_file *shell, size_t *size)
{
	const size_t start = offsetof(struct nf_file, text);
	uint8_t *bytes = malloc(start + text->size);
	struct nf_file *file = (struct nf_file *)(void *)bytes;

	cr_assert_not_null(bytes);
	memcpy(bytes, shell, start);
	memcpy(bytes + start, text->bytes, text->size);
	file->segment[NF_TEXT].p_filesz = text->size;
	file->segment[NF_TEXT].p_memsz = text->size;
	*size = start + text->size;
	return bytes;
}

static struct nf_file shell;
static struct rfv_finding finding;

static enum rfv_verdict check(struct text *text, struct rfv_report *report)
{
	enum rfv_verdict verdict;
	size_t size;
	uint8_t *bytes;

	*report = (struct rfv_report){.findings = &finding, .capacity = 1};
	bytes = build(text, &shell, &size);
	verdict = rfv_check(bytes, size, report);
	cr_expect_leq(report->stats.block_visits, (uint64_t)VISITS_MAX * report->stats.blocks);
	cr_expect_leq(report->stats.memory_bytes,
	              ARENA_FIXED + (uint64_t)ARENA_PER_TEXT_BYTE * report->stats.text_bytes +
	                  (uint64_t)ARENA_PER_ENTRY *
	                      (report->image.function_table.count + report->image.jump_tables.count +
	                       report->image.entries.count + report->image.exports.count));
	free(bytes);
	free(text->bytes);
	*text = (struct text){0};
	return verdict;
}

static void empty_shell(void)
{
	static const uint8_t ret[] = {0xc3};

	nf_build(&shell, ret, sizeof ret);
}

/* Every block of 8 bytes jumps to one common join, and falls into the next. */
Test(limits, a_join_of_a_hundred_thousand_edges)
{
	struct text text = {0};
	struct rfv_report report;

	empty_shell();
	EMIT(&text, 0xeb, 0x01, 0xc3); /* jmp over; join: ret */
	for (uint32_t i = 0; i < 100000; i++) {
		EMIT(&text, 0xff, (uint8_t)(0xc0 + i % 3)); /* inc eax, ecx, edx */
		emit_jump(&text, JNE, 2);
	}
	EMIT(&text, 0xc3);
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "%s", finding.message);
	cr_expect_gt(report.stats.blocks, 100000);
}

/* A loop that needs to know a number, so that the hasty proof fails at once. */
static void emit_loop_with_number(struct text *text)
{
	uint32_t head;

	EMIT(text, 0xbe, 8, 0, 0, 0); /* mov esi, 8 */
	head = text->size;
	EMIT(text, 0x41, 0x8b, 0x04, 0x36, 0x85, 0xff); /* mov eax, [r14 + rsi]; test edi, edi */
	emit_jump(text, JNE, head);
}

/* Loops within loops, each of which widens a mask by one bit per turn. */
static void check_deep_nesting(bool hasty)
{
	enum { DEPTH = 20000 };
	struct text text = {0};
	struct rfv_report report;
	uint32_t *heads = calloc(DEPTH, sizeof *heads);

	cr_assert_not_null(heads);
	empty_shell();
	if (!hasty)
		emit_loop_with_number(&text);
	EMIT(&text, 0xb8, 1, 0, 0, 0, 0xb9, 1, 0, 0, 0, 0xba, 1, 0, 0, 0); /* eax = ecx = edx = 1 */
	for (uint32_t i = 0; i < DEPTH; i++) {
		heads[i] = text.size;
		EMIT(&text, 0x01, 0xc9); /* add ecx, ecx */
	}
	for (uint32_t i = DEPTH; i-- > 0;) {
		EMIT(&text, 0x01, 0xc0, 0x01, 0xd2); /* add eax, eax; add edx, edx */
		emit_jump(&text, JNE, heads[i]);
	}
	EMIT(&text, 0xc3);
	free(heads);
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "%s", finding.message);
}

Test(limits, deep_nesting_with_masks_that_grow_bit_by_bit)
{
	check_deep_nesting(true);
	check_deep_nesting(false);
}

static void emit_counter(struct text *text)
{
	uint32_t head;

	EMIT(text, 0x31, 0xc9); /* xor ecx, ecx */
	head = text->size;
	EMIT(text, 0x83, 0xc1, 0x01, 0x85, 0xff); /* add ecx, 1; test edi, edi */
	emit_jump(text, JNE, head);
}

/* Any number from the start; or its bits grow in each turn, until it is taken for any number, too. */
Test(limits, a_counter_is_walked_once_or_twelve_times)
{
	const uint32_t loop = 2; /* and the jump's other way */
	struct text text = {0};
	struct rfv_report report;

	empty_shell();
	emit_counter(&text);
	EMIT(&text, 0xc3);
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "%s", finding.message);
	cr_expect_leq(report.stats.block_visits, 1 + loop);
	emit_loop_with_number(&text);
	emit_counter(&text);
	EMIT(&text, 0xc3);
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "%s", finding.message);
	cr_expect_leq(report.stats.block_visits, (1 + loop) + (1 + loop + 12 * loop));
}

/* In a loop whose state grows all the time, what no longer does is not widened. */
Test(limits, what_grew_early_keeps_its_bits)
{
	struct text text = {0};
	struct rfv_report report;
	uint32_t head;

	empty_shell();
	EMIT(&text, 0xba, 8, 0, 0, 0, 0xb9, 15, 0, 0, 0);             /* edx = 8; ecx = 15 */
	EMIT(&text, 0xb8, 15, 0, 0, 0, 0xbe, 15, 0, 0, 0);            /* eax = esi = 15 */
	EMIT(&text, 0x41, 0xb9, 15, 0, 0, 0, 0x41, 0xb8, 0, 1, 0, 0); /* r9d = 15; r8d = 256 */
	head = text.size;
	EMIT(&text, 0x89, 0xc1, 0x89, 0xf0);             /* ecx = eax; eax = esi */
	EMIT(&text, 0x44, 0x89, 0xce, 0x45, 0x89, 0xc1); /* esi = r9d; r9d = r8d */
	EMIT(&text, 0xc1, 0xe2, 0x01, 0x85, 0xff);       /* shl edx, 1; test edi, edi */
	EMIT(&text, 0x74, 0x00);                         /* je to the next: a join that is not the head */
	emit_jump(&text, JNE, head);
	EMIT(&text, 0x41, 0x8b, 0x04, 0x0e, 0xc3); /* mov eax, [r14 + rcx]: at most 271 */
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "%s", finding.message);
}

static void emit_frame_store(struct text *text, uint32_t offset)
{
	EMIT(text, 0x48, 0x89, 0xbc, 0x24); /* mov [rsp + offset], rdi */
	emit(text, &offset, sizeof offset);
}

static void emit_frame_load(struct text *text, uint32_t offset)
{
	EMIT(text, 0x48, 0x8b, 0x84, 0x24); /* mov rax, [rsp + offset] */
	emit(text, &offset, sizeof offset);
}

static void emit_frame_store_rax(struct text *text, uint32_t offset)
{
	EMIT(text, 0x48, 0x89, 0x84, 0x24); /* mov [rsp + offset], rax */
	emit(text, &offset, sizeof offset);
}

static void emit_constant_store(struct text *text, uint32_t offset, uint32_t value)
{
	EMIT(text, 0x48, 0xc7, 0x84, 0x24); /* mov qword [rsp + offset], value */
	emit(text, &offset, sizeof offset);
	emit(text, &value, sizeof value);
}

/*
 * A loop that shifts `length` places of the frame by one each turn. What
 * stands in the last one, 2 or anything, so changes the state at the loop's head once a turn.
 */
static enum rfv_verdict check_shift_register(uint32_t length, bool unknown, uint8_t index_mask,
                                             struct rfv_report *report)
{
	struct text text = {0};
	const uint32_t frame = 8 * (length + 1);
	uint32_t head;

	empty_shell();
	EMIT(&text, 0x48, 0x81, 0xec); /* sub rsp, frame */
	emit(&text, &frame, sizeof frame);
	for (uint32_t i = 0; i < length; i++)
		emit_constant_store(&text, 8 * i, 1);
	if (unknown)
		emit_frame_store(&text, 8 * length); /* rdi */
	else
		emit_constant_store(&text, 8 * length, 2);
	head = text.size;
	for (uint32_t i = 0; i < length; i++) {
		emit_frame_load(&text, 8 * (i + 1));
		emit_frame_store_rax(&text, 8 * i);
	}
	EMIT(&text, 0x85, 0xff); /* test edi, edi */
	emit_jump(&text, JNE, head);
	emit_frame_load(&text, 0);
	EMIT(&text, 0x48, 0x83, 0xe0, index_mask); /* and rax, mask */
	EMIT(&text, 0x41, 0x8b, 0x04, 0x06);       /* mov eax, [r14 + rax] */
	EMIT(&text, 0x48, 0x81, 0xc4);
	emit(&text, &frame, sizeof frame);
	EMIT(&text, 0xc3);
	return check(&text, report);
}

/* A state that grows too often loses bits, then values, then everything: never the wrong way, and it ends. */
Test(limits, a_state_that_grows_once_a_turn)
{
	struct rfv_report report;

	cr_expect_eq(check_shift_register(8, false, 0xff, &report), RFV_ACCEPTED, "%s", finding.message);
	/* All bits of a mask, which `and` limits again. */
	cr_expect_eq(check_shift_register(15, false, 0x7f, &report), RFV_ACCEPTED, "%s", finding.message);
	cr_expect_eq(check_shift_register(15, false, 0xff, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "packet-bounds", "%s", finding.message);
	cr_expect_eq(check_shift_register(15, true, 0x7f, &report), RFV_ACCEPTED, "%s", finding.message);
	/* All that is known, the callee-saved registers too. */
	cr_expect_eq(check_shift_register(60, true, 0x7f, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "callee-saved", "%s", finding.message);
}

/* The slowest text that we know: every place tracked, thousands of joins, each as often as can be. */
Test(limits, the_widest_states_at_thousands_of_targets)
{
	enum { PLACES = 1024, SHIFTED = 40, TARGETS = 6000 };
	struct text text = {0};
	struct rfv_report report;
	const uint32_t frame = RF_FRAME_MAX;
	uint32_t head;

	empty_shell();
	EMIT(&text, 0x48, 0x81, 0xec); /* sub rsp, frame */
	emit(&text, &frame, sizeof frame);
	for (uint32_t i = 0; i < PLACES - 1; i++)
		emit_constant_store(&text, 8 * i, 1);
	emit_constant_store(&text, 8 * (PLACES - 1), 2);
	emit_frame_store(&text, 8 * (PLACES - 1)); /* anything: rdi */
	head = text.size;
	for (uint32_t i = PLACES - 1 - SHIFTED; i < PLACES - 1; i++) {
		emit_frame_load(&text, 8 * (i + 1));
		emit_frame_store_rax(&text, 8 * i);
	}
	for (uint32_t i = 0; i < TARGETS; i++)
		EMIT(&text, 0x75, 0x00); /* jne to the next */
	emit_jump(&text, JNE, head);
	EMIT(&text, 0x0f, 0x0b);
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "%s", finding.message);
	cr_expect_gt(report.stats.block_visits, (27u + 8u) * TARGETS);
}

/* A ladder whose every rung may also go back to the start with one more fact lost. */
Test(limits, backward_edges_that_lose_one_fact_each)
{
	struct text text = {0};
	struct rfv_report report;

	empty_shell();
	EMIT(&text, 0x90);
	for (uint32_t i = 0; i < 20000; i++) {
		EMIT(&text, 0x83, 0xe0, (uint8_t)(i & 0x7f)); /* and eax, i */
		EMIT(&text, 0x31, 0xc9, 0xff, 0xc1);          /* ecx = 1 */
		emit_jump(&text, JE, 1);
		emit_jump(&text, JNE, text.size > 4000 ? text.size - 4000 / 19 * 19 : 1);
	}
	EMIT(&text, 0xc3);
	(void)check(&text, &report); /* most of these jumps hit no instruction: what counts is the work */
}

/* 4,000 jumps that each select all of 64 entries. */
Test(limits, jump_tables_shared_by_thousands_of_jumps)
{
	struct text text = {0};
	struct rfv_report report;

	empty_shell();
	for (uint32_t k = 0; k < NF_TABLE_MAX; k++)
		nf_set_jump(&shell, k, 11 * k);
	for (uint32_t i = 0; i < 4000; i++) {
		EMIT(&text, 0x83, 0xe7, 0x3f);                               /* and edi, 63 */
		EMIT(&text, 0x41, 0xff, 0xa4, 0xff, 0x00, 0x00, 0x02, 0x80); /* jmp [r15 + rdi*8 + tables] */
	}
	/* Only the first 64 are reached, each from all: that is just within bounds. */
	cr_expect_neq(check(&text, &report), RFV_MALFORMED);
	cr_expect_eq(report.stats.functions, 1);
}

Test(limits, jump_tables_shared_too_often)
{
	struct text text = {0};
	struct rfv_report report;

	empty_shell();
	for (uint32_t k = 0; k < NF_TABLE_MAX; k++)
		nf_set_jump(&shell, k, 0);
	for (uint32_t i = 0; i < 200; i++) {
		EMIT(&text, 0x83, 0xe7, 0x3f);
		emit_jump(&text, JE, (int64_t)text.size + 6 + 8); /* over the jump */
		EMIT(&text, 0x41, 0xff, 0xa4, 0xff, 0x00, 0x00, 0x02, 0x80);
	}
	EMIT(&text, 0xc3);
	/* All entries lead to the first instruction, which is the function's entry. */
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "jump-table");

	empty_shell();
	EMIT(&text, 0x90);
	for (uint32_t k = 0; k < NF_TABLE_MAX; k++)
		nf_set_jump(&shell, k, 1);
	for (uint32_t i = 0; i < 200; i++) {
		EMIT(&text, 0x83, 0xe7, 0x3f);
		emit_jump(&text, JE, (int64_t)text.size + 6 + 8);
		EMIT(&text, 0x41, 0xff, 0xa4, 0xff, 0x00, 0x00, 0x02, 0x80);
	}
	EMIT(&text, 0xc3);
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "limit", "%s", finding.message);
}

/* Instructions of AVX2 with three registers, as in vpaddb ymm, ymm, ymm. */
static const uint8_t vector_opcodes[] = {0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a,
                                         0x6b, 0x6c, 0x6d, 0x74, 0x75, 0x76, 0xd4, 0xd5, 0xd8, 0xd9, 0xda,
                                         0xdb, 0xdc, 0xdd, 0xde, 0xdf, 0xe0, 0xe3, 0xe4, 0xe5, 0xe8, 0xe9,
                                         0xea, 0xeb, 0xec, 0xed, 0xee, 0xef, 0xf4, 0xf6, 0xf8};

/* One of them, with one of 256 combinations of what else the prefix names. */
static void emit_vector(struct text *text, uint32_t opcode, uint32_t prefix, uint8_t modrm)
{
	EMIT(text, 0xc4, (uint8_t)(prefix << 5 | 1), (uint8_t)(prefix >> 3 << 2 | 1), vector_opcodes[opcode],
	     modrm);
}

#define BYTE_OPCODES 9   /* of the following, those of registers of one byte */
#define SHORT_OPCODES 20 /* those without 0Fh */

static const uint8_t pair_opcodes[] = {0x02, 0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a, 0x8a, 0x03, 0x0b,
                                       0x13, 0x1b, 0x23, 0x2b, 0x33, 0x3b, 0x8b, 0x39, 0x85, 0x40, 0x41,
                                       0x42, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c,
                                       0x4d, 0x4e, 0x4f, 0xaf, 0xb6, 0xb7, 0xbc, 0xbd, 0xbe, 0xbf};

/* One of two registers, of which the first may change; with no prefix, REX.W or 66h. */
static void emit_pair(struct text *text, uint32_t opcode, uint32_t prefix, uint32_t pair)
{
	static const uint8_t firsts[] = {0, 1, 2, 6, 7, 8, 9, 10, 11}; /* those that a function may change */
	const uint8_t first = firsts[pair / 32];

	if (prefix == 2 && opcode >= BYTE_OPCODES)
		EMIT(text, 0x66);
	EMIT(text, (uint8_t)(0x40 | (prefix & 1) << 3 | first >> 3 << 2 | (pair >> 3 & 3)));
	if (opcode >= SHORT_OPCODES)
		EMIT(text, 0x0f);
	EMIT(text, pair_opcodes[opcode], (uint8_t)(0xc0 | (first & 7) << 3 | (pair & 7)));
}

/*
 * More shapes than can be remembered: every prefix-opcode-ModRM-SIB of a set
 * of loads, and of instructions on two registers. The last instruction is the one that is wrong.
 */
static void emit_many_shapes(struct text *text)
{
	static const uint8_t opcodes[] = {0x03, 0x0b, 0x13, 0x1b, 0x23, 0x2b, 0x33, 0x3b, 0x8b, 0x39};

	EMIT(text, 0x31, 0xc0, 0x31, 0xc9, 0x31, 0xd2, 0x31, 0xf6, 0x31,
	     0xff); /* eax, ecx, edx, esi, edi = 0 */
	for (uint32_t i = 0; i < 40000; i++) {
		static const uint8_t indices[] = {0, 1, 2, 6, 7};
		const uint8_t reg = (uint8_t)(i % 2 == 0 ? 0 : 2) /* eax, edx */;
		const uint8_t index = indices[i / 2 % 5];
		const uint8_t scale = (uint8_t)(i / 10 % 4);
		const uint8_t opcode = opcodes[i / 40 % 10];
		const uint8_t mod = (uint8_t)(1 + i / 400 % 2);
		const uint8_t rex = (uint8_t)(0x41 | (i / 800 % 2) << 2);

		if (i / 1600 % 2 == 1)
			EMIT(text, 0x66);
		EMIT(text, rex, opcode, (uint8_t)(mod << 6 | reg << 3 | 4),
		     (uint8_t)(scale << 6 | index << 3 | 7));
		emit(text, "\0\0\0", mod == 1 ? 1 : 4);
		EMIT(text, 0x31, 0xc0, 0x31, 0xd2); /* eax and edx are indices again */
	}
	/* 34,560 shapes. */
	for (uint32_t i = 0; i < 3 * 288 * sizeof pair_opcodes; i++)
		emit_pair(text, i / (3 * 288), i / 288 % 3, i % 288);
}

Test(limits, more_shapes_than_are_remembered)
{
	struct text text = {0};
	struct rfv_report report;
	uint32_t bad;

	empty_shell();
	emit_many_shapes(&text);
	EMIT(&text, 0xc3);
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "0x%x %s", finding.address, finding.message);

	emit_many_shapes(&text);
	bad = text.size;
	EMIT(&text, 0xf0, 0x0f, 0xc1, 0x1f); /* lock xadd [rdi], ebx: a shape that is new */
	EMIT(&text, 0xc3);
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "memory-base");
	cr_expect_eq(finding.address, RF_TEXT_ADDR + bad);
}

/* More spilled values than are tracked: those beyond are unknown, the others are not mixed up. */
Test(limits, more_spills_than_are_tracked)
{
	struct text text = {0};
	struct rfv_report report;
	const uint32_t frame = RF_FRAME_MAX;
	const uint32_t slots = frame / 8;

	empty_shell();
	EMIT(&text, 0x48, 0x81, 0xec); /* sub rsp, frame */
	emit(&text, &frame, sizeof frame);
	EMIT(&text, 0x89, 0xff); /* mov edi, edi */
	for (uint32_t i = 0; i < slots; i++)
		emit_frame_store(&text, 8 * i);
	emit_frame_load(&text, 0);
	EMIT(&text, 0x41, 0x8b, 0x04, 0x07); /* mov eax, [r15 + rax] */
	EMIT(&text, 0x48, 0x81, 0xc4);
	emit(&text, &frame, sizeof frame);
	EMIT(&text, 0xc3);
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "%s", finding.message);

	EMIT(&text, 0x48, 0x81, 0xec);
	emit(&text, &frame, sizeof frame);
	EMIT(&text, 0x89, 0xff);
	for (uint32_t i = 0; i < slots; i++)
		emit_frame_store(&text, 8 * i);
	EMIT(&text, 0x48, 0xc7, 0x04, 0x24, 0xff, 0xff, 0xff, 0xff); /* mov qword [rsp], -1 */
	emit_frame_load(&text, 0);
	EMIT(&text, 0x41, 0x8b, 0x04, 0x07);
	EMIT(&text, 0x0f, 0x0b);
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "memory-index");

	EMIT(&text, 0x48, 0x81, 0xec);
	emit(&text, &frame, sizeof frame);
	EMIT(&text, 0x89, 0xff);
	for (uint32_t i = 0; i < slots; i++)
		emit_frame_store(&text, 8 * i);
	emit_frame_load(&text, frame - 8); /* one too many to be tracked */
	EMIT(&text, 0x41, 0x8b, 0x04, 0x07);
	EMIT(&text, 0x0f, 0x0b);
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "memory-index");
}

/* Frames of many sizes in many functions: what one tracked is forgotten for the next. */
Test(limits, no_fact_leaks_into_the_next_function)
{
	struct text text = {0};
	struct rfv_report report;
	uint32_t second;

	empty_shell();
	EMIT(&text, 0x50, 0x89, 0xff, 0x48, 0x89, 0x3c, 0x24, 0x58, 0xc3); /* spill edi; pop rax; ret */
	second = text.size;
	EMIT(&text, 0x50, 0x48, 0x8b, 0x04, 0x24); /* push rax; mov rax, [rsp] */
	EMIT(&text, 0x41, 0x8b, 0x04, 0x07);       /* mov eax, [r15 + rax] */
	EMIT(&text, 0x58, 0xc3);
	nf_add_entry(&shell, second);
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_eq(finding.address, RF_TEXT_ADDR + second + 5);
	cr_expect_eq(report.total, 1);
}

static void emit_table_jump(struct text *text, uint8_t mask)
{
	EMIT(text, 0x83, 0xe7, mask);                               /* and edi, mask */
	EMIT(text, 0x41, 0xff, 0xa4, 0xff, 0x00, 0x00, 0x02, 0x80); /* jmp [r15 + rdi*8 + tables] */
}

/* A node of the trie for the ModRM of each, and one shape for all registers that it can name. */
static void emit_many_nodes(struct text *text)
{
	for (uint32_t i = 0; i < 256 * sizeof vector_opcodes; i++)
		emit_vector(text, i / 256, i % 256, 0xc0);
}

/* Nothing reaches them, but they are decoded; what comes behind is judged as well as ever. */
Test(limits, more_nodes_than_there_is_room_for)
{
	struct text text = {0};
	struct rfv_report report;
	uint32_t bad;

	empty_shell();
	EMIT(&text, 0xc3);
	emit_many_nodes(&text);
	EMIT(&text, 0xc3);
	cr_expect_eq(check(&text, &report), RFV_ACCEPTED, "0x%x %s", finding.address, finding.message);
	EMIT(&text, 0xc3);
	emit_many_nodes(&text);
	bad = text.size;
	EMIT(&text, 0x64, 0x48, 0x8b, 0x44, 0x07, 0x00); /* mov rax, fs:[rdi + rax] */
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "prefix");
	cr_expect_eq(finding.address, RF_TEXT_ADDR + bad);
}

static size_t arena_of_nops(void)
{
	static uint8_t nops[4096];
	const struct text text = {.bytes = nops, .size = sizeof nops};
	size_t size;
	uint8_t *bytes;
	size_t arena;

	memset(nops, 0x90, sizeof nops);
	bytes = build(&text, &shell, &size);
	arena = rfv_arena_size(bytes, size);
	free(bytes);
	return arena;
}

/* What a table names may be one more target. */
Test(limits, arena_has_room_for_what_tables_name)
{
	const size_t more = (NF_TABLE_MAX - 1) * sizeof(uint64_t);
	size_t before;

	empty_shell();
	before = arena_of_nops();
	cr_assert_gt(before, 0);
	for (uint32_t k = 1; k < NF_TABLE_MAX; k++) /* entry 0 is that of no function */
		nf_set_function(&shell, k, k);
	cr_expect_geq(arena_of_nops(), before + more);
	before = arena_of_nops();
	for (uint32_t k = 0; k < NF_TABLE_MAX; k++)
		nf_set_jump(&shell, k, k);
	cr_expect_geq(arena_of_nops(), before + more);
	before = arena_of_nops();
	for (uint32_t k = 0; k < NF_TABLE_MAX; k++)
		nf_add_entry(&shell, k);
	cr_expect_geq(arena_of_nops(), before + more);
}

#ifndef __SANITIZE_ADDRESS__
/* Without memory nothing is decided, and surely nothing accepted. */
Test(limits, no_memory)
{
	const struct rlimit limit = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
	struct text text = {0};
	struct rfv_report report;

	empty_shell();
	for (uint32_t i = 0; i < 20000; i++)
		EMIT(&text, 0x90);
	EMIT(&text, 0xc3);
	text.bytes = build(&text, &shell, &(size_t){0});
	report = (struct rfv_report){0};
	cr_expect_eq(rfv_check(text.bytes, offsetof(struct nf_file, text) + text.size, &report),
	             RFV_ACCEPTED);
	cr_assert_eq(setrlimit(RLIMIT_AS, &limit), 0);
	cr_expect_eq(rfv_check(text.bytes, offsetof(struct nf_file, text) + text.size, &report),
	             RFV_NO_MEMORY);
}
#endif

/* A table with one wrong entry must leave the blocks of its right ones in order for other jumps. */
static void check_wrong_entry(uint8_t first_mask, uint8_t second_mask)
{
	struct text text = {0};
	struct rfv_report report;
	uint32_t target;

	empty_shell();
	EMIT(&text, 0x31, 0xc0, 0xc3); /* so that the next function's blocks are not the first */
	nf_add_entry(&shell, text.size);
	EMIT(&text, 0x85, 0xf6); /* test esi, esi */
	emit_jump(&text, JE, (int64_t)text.size + 6 + 11);
	emit_table_jump(&text, first_mask);
	emit_table_jump(&text, second_mask);
	target = text.size;
	EMIT(&text, 0xff, 0xc1, 0xc3); /* inc ecx; ret */
	nf_set_jump(&shell, 0, target);
	nf_set_jump(&shell, 1, target + 2);
	nf_set_jump(&shell, 2, 0); /* another function's entry */
	nf_set_jump(&shell, 3, 0);
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_eq(report.total, 1);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "jump-table");
}

/* Which of the jumps comes first in the walk is not for the test to know. */
Test(limits, a_wrong_table_entry_and_then_its_right_ones)
{
	check_wrong_entry(3, 1);
	check_wrong_entry(1, 3);
}

/* A wide frame, and then more blocks behind a jump table than there is room for such states. */
Test(limits, more_states_behind_a_jump_table_than_fit)
{
	struct text text = {0};
	struct rfv_report report;
	const uint32_t frame = RF_FRAME_MAX;
	uint32_t loop;

	empty_shell();
	EMIT(&text, 0x48, 0x81, 0xec);
	emit(&text, &frame, sizeof frame);
	EMIT(&text, 0x89, 0xff);
	for (uint32_t i = 0; i < 1024; i++)
		emit_frame_store(&text, 8 * i);
	loop = text.size;
	EMIT(&text, 0xff, 0xc2); /* inc edx */
	emit_jump(&text, JE, (int64_t)text.size + 6 + 11);
	emit_table_jump(&text, 1);
	emit_table_jump(&text, 1); /* the second must not believe that the first made room */
	nf_set_jump(&shell, 0, text.size);
	nf_set_jump(&shell, 1, text.size);
	for (uint32_t i = 0; i < 12000; i++) {
		EMIT(&text, 0xff, 0xc1); /* inc ecx */
		emit_jump(&text, JNE, i == 0 ? loop : text.size + 6);
	}
	emit_jump(&text, JE, loop); /* comes back to the table jump with another state */
	EMIT(&text, 0x0f, 0x0b);
	cr_expect_eq(check(&text, &report), RFV_REJECTED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), "limit", "%s", finding.message);
}
