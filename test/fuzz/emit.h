/* SPDX-License-Identifier: Apache-2.0 */
/* Writes single instructions; registers by their numbers (rax 0 ... r15 15). */
#ifndef EMIT_H
#define EMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "nf_builder.h"

#define NO_INDEX 16

struct code {
	uint8_t bytes[NF_TEXT_MAX];
	uint32_t size;
	bool full; /* something did not fit */
};

struct address {
	uint8_t base;
	uint8_t index; /* NO_INDEX: none; never 4 */
	uint8_t scale; /* 1, 2, 4, 8 */
	int32_t disp;
};

void emit_byte(struct code *code, uint32_t byte);
void emit_32(struct code *code, uint32_t value);

/* Prefix 66h or 0; W; an opcode of up to three bytes, the first in the highest place that is not 0. */
struct form {
	uint8_t prefix;
	bool wide;
	bool byte; /* 8-bit registers: force REX, so that 4 ... 7 are spl ... dil */
	uint32_t opcode;
};

void emit_registers(struct code *code, struct form form, uint8_t reg, uint8_t rm);
void emit_memory(struct code *code, struct form form, uint8_t reg, const struct address *address);
void emit_immediate(struct code *code, uint32_t value, uint8_t size);

/* jcc rel32 (condition 0 ... 15) or, condition 16, jmp rel32. Returns what emit_land takes. */
uint32_t emit_jump(struct code *code, uint8_t condition);
/* The jump goes to where the code is now. */
void emit_land(struct code *code, uint32_t jump);
void emit_jump_back(struct code *code, uint8_t condition, uint32_t target);

#endif
