/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the allow-list claims, against this processor: every accepted encoding of
 * the enumeration runs on random registers whose abstract values are known, and
 * what the registers hold afterwards must lie in the abstract values that
 * rfv_step computes. Encodings that this processor lacks are skipped.
 */
#include <criterion/criterion.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"

#define ROUNDS 4
#define BUFFER_SIZE 0x1000
#define BUFFER_MIDDLE 0x800

/* In the order of enum register_number; rsp is not loaded. */
uint64_t cpu_in[REGISTERS];
uint64_t cpu_out[REGISTERS];
void *cpu_code;
void cpu_run(void);

__asm__(".text\n"
        "cpu_run:\n"
        "	push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"
        "	mov cpu_in+0(%rip), %rax; mov cpu_in+8(%rip), %rcx; mov cpu_in+16(%rip), %rdx\n"
        "	mov cpu_in+24(%rip), %rbx; mov cpu_in+40(%rip), %rbp; mov cpu_in+48(%rip), %rsi\n"
        "	mov cpu_in+56(%rip), %rdi; mov cpu_in+64(%rip), %r8; mov cpu_in+72(%rip), %r9\n"
        "	mov cpu_in+80(%rip), %r10; mov cpu_in+88(%rip), %r11; mov cpu_in+96(%rip), %r12\n"
        "	mov cpu_in+104(%rip), %r13; mov cpu_in+112(%rip), %r14; mov cpu_in+120(%rip), %r15\n"
        "	call *cpu_code(%rip)\n"
        "	mov %rax, cpu_out+0(%rip); mov %rcx, cpu_out+8(%rip); mov %rdx, cpu_out+16(%rip)\n"
        "	mov %rbx, cpu_out+24(%rip); mov %rbp, cpu_out+40(%rip); mov %rsi, cpu_out+48(%rip)\n"
        "	mov %rdi, cpu_out+56(%rip); mov %r8, cpu_out+64(%rip); mov %r9, cpu_out+72(%rip)\n"
        "	mov %r10, cpu_out+80(%rip); mov %r11, cpu_out+88(%rip); mov %r12, cpu_out+96(%rip)\n"
        "	mov %r13, cpu_out+104(%rip); mov %r14, cpu_out+112(%rip); mov %r15, cpu_out+120(%rip)\n"
        "	pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
        "	ret\n");

static uint64_t random_state = 0x9e3779b97f4a7c15;
static sigjmp_buf fault;
static uint8_t *code;
static uint8_t *buffer;
static uint8_t before[BUFFER_SIZE];
static struct decoder decoder;
static struct frame frame;
static struct state state;
static unsigned tried, ran, failures;

static uint64_t next_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Values at the edges are likelier to find a wrong claim. */
static uint64_t random_value(void)
{
	const uint64_t value = next_random();

	switch (next_random() % 6) {
	case 0:
		return 0;
	case 1:
		return UINT64_MAX;
	case 2:
		return UINT64_C(1) << (value % 64);
	case 3:
		return value >> (value % 64);
	default:
		return value;
	}
}

static void on_fault(int signal)
{
	(void)signal;
	siglongjmp(fault, 1);
}

static void set_up(void)
{
	static uint16_t nodes[16][256];
	static struct shape shapes[16];
	static uint8_t summaries[16];
	struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
	const int signals[] = {SIGILL, SIGFPE, SIGSEGV, SIGBUS, SIGTRAP};

	rfv_decoder_init(&decoder, nodes, 4, shapes, summaries, 4);
	code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(code, MAP_FAILED);
	buffer = aligned_alloc(4096, BUFFER_SIZE);
	cr_assert_not_null(buffer);
	cpu_code = code;
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		cr_assert_eq(sigaction(signals[i], &action, NULL), 0);
}

