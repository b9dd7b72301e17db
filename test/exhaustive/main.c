/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exhaustive: does the validator know what each instruction that it accepts
 * does? Enumerates encodings and compares each accepted one with LLVM,
 * Capstone and this CPU. docs/testing.md has the commands.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "subject.h"

static bool run_decoders = true;
static bool run_cpu = true;

static void visit(const struct subject *subject)
{
	if (run_decoders)
		decoders_check(subject);
	if (run_cpu)
		cpu_check(subject);
}

/* ---- Lies: does this test notice when the validator is wrong? ------------------------ */

struct lie {
	const char *name;
	bool (*tell)(struct shape *shape); /* false: not about this one */
	bool decoders;                     /* these can notice it */
	uint64_t told;
	uint64_t noticed_by_decoders;
	uint64_t noticed_by_cpu;
};

/* For it is the effect that lies. */
static void apply_effect(struct shape *shape)
{
	shape->action = shape->denial == 0 ? shape->effect : EFFECT_DENIED;
}

static bool lie_length(struct shape *shape)
{
	shape->length--;
	return shape->length > 0 && shape->imm_size != 0;
}

static bool lie_written(struct shape *shape)
{
	const uint16_t before = shape->written;

	shape->written &= (uint16_t)(before - 1);
	shape->zero_extended &= shape->written;
	apply_effect(shape);
	return before != 0 && shape->effect == EFFECT_GENERIC;
}

static bool lie_zero_extension(struct shape *shape)
{
	shape->zero_extended = shape->written;
	apply_effect(shape);
	return shape->written != 0 && shape->effect == EFFECT_OPAQUE;
}

static bool lie_size(struct shape *shape)
{
	shape->memory.size /= 2;
	return shape->memory.accessed && shape->memory.size != 0;
}

static bool lie_store(struct shape *shape)
{
	const bool before = shape->memory.writes;

	shape->memory.writes = false;
	return before && shape->effect != EFFECT_CALL;
}

static bool lie_base(struct shape *shape)
{
	const uint8_t before = shape->memory.address.base;

	shape->memory.address.base = before == RCX ? RDX : RCX;
	shape->memory.varies = false;
	return shape->memory.accessed && before != RSP && before != shape->memory.address.index;
}

static bool lie_scale(struct shape *shape)
{
	const uint8_t before = shape->memory.address.scale;

	shape->memory.address.scale = before == 2 ? 4 : 2;
	shape->memory.varies = false;
	return before > 1 && shape->memory.accessed &&
	       shape->memory.address.base != shape->memory.address.index;
}

static bool lie_effect(struct shape *shape)
{
	const uint8_t before = shape->effect;

	shape->effect = before == EFFECT_MOVSX ? EFFECT_MOVZX : EFFECT_AND;
	apply_effect(shape);
	return shape->written != 0 &&
	       (before == EFFECT_MOVSX || before == EFFECT_ADD || before == EFFECT_OR ||
	        before == EFFECT_XOR || before == EFFECT_SUB || before == EFFECT_SHL);
}

static bool lie_fixed(struct shape *shape)
{
	shape->fixed_size /= 2;
	return shape->action >= ACTION_FIXED && shape->written != 0 && shape->fixed_size != 0;
}

static bool lie_push(struct shape *shape)
{
	const uint8_t before = shape->effect;

	shape->effect = before == EFFECT_PUSH ? EFFECT_NOP : EFFECT_PUSH;
	apply_effect(shape);
	return before == EFFECT_PUSH || before == EFFECT_POP;
}

static struct lie lies[] = {
    {"an instruction is shorter than it is", lie_length, true, 0, 0, 0},
    {"a register is not written", lie_written, true, 0, 0, 0},
    {"an upper half is cleared", lie_zero_extension, false, 0, 0, 0},
    {"an access is half as wide", lie_size, false, 0, 0, 0},
    {"memory is not written", lie_store, true, 0, 0, 0},
    {"an operand has another base", lie_base, true, 0, 0, 0},
    {"an operand has another scale", lie_scale, true, 0, 0, 0},
    {"a result is that of and, or movzx", lie_effect, false, 0, 0, 0},
    {"a result has half as many bytes", lie_fixed, false, 0, 0, 0},
    {"push leaves rsp alone, pop is push", lie_push, false, 0, 0, 0},
};
#define LIES (sizeof lies / sizeof *lies)

