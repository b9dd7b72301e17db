/* SPDX-License-Identifier: Apache-2.0 */
/* A bytecode interpreter: one dense switch in a loop, a stack of operands, an assembler for its programs. */
#include "kernel.h"

enum op {
	OP_PUSH,
	OP_POP,
	OP_DUP,
	OP_SWAP,
	OP_OVER,
	OP_LOAD,
	OP_STORE,
	OP_GET,
	OP_SET,
	OP_ADD,
	OP_SUB,
	OP_MUL,
	OP_DIV,
	OP_MOD,
	OP_AND,
	OP_OR,
	OP_XOR,
	OP_SHL,
	OP_SHR,
	OP_NOT,
	OP_LT,
	OP_EQ,
	OP_GT,
	OP_JUMP,
	OP_JZ,
	OP_JNZ,
	OP_CALL,
	OP_RET,
	OP_INC,
	OP_HALT,
};

struct machine {
	const uint8_t *code;
	uint32_t stack[64], calls[32], locals[16];
	uint32_t memory[4096];
	uint64_t steps;
};

static struct machine machine;

static uint32_t operand(const uint8_t *code, uint32_t at)
{
	return code[at] | (uint32_t)code[at + 1] << 8;
}

/* Returns what is on top of the stack at OP_HALT; ~0 for a bad program. */
static uint32_t run(struct machine *m, uint32_t limit)
{
	uint32_t pc = 0, sp = 0, depth = 0, steps = 0;
	const uint8_t *code = m->code;
	uint32_t *s = m->stack;
	while (steps++ < limit) {
		if (sp > 56)
			return ~0u;
		switch ((enum op)code[pc++]) {
		case OP_PUSH:
			s[++sp] = operand(code, pc);
			pc += 2;
			break;
		case OP_POP:
			sp--;
			break;
		case OP_DUP:
			s[sp + 1] = s[sp];
			sp++;
			break;
		case OP_SWAP: {
			uint32_t t = s[sp];
			s[sp] = s[sp - 1];
			s[sp - 1] = t;
			break;
		}
		case OP_OVER:
			s[sp + 1] = s[sp - 1];
			sp++;
			break;
		case OP_LOAD:
			s[sp] = m->memory[s[sp] & 4095];
			break;
		case OP_STORE:
			m->memory[s[sp] & 4095] = s[sp - 1];
			sp -= 2;
			break;
		case OP_GET:
			s[++sp] = m->locals[code[pc++] & 15];
			break;
		case OP_SET:
			m->locals[code[pc++] & 15] = s[sp--];
			break;
		case OP_ADD:
			s[sp - 1] += s[sp];
			sp--;
			break;
		case OP_SUB:
			s[sp - 1] -= s[sp];
			sp--;
			break;
		case OP_MUL:
			s[sp - 1] *= s[sp];
			sp--;
			break;
		case OP_DIV:
			s[sp - 1] /= s[sp] | (s[sp] == 0);
			sp--;
			break;
		case OP_MOD:
			s[sp - 1] %= s[sp] | (s[sp] == 0);
			sp--;
			break;
		case OP_AND:
			s[sp - 1] &= s[sp];
			sp--;
			break;
		case OP_OR:
			s[sp - 1] |= s[sp];
			sp--;
			break;
		case OP_XOR:
			s[sp - 1] ^= s[sp];
			sp--;
			break;
		case OP_SHL:
			s[sp - 1] <<= s[sp] & 31;
			sp--;
			break;
		case OP_SHR:
			s[sp - 1] >>= s[sp] & 31;
			sp--;
			break;
		case OP_NOT:
			s[sp] = !s[sp];
			break;
		case OP_LT:
			s[sp - 1] = s[sp - 1] < s[sp];
			sp--;
			break;
		case OP_EQ:
			s[sp - 1] = s[sp - 1] == s[sp];
			sp--;
			break;
		case OP_GT:
			s[sp - 1] = s[sp - 1] > s[sp];
			sp--;
			break;
		case OP_JUMP:
			pc = operand(code, pc);
			break;
		case OP_JZ:
			pc = s[sp--] ? pc + 2 : operand(code, pc);
			break;
		case OP_JNZ:
			pc = s[sp--] ? operand(code, pc) : pc + 2;
			break;
		case OP_CALL:
			m->calls[depth++ & 31] = pc + 2;
			pc = operand(code, pc);
			break;
		case OP_RET:
			pc = m->calls[--depth & 31];
			break;
		case OP_INC:
			m->locals[code[pc++] & 15]++;
			break;
		case OP_HALT:
			m->steps += steps;
			return s[sp];
		default:
			return ~0u;
		}
	}
	return ~0u;
}