/* A random abstract value for each register, and a concrete one inside it. */
static void choose_registers(void)
{
	rfv_state_entry(&state);
	cpu_in[R15] = (uintptr_t)buffer + BUFFER_MIDDLE;
	cpu_in[R14] = next_random();
	for (uint32_t i = 0; i < R14; i++) {
		const uint32_t mask = (uint32_t)random_value();
		const uint64_t value = random_value();

		if (i == RSP)
			continue;
		switch (next_random() % 4) {
		case 0:
			state.values[i] = value_any();
			cpu_in[i] = value;
			break;
		case 1:
			state.values[i] = value_init(i);
			cpu_in[i] = value;
			break;
		case 2:
			state.values[i] = value_cell(mask);
			cpu_in[i] = cpu_in[R15] + (value & mask);
			break;
		default:
			state.values[i] = value_bits(mask);
			cpu_in[i] = value & mask;
			break;
		}
	}
}

static bool contains(struct value value, uint64_t concrete)
{
	switch (value.kind) {
	case VALUE_ANY:
		return true;
	case VALUE_BITS:
		return (concrete & ~(uint64_t)value.mask) == 0;
	case VALUE_CELL:
		return ((concrete - cpu_in[R15]) & ~(uint64_t)value.mask) == 0;
	default:
		return value_is_init(value) && concrete == cpu_in[value_init_register(value)];
	}
}

static void complain(const uint8_t *bytes, const struct shape *shape, const char *what, uint32_t which)
{
	char text[64];
	size_t used = 0;

	for (uint8_t i = 0; i < shape->length; i++)
		used += (size_t)snprintf(text + used, sizeof text - used, "%02x ", bytes[i]);
	if (failures++ < 40)
		cr_expect_fail("%s: %s %s: kind %u mask 0x%x, 0x%llx before, 0x%llx after", text, what,
		               rfv_register_name((uint8_t)which), state.values[which].kind,
		               state.values[which].mask, (unsigned long long)cpu_in[which],
		               (unsigned long long)cpu_out[which]);
}

/* Only the bytes of the memory operand, which is at r15 + disp, may change. */
static void check_buffer(const uint8_t *bytes, const struct shape *shape)
{
	const int32_t place = BUFFER_MIDDLE + (shape->memory.present ? rfv_displacement(shape, bytes) : 0);
	const uint32_t size = shape->memory.present && shape->memory.writes ? shape->memory.size : 0;
	const uint32_t end = (uint32_t)place + size;

	if (memcmp(buffer, before, (size_t)place) != 0 ||
	    memcmp(buffer + end, before + end, BUFFER_SIZE - end) != 0)
		complain(bytes, shape, "writes other memory, base", R15);
}

static bool ordinary(const struct shape *shape)
{
	return shape->denial == 0 && shape->effect > EFFECT_DENIED && shape->effect < EFFECT_PUSH;
}

static void run_once(const uint8_t *bytes, const struct shape *shape)
{
	struct violation violation;

	choose_registers();
	for (size_t i = 0; i < BUFFER_SIZE; i += 8) {
		const uint64_t word = i % 64 == 0 ? random_value() : random_state + i;
		memcpy(buffer + i, &word, 8);
	}
	memcpy(before, buffer, BUFFER_SIZE);
	rfv_step(&(struct step){shape, bytes, &frame, &state, &violation});
	if (violation.rule != RFV_RULE_NONE)
		return;
	if (sigsetjmp(fault, 0) != 0)
		return;
	cpu_run();
	ran++;
	for (uint32_t i = 0; i < REGISTERS; i++)
		if (i != RSP && !contains(state.values[i], cpu_out[i]))
			complain(bytes, shape, "claims too much of", i);
	if (cpu_out[R14] != cpu_in[R14] || cpu_out[R15] != cpu_in[R15])
		complain(bytes, shape, "writes the reserved", R15);
	check_buffer(bytes, shape);
}