static bool notices(void (*check)(const struct subject *subject), const struct subject *subject)
{
	const uint64_t before = unexplained_differences();

	check(subject);
	return unexplained_differences() != before;
}

static void lie_about(const struct subject *subject)
{
	for (size_t i = 0; i < LIES; i++) {
		struct subject wrong = *subject;

		if (!lies[i].tell(&wrong.shape))
			continue;
		lies[i].told++;
		lies[i].noticed_by_decoders += notices(decoders_check, &wrong);
		lies[i].noticed_by_cpu += notices(cpu_check, &wrong);
	}
}

/* Each lie must be noticed by each part that can notice it: most times, as inputs are random. */
static bool all_noticed(void)
{
	bool good = true;

	for (size_t i = 0; i < LIES; i++) {
		const struct lie *lie = &lies[i];
		const bool noticed = lie->told > 0 && lie->noticed_by_cpu > lie->told / 4 &&
		                     (!lie->decoders || lie->noticed_by_decoders > lie->told / 2);

		printf("%-11s %-36s told %7" PRIu64 ", noticed by decoders %7" PRIu64 ", by the CPU %7" PRIu64
		       "\n",
		       noticed ? "noticed" : "NOT NOTICED", lie->name, lie->told, lie->noticed_by_decoders,
		       lie->noticed_by_cpu);
		good = good && noticed;
	}
	return good;
}

/* ---- Command line ---------------------------------------------------------------------- */

static int usage(int status)
{
	fputs(
	    "usage: exhaustive [--depth 1|2|3] [--sample N] [--no-decoders] [--no-cpu] [--lies]\n"
	    "  --depth D      1: single prefixes, few vvvv, a part of ModRM and SIB; 2: all ModRM and SIB, "
	    "pairs\n"
	    "                 of prefixes in both orders, all of VEX; 3: every set of prefixes (default 1)\n"
	    "  --sample N     check one accepted encoding of N, chosen by its hash (default 1: all)\n"
	    "  --lies         tell this test lies about encodings, to see whether it notices\n"
	    "Exit status: 0 no differences, 1 differences, 2 usage, 3 cannot run here.\n",
	    status == 0 ? stdout : stderr);
	return status;
}

static bool parse_number(const char *text, unsigned most, unsigned *number)
{
	char *end;
	const unsigned long value = text == NULL ? 0 : strtoul(text, &end, 10);

	if (text == NULL || *end != 0 || value < 1 || value > most)
		return false;
	*number = (unsigned)value;
	return true;
}

int main(int argc, char **argv)
{
	struct enumeration enumeration = {.sample = 1, .depth = 1};
	bool lie = false;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--no-cpu") == 0)
			run_cpu = false;
		else if (strcmp(argv[i], "--no-decoders") == 0)
			run_decoders = false;
		else if (strcmp(argv[i], "--lies") == 0)
			lie = true;
		else if (strcmp(argv[i], "--help") == 0)
			return usage(0);
		else if (strcmp(argv[i], "--depth") == 0 && parse_number(argv[i + 1], 3, &enumeration.depth))
			i++;
		else if (strcmp(argv[i], "--sample") == 0 &&
		         parse_number(argv[i + 1], 1u << 30, &enumeration.sample))
			i++;
		else
			return usage(2);
	}
	if ((run_decoders && !decoders_open()) || (run_cpu && !cpu_open())) {
		fputs("exhaustive: cannot run here: the decoders, or this CPU (AVX2 is needed)\n", stderr);
		return 3;
	}
	enumeration.visit = lie ? lie_about : visit;
	enumerate(&enumeration);
	if (lie)
		return all_noticed() ? 0 : 1;
	print_differences();
	printf("enumerated %" PRIu64 ", accepted %" PRIu64 ", checked %" PRIu64 ", executed %" PRIu64
	       " (%" PRIu64 " of them faulted), differences %" PRIu64 "\n",
	       enumeration.enumerated, enumeration.accepted, enumeration.visited, cpu_runs(), cpu_faults(),
	       unexplained_differences());
	if (run_decoders)
		decoders_close();
	return unexplained_differences() == 0 && enumeration.visited != 0 ? 0 : 1;
}
