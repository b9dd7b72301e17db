/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs one instruction on this processor, alone, and compares what changed
 * with what the shape says and with what rfv_step makes of the abstract state.
 *
 * The operand's page stands between two pages that fault. The registers are
 * chosen so that the operand lies at the very start or the very end of the
 * page, so each byte beyond the claimed size is noticed.
 */
#define _GNU_SOURCE /* REG_RIP */
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "check.h"
#include "cpu_layout.h"
#include "subject.h"

#define PAGE 4096u
#define INPUTS 6
#define STATUS_FLAGS 0x8d5u /* OF SF ZF AF PF CF */
#define TRAP_FLAG_FREE 0x202u

void cpu_run(void);
extern const char cpu_exit[];
extern const char cpu_abort[];

struct context {
	uint64_t in[16];
	uint64_t out[16];
	uint64_t flags;
	uint64_t target;
	uint64_t host_rsp;
	uint64_t exit;
	uint64_t unused[28];
	uint8_t ymm[512];
};

_Static_assert(offsetof(struct context, out) == CONTEXT_OUT, "layout of cpu_run.S");
_Static_assert(offsetof(struct context, flags) == CONTEXT_FLAGS, "layout of cpu_run.S");
_Static_assert(offsetof(struct context, exit) == CONTEXT_EXIT, "layout of cpu_run.S");
_Static_assert(offsetof(struct context, ymm) == CONTEXT_YMM, "layout of cpu_run.S");

static struct context *const context = (struct context *)CPU_CONTEXT;
static uint8_t *data_page;  /* the memory operand's */
static uint8_t *stack_page; /* where rsp points if no operand is relative to it */
static uint8_t before_data[PAGE];
static uint8_t before_stack[PAGE];

static volatile sig_atomic_t running; /* the instruction under test, not this program */
static volatile sig_atomic_t fault_signal;
static volatile uint64_t fault_address;
static volatile uint64_t fault_rip;
static volatile int fault_code;

static uint64_t runs;
static uint64_t faults;

/* One input: concrete registers and memory, and an abstract state that contains them. */
struct trial {
	const struct subject *subject;
	uint64_t seed;
	uint64_t target;      /* address of the memory operand */
	uint64_t entry;       /* rsp at the function's entry, which is where depth is 0 */
	uint64_t initial[16]; /* what INIT(r) stands for */
	bool violated;        /* the state breaks a rule that the frame depends on */
	struct state state;
};

static struct frame frame;
static struct trial trial;

/* ---- Getting ready --------------------------------------------------------------- */

static void on_fault(int number, siginfo_t *info, void *argument)
{
	ucontext_t *machine = argument;

	if (!running) {
		(void)signal(number, SIG_DFL);
		return;
	}
	fault_signal = number;
	fault_code = info->si_code;
	fault_address = (uint64_t)info->si_addr;
	fault_rip = (uint64_t)machine->uc_mcontext.gregs[REG_RIP];
	machine->uc_mcontext.gregs[REG_RIP] = (greg_t)cpu_abort;
	machine->uc_mcontext.gregs[REG_RSP] =
	    (greg_t)context->host_rsp; /* the kernel cannot return to a wild one */
	machine->uc_mcontext.gregs[REG_EFL] = TRAP_FLAG_FREE;
}

static void *map_at(uint64_t address, size_t size, int protection)
{
	void *memory =
	    mmap((void *)address, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A page between two that fault. */
static uint8_t *map_guarded(void)
{
	uint8_t *memory = mmap(NULL, 3 * (size_t)PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + PAGE, PAGE, PROT_READ | PROT_WRITE) != 0)
		return NULL;
	return memory + PAGE;
}

static bool catch_faults(void)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
	static uint8_t stack[1 << 16];
	const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	if (sigaltstack(&alternate, NULL) != 0)
		return false;
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		if (sigaction(numbers[i], &action, NULL) != 0)
			return false;
	return true;
}