static void try_encoding(const uint8_t *bytes)
{
	struct shape shape;

	if (!rfv_decode_uncached(&decoder, bytes, RFV_INSTRUCTION_MAX, &shape) || !ordinary(&shape))
		return;
	/* Memory at r15 + disp8 or disp32 only. */
	if (shape.memory.present && shape.memory.accessed &&
	    (shape.memory.address.base != R15 || shape.memory.address.index != NO_REGISTER ||
	     shape.memory.disp_size == 0))
		return;
	tried++;
	memcpy(code, bytes, shape.length);
	code[shape.length] = 0xc3;
	for (int round = 0; round < ROUNDS; round++)
		run_once(bytes, &shape);
}

/* All of ModRM for registers, and r15 + disp8. */
static void try_modrm(uint8_t *bytes, size_t length)
{
	for (unsigned modrm = 0; modrm < 256; modrm++) {
		if (modrm >> 6 != 3 && (modrm & 0xc7) != 0x47)
			continue;
		bytes[length] = (uint8_t)modrm;
		for (size_t i = length + 1; i < RFV_INSTRUCTION_MAX; i++)
			bytes[i] = (uint8_t)next_random();
		bytes[length + 1] &= 0x7f; /* disp8 */
		try_encoding(bytes);
	}
}

static void try_opcodes(uint8_t *bytes, size_t length)
{
	static const uint8_t maps[4][2] = {{0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};
	static const unsigned lengths[4] = {0, 1, 2, 2};

	for (unsigned map = 0; map < 4; map++) {
		size_t used = length;

		for (unsigned i = 0; i < lengths[map]; i++)
			bytes[used++] = maps[map][i];
		for (unsigned opcode = 0; opcode < 256; opcode++) {
			bytes[used] = (uint8_t)opcode;
			try_modrm(bytes, used + 1);
		}
	}
}

Test(cpu, legacy_encodings, .timeout = 100)
{
	static const char *const prefixes[] = {"",     "\x66",     "\xf2",     "\xf3",     "\xf0",    "\x67",
	                                       "\x2e", "\x66\xf2", "\x66\xf3", "\xf2\x66", "\xf3\x66"};
	static const uint8_t rexes[] = {0, 0x40, 0x41, 0x45, 0x48, 0x49, 0x4d};
	uint8_t bytes[RFV_INSTRUCTION_MAX];

	set_up();
	for (size_t p = 0; p < sizeof prefixes / sizeof *prefixes; p++)
		for (size_t r = 0; r < sizeof rexes; r++) {
			size_t length = strlen(prefixes[p]);

			memcpy(bytes, prefixes[p], length);
			if (rexes[r] != 0)
				bytes[length++] = rexes[r];
			try_opcodes(bytes, length);
		}
	cr_log_info("%u encodings, %u runs", tried, ran);
	cr_expect_gt(tried, 50000);
	cr_expect_gt(ran, 100000);
	cr_expect_eq(failures, 0, "%u failures", failures);
}

Test(cpu, vex_encodings, .timeout = 100)
{
	uint8_t bytes[RFV_INSTRUCTION_MAX] = {0xc4};

	set_up();
	for (unsigned map = 1; map < 4; map++)
		for (unsigned inverted = 0; inverted < 8; inverted += 2) /* R and B, not X */
			for (unsigned third = 0; third < 256; third++) { /* W, vvvv, L, pp */
				if ((third >> 3 & 15) != 15 && (third >> 3 & 15) != 12)
					continue;
				bytes[1] = (uint8_t)(inverted << 5 | 0x40 | map);
				bytes[2] = (uint8_t)third;
				for (unsigned opcode = 0; opcode < 256; opcode++) {
					bytes[3] = (uint8_t)opcode;
					try_modrm(bytes, 4);
				}
			}
	cr_log_info("%u encodings, %u runs", tried, ran);
	cr_expect_gt(tried, 20000);
	cr_expect_eq(failures, 0, "%u failures", failures);
}