#define W(x) (uint8_t)((x) & 255), (uint8_t)((x) >> 8)

/* Counts the primes below 4,000 with a sieve. */
static const uint8_t sieve[] = {
    /* 0 */ OP_PUSH,
    W(0),
    OP_SET,
    0,
    OP_PUSH,
    W(0),
    OP_SET,
    2,
    /* 10: clear */ OP_PUSH,
    W(0),
    OP_GET,
    0,
    OP_STORE,
    OP_INC,
    0,
    OP_GET,
    0,
    OP_PUSH,
    W(4000),
    OP_LT,
    OP_JNZ,
    W(10),
    /* 27 */ OP_PUSH,
    W(2),
    OP_SET,
    0,
    /* 32: next */ OP_GET,
    0,
    OP_LOAD,
    OP_JNZ,
    W(72),
    /* 38: prime */ OP_INC,
    2,
    OP_GET,
    0,
    OP_GET,
    0,
    OP_ADD,
    OP_SET,
    1,
    /* 47: strike */ OP_GET,
    1,
    OP_PUSH,
    W(4000),
    OP_LT,
    OP_JZ,
    W(72),
    OP_PUSH,
    W(1),
    OP_GET,
    1,
    OP_STORE,
    OP_GET,
    1,
    OP_GET,
    0,
    OP_ADD,
    OP_SET,
    1,
    OP_JUMP,
    W(47),
    /* 72: composite */ OP_INC,
    0,
    OP_GET,
    0,
    OP_PUSH,
    W(4000),
    OP_LT,
    OP_JNZ,
    W(32),
    OP_GET,
    2,
    OP_HALT,
};

/* Longest Collatz chain for a start below 300; the step is a subroutine. */
static const uint8_t collatz[] = {
    /* 0 */ OP_PUSH,
    W(1),
    OP_SET,
    0,
    OP_PUSH,
    W(0),
    OP_SET,
    3,
    /* 10: start */ OP_GET,
    0,
    OP_SET,
    1,
    OP_PUSH,
    W(1),
    OP_SET,
    2,
    /* 19: step */ OP_GET,
    1,
    OP_PUSH,
    W(1),
    OP_EQ,
    OP_JNZ,
    W(36),
    OP_CALL,
    W(64),
    OP_INC,
    2,
    OP_JUMP,
    W(19),
    /* 36 */ OP_GET,
    2,
    OP_GET,
    3,
    OP_GT,
    OP_JZ,
    W(48),
    OP_GET,
    2,
    OP_SET,
    3,
    /* 48 */ OP_INC,
    0,
    OP_GET,
    0,
    OP_PUSH,
    W(300),
    OP_LT,
    OP_JNZ,
    W(10),
    OP_GET,
    3,
    OP_HALT,
    OP_HALT,
    OP_HALT,
    /* 64: odd or even */ OP_GET,
    1,
    OP_PUSH,
    W(1),
    OP_AND,
    OP_JZ,
    W(86),
    OP_GET,
    1,
    OP_PUSH,
    W(3),
    OP_MUL,
    OP_PUSH,
    W(1),
    OP_ADD,
    OP_SET,
    1,
    OP_RET,
    /* 86 */ OP_GET,
    1,
    OP_PUSH,
    W(1),
    OP_SHR,
    OP_SET,
    1,
    OP_RET,
};

static uint32_t run_program(const uint8_t *code)
{
	machine.code = code;
	return run(&machine, 1000000);
}

/* 550 primes below 4,000 (OEIS A000720); 231 takes 128 terms (OEIS A006877). */
static int right(void)
{
	return run_program(sieve) == 550 && run_program(collatz) == 128;
}

RF_EXPORT uint32_t interpreter(uint32_t n)
{
	if (n == 0)
		return (uint32_t)right();
	machine.steps = 0;
	uint32_t digest = mix(n, run_program(sieve));
	for (int i = 0; i < 2; i++)
		digest = mix(digest, run_program(collatz));
	return mix(digest, (uint32_t)machine.steps);
}
