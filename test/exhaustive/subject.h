/* SPDX-License-Identifier: Apache-2.0 */
/* One accepted encoding under test, and where differences are collected. */
#ifndef SUBJECT_H
#define SUBJECT_H

#include "insn.h"

/* Room behind the longest instruction, so that no decoder is limited by the buffer. */
#define SUBJECT_BYTES 32

struct subject {
	uint8_t bytes[SUBJECT_BYTES]; /* displacement and immediate chosen; nops behind */
	struct shape shape;
	uint64_t hash; /* of the bytes: seeds whatever is random about this subject */
};

/* splitmix64: deterministic, so that each run tests the same. */
static inline uint64_t next_random(uint64_t *seed)
{
	uint64_t z = *seed += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* ---- Differences between the validator's shape and somebody else ----------- */

enum difference {
	/* The validator claims something that another decoder or this CPU denies. */
	DIFFERENT_CACHE,   /* a remembered shape is not what Zydis says */
	DIFFERENT_PREFIX,  /* a prefix that the contract forbids here */
	DIFFERENT_LENGTH,  /* LLVM or Capstone: another length, or no instruction at all */
	DIFFERENT_OPERAND, /* LLVM or Capstone: other registers of the memory or first operands */
	DIFFERENT_WRITTEN, /* Capstone: writes a general register that the shape does not list */
	DIFFERENT_SIZE,    /* Capstone: a memory operand larger than the shape says */
	DIFFERENT_STORE,   /* Capstone: stores, the shape does not */
	CPU_LENGTH,        /* the processor ran on past the claimed length */
	CPU_WRITTEN,       /* a register changed that the shape does not list */
	CPU_UPPER_HALF,    /* a register listed as zero-extended kept its upper half */
	CPU_MEMORY,        /* memory outside the operand was touched */
	CPU_STORE,         /* memory changed though the shape does not store */
	CPU_STACK,         /* rsp is not where the abstract depth says */
	CPU_VALUE,         /* a register or frame slot is not in its abstract value */
	/* Harmless, but worth knowing. */
	CPU_UNDEFINED, /* this processor raises #UD */
	DIFFERENCES
};

#define FIRST_HARMLESS CPU_UNDEFINED

__attribute__((format(printf, 3, 4))) void report(enum difference kind, const struct subject *subject,
                                                  const char *format, ...);

/* Those so far that no reviewed row explains. */
uint64_t unexplained_differences(void);
void print_differences(void);

/* ---- The parts of the test -------------------------------------------------- */

/* Against LLVM MC and Capstone. */
bool decoders_open(void);
void decoders_check(const struct subject *subject);
void decoders_close(void);

/* Against this processor. */
bool cpu_open(void);
void cpu_check(const struct subject *subject);
uint64_t cpu_runs(void);
uint64_t cpu_faults(void);

/* Calls `visit` for each accepted encoding of this part of the space. */
struct enumeration {
	unsigned sample; /* one accepted encoding of this many is visited, by hash */
	unsigned depth;  /* 1: a slice for every build, 2: more, 3: all prefix sets */
	void (*visit)(const struct subject *subject);
	uint64_t enumerated;
	uint64_t accepted;
	uint64_t visited;
};

void enumerate(struct enumeration *enumeration);

#endif
