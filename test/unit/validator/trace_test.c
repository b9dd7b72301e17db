/* SPDX-License-Identifier: Apache-2.0 */
/* What a trace says of each instruction, and that the caller's own memory serves as well. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/validator.h>

#include "nf_builder.h"

/* A spill, a mask, a pointer and a loop. */
static const uint8_t text[] = {
    0x53,                         /* push rbx */
    0x50,                         /* push rax */
    0x89, 0xf8,                   /* mov eax, edi */
    0x25, 0xf8, 0x07, 0x00, 0x00, /* and eax, 0x7f8 */
    0x89, 0x04, 0x24,             /* mov [rsp], eax */
    0x49, 0x8d, 0x14, 0x07,       /* lea rdx, [r15+rax] */
    0x8b, 0x0a,                   /* mov ecx, [rdx] */
    0x85, 0xc9,                   /* test ecx, ecx */
    0x75, 0xfa,                   /* jne the load above */
    0x59,                         /* pop rcx */
    0x5b,                         /* pop rbx */
    0xc3,                         /* ret */
};

struct log {
	char lines[4096];
	size_t used;
};

static void log_state(void *context, uint32_t address, const struct rfv_state *state)
{
	struct log *log = context;
	char words[512];
	const size_t length = rfv_format_state(state, words, sizeof words);

	cr_assert_eq(length, strlen(words));
	log->used += (size_t)snprintf(log->lines + log->used, sizeof log->lines - log->used, "%x %s\n",
	                              address - RF_TEXT_ADDR, words);
}

static struct nf_file nf;
static struct log lines;

Test(trace, the_state_before_each_instruction)
{
	struct rfv_report report = {.trace = log_state, .trace_context = &lines};
	const char *rest = " rbx=init(rbx) rbp=init(rbp) r12=init(r12) r13=init(r13)";
	char expected[4096];

	nf_build(&nf, text, sizeof text);
	cr_assert_eq(rfv_check(&nf, nf_size(&nf), &report), RFV_ACCEPTED);
	(void)snprintf(
	    expected, sizeof expected,
	    "0 depth=0%s\n"
	    "1 depth=8%s [rsp+0]=init(rbx)\n"
	    "2 depth=16%s [rsp+8]=init(rbx)\n"
	    "4 depth=16 rax=bits(0xffffffff)%s [rsp+8]=init(rbx)\n"
	    "9 depth=16 rax=bits(0x7f8)%s [rsp+8]=init(rbx)\n"
	    "c depth=16 rax=bits(0x7f8)%s [rsp+0]=bits(0x7f8) [rsp+8]=init(rbx)\n"
	    "10 depth=16 rax=bits(0xffffffff) rdx=cell(0x7f8)%s [rsp+8]=init(rbx)\n" /* the loop's head */
	    "12 depth=16 rax=bits(0xffffffff) rcx=bits(0xffffffff) rdx=cell(0x7f8)%s [rsp+8]=init(rbx)\n"
	    "14 depth=16 rax=bits(0xffffffff) rcx=bits(0xffffffff) rdx=cell(0x7f8)%s [rsp+8]=init(rbx)\n"
	    "16 depth=16 rax=bits(0xffffffff) rcx=bits(0xffffffff) rdx=cell(0x7f8)%s [rsp+8]=init(rbx)\n"
	    "17 depth=8 rax=bits(0xffffffff) rdx=cell(0x7f8)%s [rsp+0]=init(rbx)\n"
	    "18 depth=0 rax=bits(0xffffffff) rdx=cell(0x7f8)%s\n",
	    rest, rest, rest, rest, rest, rest, rest, rest, rest, rest, rest, rest);
	cr_expect_str_eq(lines.lines, expected);
}

/* Numbers are forgotten at the head of a loop only if the proof can do without. */
Test(trace, what_a_loop_needs_to_know)
{
	static const uint8_t loop[] = {
	    0xb8, 0x08, 0x00, 0x00, 0x00, /* mov eax, 8 */
	    0x41, 0x8b, 0x0c, 0x06,       /* mov ecx, [r14 + rax] */
	    0x85, 0xc9,                   /* test ecx, ecx */
	    0x75, 0xf8,                   /* jne the load */
	    0xc3,                         /* ret */
	};
	struct rfv_report report = {.trace = log_state, .trace_context = &lines};

	nf_build(&nf, loop, sizeof loop);
	cr_assert_eq(rfv_check(&nf, nf_size(&nf), &report), RFV_ACCEPTED);
	cr_expect(strstr(lines.lines, "\n5 depth=0 rax=bits(0x8) ") != NULL, "%s", lines.lines);
}

/* A trace changes nothing of the rest of the report. */
Test(trace, the_report_is_the_same)
{
	struct rfv_report with = {.trace = log_state, .trace_context = &lines};
	struct rfv_report without = {0};

	nf_build(&nf, text, sizeof text);
	cr_expect_eq(rfv_check(&nf, nf_size(&nf), &with), rfv_check(&nf, nf_size(&nf), &without));
	cr_expect_eq(memcmp(&with.stats, &without.stats, sizeof with.stats), 0);
	cr_expect_eq(with.total, without.total);
}

static void log_cut(void *context, uint32_t address, const struct rfv_state *state)
{
	char words[16];
	size_t *longest = context;
	const size_t length = rfv_format_state(state, words, sizeof words);

	(void)address;
	cr_expect_eq(strlen(words), length < sizeof words ? length : sizeof words - 1);
	cr_expect_eq(rfv_format_state(state, NULL, 0), length);
	*longest = length > *longest ? length : *longest;
}

Test(trace, text_that_does_not_fit_is_cut)
{
	size_t longest = 0;
	struct rfv_report report = {.trace = log_cut, .trace_context = &longest};

	nf_build(&nf, text, sizeof text);
	cr_assert_eq(rfv_check(&nf, nf_size(&nf), &report), RFV_ACCEPTED);
	cr_expect_gt(longest, 60);
}

/* At any address, and with any contents. */
Test(arena, of_the_caller)
{
	struct rfv_report report = {0};
	size_t size;
	uint8_t *arena;

	nf_build(&nf, text, sizeof text);
	size = rfv_arena_size(&nf, nf_size(&nf));
	cr_assert_gt(size, 0);
	arena = malloc(size + 16);
	cr_assert_not_null(arena);
	for (size_t shift = 0; shift < 16; shift++) {
		memset(arena, 0xff, size + 16);
		cr_expect_eq(rfv_check_in(&nf, nf_size(&nf), &report, arena + shift, size), RFV_ACCEPTED);
		cr_expect_eq(report.stats.memory_bytes, size);
		for (size_t i = 0; i < shift; i++)
			cr_assert_eq(arena[i], 0xff);
		for (size_t i = shift + size; i < size + 16; i++)
			cr_assert_eq(arena[i], 0xff);
	}
	cr_expect_eq(rfv_check_in(&nf, nf_size(&nf), &report, arena, size - 1), RFV_NO_MEMORY);
	cr_expect_eq(rfv_check_in(&nf, nf_size(&nf), &report, NULL, size), RFV_NO_MEMORY);
	free(arena);
}

Test(arena, of_a_malformed_file)
{
	struct rfv_report report = {0};

	cr_expect_eq(rfv_arena_size("no", 2), 0);
	cr_expect_eq(rfv_check_in("no", 2, &report, NULL, 0), RFV_MALFORMED);
	cr_expect_eq(report.total, 1);
}