bool cpu_open(void)
{
	/* jmp *CPU_CONTEXT + CONTEXT_EXIT */
	static const uint8_t leave[] = {0xff, 0x24, 0x25};
	static const uint8_t follow[] = {0xe9, 0xcc, 0xcc, 0xcc, 0xcc};
	const uint32_t pointer = CPU_CONTEXT + CONTEXT_EXIT;

	if (!__builtin_cpu_supports("avx2"))
		return false;
	data_page = map_guarded();
	stack_page = map_guarded();
	if (data_page == NULL || stack_page == NULL || !catch_faults() ||
	    map_at(CPU_CONTEXT, PAGE, PROT_READ | PROT_WRITE) == NULL ||
	    map_at(CPU_CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == NULL ||
	    map_at(CPU_EXIT_PAGE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC) == NULL)
		return false;
	memset((void *)CPU_CODE, 0xcc, PAGE);
	memcpy((void *)CPU_END, follow, sizeof follow);
	memcpy((void *)CPU_EXIT, leave, sizeof leave);
	memcpy((void *)(CPU_EXIT + sizeof leave), &pointer, sizeof pointer);
	context->exit = (uint64_t)cpu_exit;
	return true;
}

/* ---- Inputs ---------------------------------------------------------------------- */

/* Numbers that tell zero-extension, shifts by nothing and empty sources apart. */
static uint64_t interesting(uint64_t *seed)
{
	const uint64_t random = next_random(seed);

	switch (next_random(seed) % 8) {
	case 0:
		return 0;
	case 1:
		return random << 32; /* lower half zero, upper half not */
	case 2:
		return random | UINT64_C(0xffffffff00000000);
	case 3:
		return random % 64;
	case 4:
		return random & MASK32;
	case 5:
		return UINT64_MAX << (random % 64);
	default:
		return random;
	}
}

static void choose_value(uint8_t number)
{
	static const uint8_t saved[] = {RBX, RBP, R12, R13};
	struct value *value = &trial.state.values[number];
	uint64_t *concrete = &context->in[number];
	const uint32_t mask = (uint32_t)interesting(&trial.seed);

	switch (next_random(&trial.seed) % 8) {
	case 0:
	case 1:
	case 2:
		*value = value_bits(mask);
		*concrete = interesting(&trial.seed) & mask;
		break;
	case 3:
		*value = value_cell(mask);
		*concrete = context->in[R15] + (interesting(&trial.seed) & mask);
		break;
	case 4:
		*value = value_init(saved[next_random(&trial.seed) % sizeof saved]);
		*concrete = trial.initial[value_init_register(*value)];
		break;
	default:
		*value = value_any();
		*concrete = interesting(&trial.seed);
		break;
	}
}

/* x with x * (1 + scale) = sum, for an operand whose base is its own index. */
static bool divide(uint64_t sum, uint64_t factor, uint64_t *x)
{
	uint64_t inverse = factor; /* by Newton's iteration, for odd factors */

	if (factor % 2 == 0) {
		*x = sum / 2;
		return factor == 2 && sum % 2 == 0;
	}
	for (int i = 0; i < 6; i++)
		inverse *= 2 - factor * inverse;
	*x = sum * inverse;
	return true;
}

/* Makes the memory operand's address the target; false if no registers do that. */
static bool aim(void)
{
	const struct memory_operand *memory = &trial.subject->shape.memory;
	const uint64_t sum =
	    trial.target - (uint64_t)(int64_t)rfv_displacement(&trial.subject->shape, trial.subject->bytes);
	struct value *base = &trial.state.values[memory->address.base];
	const uint64_t offset = next_random(&trial.seed) & MASK32;

	*base = value_any(); /* unless more is known below */
	if (memory->address.base == memory->address.index)
		return divide(sum, 1u + memory->address.scale, &context->in[memory->address.base]);
	if (memory->address.index != NO_REGISTER && memory->address.index >= R14) {
		context->in[memory->address.index] = next_random(&trial.seed);
	} else if (memory->address.index != NO_REGISTER) {
		trial.state.values[memory->address.index] = value_bits(MASK32);
		context->in[memory->address.index] = interesting(&trial.seed) & MASK32;
	}
	context->in[memory->address.base] = sum;
	if (memory->address.index != NO_REGISTER)
		context->in[memory->address.base] -=
		    context->in[memory->address.index] * memory->address.scale;
	if (memory->address.base < R14 && memory->address.base != RSP && memory->address.index != R15) {
		context->in[R15] = context->in[memory->address.base] - offset;
		*base = value_cell(MASK32);
	}
	return true;
}

static bool is_reserved(uint8_t number)
{
	return number == RSP || number == R14 || number == R15;
}

static bool choose_registers(void)
{
	const struct memory_operand *memory = &trial.subject->shape.memory;
	const bool aimed = memory->present && memory->accessed;

	rfv_state_entry(&trial.state);
	for (uint8_t i = 0; i < 16; i++)
		trial.initial[i] = interesting(&trial.seed);
	for (uint8_t i = 0; i < 16; i++)
		context->in[i] = interesting(&trial.seed);
	context->in[RSP] = (uint64_t)stack_page + PAGE / 2 + next_random(&trial.seed) % 64 * 8;
	if (aimed && !aim())
		return false;
	for (uint8_t i = 0; i < 16; i++)
		if (!is_reserved(i) && !(aimed && (i == memory->address.base || i == memory->address.index)))
			choose_value(i);
	for (size_t i = 0; i < sizeof context->ymm; i += 8) {
		const uint64_t value = interesting(&trial.seed);
		memcpy(context->ymm + i, &value, sizeof value);
	}
	context->flags = (next_random(&trial.seed) & STATUS_FLAGS) | TRAP_FLAG_FREE;
	return true;
}

/* ---- The frame -------------------------------------------------------------------- */

/* The page that rsp points into; NULL if into none. */
static uint8_t *frame_page(void)
{
	const uint64_t rsp = context->in[RSP];

	if (rsp - (uint64_t)data_page < PAGE)
		return data_page;
	return rsp - (uint64_t)stack_page < PAGE ? stack_page : NULL;
}

static void track(uint32_t unit, struct value value)
{
	frame.units[frame.unit_count++] = (uint16_t)unit;
	frame.number[unit] = (uint16_t)frame.unit_count;
	trial.state.values[FIRST_UNIT + frame.unit_count - 1] = value;
}

/* Knows something of some of the eight bytes at `address`, and makes it true. */
static void choose_slot(uint64_t address)
{
	const uint32_t unit = (uint32_t)(address - trial.entry + RF_FRAME_MAX) / UNIT_SIZE + 1;
	const uint32_t mask = (uint32_t)interesting(&trial.seed);
	uint64_t content = next_random(&trial.seed);

	switch (next_random(&trial.seed) % 5) {
	case 0:
		track(unit, value_bits(mask));
		content &= mask;
		break;
	case 1:
		track(unit, value_cell(mask));
		content = context->in[R15] + (content & mask);
		break;
	case 2:
		track(unit, value_init(RBX));
		content = trial.initial[RBX];
		break;
	case 3:
		track(unit + 1, (struct value){.kind = VALUE_HALF, .mask = mask});
		content &= (uint64_t)mask << 32 | MASK32;
		break;
	default:
		return;
	}
	memcpy((void *)address, &content, sizeof content);
}

static void choose_frame(void)
{
	const uint8_t *page = frame_page();
	uint64_t room;

	for (uint32_t i = 0; i < frame.unit_count; i++)
		frame.number[frame.units[i]] = 0;
	frame.unit_count = 0;
	trial.entry = context->in[RSP];
	if (page == NULL)
		return;
	room = (uint64_t)page + PAGE - context->in[RSP];
	trial.entry += room < 192 ? room : 64 + next_random(&trial.seed) % 128;
	trial.state.depth = (int32_t)(trial.entry - context->in[RSP]);
	for (uint64_t at = trial.entry - 8; at >= context->in[RSP] + 8 && at >= trial.entry - 160; at -= 8)
		choose_slot(at);
}

/* ---- Code addresses in memory ------------------------------------------------------- */

/* Indirect branches and ret go on behind the instruction, as direct ones with displacement 0 do. */
static void choose_target(void)
{
	const struct shape *shape = &trial.subject->shape;
	const uint64_t end = CPU_END;

	if ((shape->effect == EFFECT_CALL || shape->effect == EFFECT_JMP) && shape->memory.present)
		memcpy((void *)trial.target, &end, sizeof end);
	if (shape->effect == EFFECT_RET)
		memcpy((void *)context->in[RSP], &end, sizeof end);
}

/* ---- What changed ------------------------------------------------------------------- */

static bool within(struct value value, uint64_t concrete)
{
	switch (value.kind) {
	case VALUE_ANY:
		return true;
	case VALUE_BITS:
	case VALUE_HALF:
		return (concrete & ~(uint64_t)value.mask) == 0;
	case VALUE_CELL:
		return ((concrete - context->in[R15]) & ~(uint64_t)value.mask) == 0;
	default:
		return value_is_init(value) && concrete == trial.initial[value_init_register(value)];
	}
}

static void check_registers(void)
{
	const struct shape *shape = &trial.subject->shape;

	for (uint8_t i = 0; i < 16; i++) {
		const bool changed = context->in[i] != context->out[i];

		if (i == RSP || (i == R14 && shape->effect == EFFECT_SELECT))
			continue;
		if (changed && !(shape->written >> i & 1))
			report(CPU_WRITTEN, trial.subject, "%s", rfv_register_name(i));
		if ((shape->zero_extended >> i & 1) && context->out[i] > MASK32)
			report(CPU_UPPER_HALF, trial.subject, "%s", rfv_register_name(i));
	}
}

/* The abstract state afterwards contains the concrete one. */
static void check_values(void)
{
	for (uint8_t i = 0; i < 16; i++)
		if (!is_reserved(i) && !within(trial.state.values[i], context->out[i]))
			report(CPU_VALUE, trial.subject, "%s: kind %u mask %x, was %llx, is %llx",
			       rfv_register_name(i), trial.state.values[i].kind, trial.state.values[i].mask,
			       (unsigned long long)context->in[i], (unsigned long long)context->out[i]);
}

static void check_frame(void)
{
	if (frame_page() == NULL || trial.violated)
		return;
	for (uint32_t i = 0; i < frame.unit_count; i++) {
		const uint64_t address =
		    trial.entry - RF_FRAME_MAX + (uint64_t)(frame.units[i] - 1) * UNIT_SIZE;
		const struct value value = trial.state.values[FIRST_UNIT + i];
		uint64_t content = 0;

		if (value.kind == VALUE_ANY)
			continue;
		memcpy(&content, (const void *)address, value.kind == VALUE_HALF ? 4 : 8);
		if (!within(value, content))
			report(CPU_VALUE, trial.subject, "frame: kind %u mask %x, is %llx", value.kind,
			       value.mask, (unsigned long long)content);
	}
}

static void check_stack(void)
{
	const uint8_t effect = trial.subject->shape.effect;
	uint64_t expected = trial.entry - (uint64_t)trial.state.depth;

	if (effect == EFFECT_CALL)
		expected = context->in[RSP] - 8; /* the callee's ret takes it back */
	else if (effect == EFFECT_RET)
		expected = context->in[RSP] + 8;
	else if (trial.violated && effect >= EFFECT_PUSH)
		return; /* add rsp out of the frame and the like: rejected, depth unchanged */
	if (context->out[RSP] != expected)
		report(CPU_STACK, trial.subject, "rsp moved by %lld",
		       (long long)(context->out[RSP] - context->in[RSP]));
}

struct range {
	uint64_t low;
	uint64_t high;
};

static bool in_range(const struct range *range, uint64_t address)
{
	return address >= range->low && address < range->high;
}

static void check_page(const uint8_t *page, const uint8_t *before)
{
	const struct shape *shape = &trial.subject->shape;
	const uint8_t effect = shape->effect;
	struct range operand = {0};
	struct range pushed = {0};

	if (memcmp(page, before, PAGE) == 0)
		return;
	if (shape->memory.accessed && shape->memory.writes)
		operand = (struct range){trial.target, trial.target + shape->memory.size};
	if (effect == EFFECT_PUSH || effect == EFFECT_CALL)
		pushed = (struct range){context->in[RSP] - 8, context->in[RSP]};
	for (uint32_t i = 0; i < PAGE; i++)
		if (page[i] != before[i] && !in_range(&operand, (uint64_t)page + i) &&
		    !in_range(&pushed, (uint64_t)page + i)) {
			report(shape->memory.writes ? CPU_MEMORY : CPU_STORE, trial.subject,
			       "operand%+lld changed", (long long)((uint64_t)page + i - trial.target));
			return;
		}
}

static void check_fault(void)
{
	const struct memory_operand *memory = &trial.subject->shape.memory;
	const bool general = fault_code == SI_KERNEL; /* #GP: misaligned or not canonical */

	faults++;
	if (fault_signal == SIGILL && fault_rip == context->target)
		report(CPU_UNDEFINED, trial.subject, "#UD");
	else if (fault_rip != context->target)
		report(CPU_LENGTH, trial.subject, "signal %d at end%+lld", (int)fault_signal,
		       (long long)(fault_rip - CPU_END));
	else if (fault_signal == SIGSEGV && (!general || !memory->accessed))
		report(CPU_MEMORY, trial.subject, "fault at operand%+lld, size %u",
		       (long long)(fault_address - trial.target), memory->size);
	else if (fault_signal == SIGTRAP || fault_signal == SIGBUS)
		report(CPU_LENGTH, trial.subject, "signal %d", (int)fault_signal);
}

/* ---- One run ----------------------------------------------------------------------- */

static void fill_pages(void)
{
	for (uint32_t i = 0; i < PAGE; i += 512) {
		const uint64_t value = next_random(&trial.seed);
		memset(data_page + i, (int)value & 0xff, 512);
		memset(stack_page + i, (int)(value >> 8) & 0xff, 512);
	}
	for (uint32_t i = 0; i < 64; i += 8) { /* where operands are */
		const uint64_t value = interesting(&trial.seed);
		memcpy(data_page + i, &value, 8);
		memcpy(data_page + PAGE - 8 - i, &value, 8);
	}
}

static void step(void)
{
	struct violation violation;

	rfv_step(
	    &(struct step){&trial.subject->shape, trial.subject->bytes, &frame, &trial.state, &violation});
	trial.violated = violation.rule == RFV_RULE_FRAME_BOUNDS || violation.rule == RFV_RULE_FRAME_SIZE ||
	                 violation.rule == RFV_RULE_ARGUMENT_STORE;
}

static void run_once(const struct subject *subject, uint64_t target)
{
	trial.subject = subject;
	trial.target = target;
	if (!choose_registers())
		return;
	fill_pages();
	choose_frame();
	choose_target();
	memcpy(before_data, data_page, PAGE);
	memcpy(before_stack, stack_page, PAGE);
	step();

	context->target = CPU_END - subject->shape.length;
	memcpy((void *)context->target, subject->bytes, subject->shape.length);
	fault_signal = 0;
	running = 1;
	cpu_run();
	running = 0;
	runs++;
	if (fault_signal != 0) {
		check_fault();
		return;
	}
	check_registers();
	check_values();
	check_frame();
	check_stack();
	check_page(data_page, before_data);
	check_page(stack_page, before_stack);
}

void cpu_check(const struct subject *subject)
{
	const struct memory_operand *memory = &subject->shape.memory;

	if (subject->shape.effect == EFFECT_TRAP || subject->shape.effect == EFFECT_BREAKPOINT)
		return; /* stops, and that is all that is asked of it */
	trial.seed = subject->hash;
	for (int i = 0; i < INPUTS; i++) {
		const bool high = i % 2 == 0 || memory->address.base == RSP; /* a push needs room below */

		run_once(subject, (uint64_t)data_page + (high ? PAGE - memory->size : 0));
	}
}

uint64_t cpu_runs(void)
{
	return runs;
}

uint64_t cpu_faults(void)
{
	return faults;
}
