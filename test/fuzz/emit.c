/* SPDX-License-Identifier: Apache-2.0 */
#include "emit.h"

#include <string.h>

void emit_byte(struct code *code, uint32_t byte)
{
	if (code->size < sizeof code->bytes)
		code->bytes[code->size++] = (uint8_t)byte;
	else
		code->full = true;
}

void emit_32(struct code *code, uint32_t value)
{
	emit_immediate(code, value, 4);
}

void emit_immediate(struct code *code, uint32_t value, uint8_t size)
{
	for (uint8_t i = 0; i < size; i++)
		emit_byte(code, value >> (8 * i) & 0xff);
}

static void emit_start(struct code *code, struct form form, uint8_t reg, uint8_t index, uint8_t base)
{
	const uint32_t rex =
	    0x40u | (form.wide ? 8u : 0) | (reg & 8u) >> 1 | (index & 8u) >> 2 | (base & 8u) >> 3;

	if (form.prefix != 0)
		emit_byte(code, form.prefix);
	if (rex != 0x40 || form.byte)
		emit_byte(code, rex);
	if (form.opcode > 0xffff)
		emit_byte(code, form.opcode >> 16);
	if (form.opcode > 0xff)
		emit_byte(code, form.opcode >> 8 & 0xff);
	emit_byte(code, form.opcode & 0xff);
}

void emit_registers(struct code *code, struct form form, uint8_t reg, uint8_t rm)
{
	emit_start(code, form, reg, 0, rm);
	emit_byte(code, 0xc0u | (reg & 7u) << 3 | (rm & 7u));
}

void emit_memory(struct code *code, struct form form, uint8_t reg, const struct address *address)
{
	const bool has_index = address->index != NO_INDEX;
	const bool needs_sib = has_index || (address->base & 7) == 4;
	const uint32_t scale = (uint32_t)__builtin_ctz(address->scale);
	const uint32_t index = has_index ? address->index & 7u : 4u;

	emit_start(code, form, reg, has_index ? address->index : 0, address->base);
	emit_byte(code, 0x80u | (reg & 7u) << 3 | (needs_sib ? 4u : address->base & 7u));
	if (needs_sib)
		emit_byte(code, scale << 6 | index << 3 | (address->base & 7u));
	emit_32(code, (uint32_t)address->disp);
}

uint32_t emit_jump(struct code *code, uint8_t condition)
{
	if (condition < 16) {
		emit_byte(code, 0x0f);
		emit_byte(code, 0x80u | condition);
	} else {
		emit_byte(code, 0xe9);
	}
	emit_32(code, 0);
	return code->size;
}

static void patch(struct code *code, uint32_t jump, uint32_t target)
{
	const uint32_t distance = target - jump;

	if (!code->full)
		memcpy(code->bytes + jump - 4, &distance, sizeof distance);
}

void emit_land(struct code *code, uint32_t jump)
{
	patch(code, jump, code->size);
}

void emit_jump_back(struct code *code, uint8_t condition, uint32_t target)
{
	patch(code, emit_jump(code, condition), target);
}
