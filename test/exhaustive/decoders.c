/* SPDX-License-Identifier: Apache-2.0 */
/* Against LLVM MC (length, memory operand, first operands) and Capstone (length, effects). */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <capstone/capstone.h>
#include <llvm-c/Disassembler.h>
#include <llvm-c/Target.h>

#include "subject.h"

static LLVMDisasmContextRef llvm;
static csh capstone;
static cs_insn *insn;
static uint8_t capstone_general[X86_REG_ENDING]; /* register_number, NO_REGISTER for others */

/* ---- Names of registers ---------------------------------------------------------- */

struct named_register {
	uint8_t number;
	uint8_t width;
	bool high;
};

static struct named_register register_named(const char *name)
{
	static const char *const names[4][REGISTERS] = {
	    {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"},
	    {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"},
	    {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"},
	    {"al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil"},
	};
	static const char *const high[] = {"ah", "ch", "dh", "bh"};
	static const uint8_t widths[] = {8, 4, 2, 1};
	char *end;
	long number;

	for (uint8_t kind = 0; kind < 4; kind++)
		for (uint8_t i = 0; i < 8; i++)
			if (strcmp(name, names[kind][i]) == 0)
				return (struct named_register){.number = i, .width = widths[kind]};
	for (uint8_t i = 0; i < 4; i++)
		if (strcmp(name, high[i]) == 0)
			return (struct named_register){.number = i, .width = 1, .high = true};
	if (name[0] != 'r' || !isdigit((unsigned char)name[1]))
		return (struct named_register){.number = NO_REGISTER};
	number = strtol(name + 1, &end, 10);
	return (struct named_register){
	    .number = (uint8_t)number,
	    .width = *end == 0     ? 8
	             : *end == 'd' ? 4
	             : *end == 'w' ? 2
	                           : 1,
	};
}

/* ---- LLVM ------------------------------------------------------------------------ */

struct address {
	uint8_t base;
	uint8_t index;
	long scale;
	long displacement;
};

/* Reads "%name" and skips it. */
static uint8_t read_name(const char **text)
{
	char name[16] = {0};
	size_t length = 0;

	if (**text != '%')
		return NO_REGISTER;
	for ((*text)++; isalnum((unsigned char)**text); (*text)++)
		if (length + 1 < sizeof name)
			name[length++] = **text;
	if (strcmp(name, "rip") == 0 || strcmp(name, "eip") == 0)
		return RIP_REGISTER;
	return register_named(name).number; /* riz, "no index", included */
}

/* "disp(%base,%index,scale)" or a number; false if there is no such operand. */
static bool read_address(const char *text, struct address *address)
{
	const char *open = strchr(text, '(');
	const char *start = open;

	*address = (struct address){.base = NO_REGISTER, .index = NO_REGISTER, .scale = 1};
	if (open == NULL) { /* "\tleal\t4096, %eax": an address that is a number */
		const char *operand = strchr(text + 1, '\t');

		address->displacement = operand == NULL ? 0 : strtol(operand + 1, NULL, 0);
		return operand != NULL && (isdigit((unsigned char)operand[1]) || operand[1] == '-');
	}
	while (start > text && (isxdigit((unsigned char)start[-1]) || start[-1] == '-' || start[-1] == 'x'))
		start--;
	address->displacement = start == open ? 0 : strtol(start, NULL, 0);
	open++;
	address->base = read_name(&open);
	if (*open == ',') {
		open++;
		address->index = read_name(&open);
		if (*open == ',')
			address->scale = strtol(open + 1, NULL, 10);
	}
	return true;
}

static bool same_address(const struct subject *subject, const struct address *address)
{
	const struct memory_operand *memory = &subject->shape.memory;

	if (address->displacement != rfv_displacement(&subject->shape, subject->bytes))
		return false;
	if (memory->address.base == address->base && memory->address.index == address->index &&
	    (memory->address.index == NO_REGISTER || memory->address.scale == address->scale))
		return true;
	/* With scale 1 the validator may have exchanged them. */
	return memory->address.scale == 1 && address->scale == 1 && memory->address.base == address->index &&
	       memory->address.index == address->base;
}

/* First (`last` false) or last operand of AT&T syntax, if it is a register. */
static struct named_register register_operand(const char *text, bool last)
{
	const char *at = strchr(text + 1, '\t');
	char name[16] = {0};

	if (at == NULL)
		return (struct named_register){.number = NO_REGISTER};
	if (last && strrchr(at, ' ') != NULL)
		at = strrchr(at, ' ');
	at++;
	if (*at != '%')
		return (struct named_register){.number = NO_REGISTER};
	for (size_t i = 0; i + 1 < sizeof name && isalnum((unsigned char)at[i + 1]); i++)
		name[i] = at[i + 1];
	return register_named(name);
}

static bool is_value_effect(uint8_t effect)
{
	return effect >= EFFECT_MOV && effect <= EFFECT_STORE && effect != EFFECT_XCHG;
}

/* The effects that are functions of first and second operand need the right ones. */
static void check_first_and_second(const struct subject *subject, const char *text)
{
	const struct shape *shape = &subject->shape;
	const struct named_register dst = register_operand(text, true);
	const struct named_register src = register_operand(text, false);

	if (!is_value_effect(shape->effect) || strchr(text + 1, '\t') == NULL)
		return; /* cbw, cwde, cdqe name no operands */
	if (shape->dst.kind == OPERAND_REGISTER &&
	    (dst.number != shape->dst.reg || dst.width != shape->dst.width || dst.high != shape->dst.high))
		report(DIFFERENT_OPERAND, subject, "LLVM: %s", text);
	else if (shape->dst.kind != OPERAND_REGISTER && dst.number != NO_REGISTER)
		report(DIFFERENT_OPERAND, subject, "LLVM: %s", text);
	if (shape->src.kind == OPERAND_REGISTER && shape->effect != EFFECT_SETCC &&
	    (src.number != shape->src.reg || src.width != shape->src.width || src.high != shape->src.high))
		report(DIFFERENT_OPERAND, subject, "LLVM: %s", text);
}

/* Behind a prefix that LLVM prints as a word, if it starts with that; at a tab, as an instruction does. */
static const char *skip_word(const char *text, const char *word)
{
	const size_t length = strlen(word);

	return strncmp(text, word, length) == 0 ? text + length + strspn(text + length, " \t") - 1 : text;
}

static void check_llvm(const struct subject *subject)
{
	const struct memory_operand *memory = &subject->shape.memory;
	uint8_t bytes[SUBJECT_BYTES];
	struct address address;
	char buffer[256];
	const char *text = buffer;
	size_t length;
	bool present;

	memcpy(bytes, subject->bytes, sizeof bytes);
	length = LLVMDisasmInstruction(llvm, bytes, sizeof bytes, 0, buffer, sizeof buffer);
	if (length == 1 && bytes[0] == 0xf0) /* to LLVM, lock is an instruction of its own */
		length += LLVMDisasmInstruction(llvm, bytes + 1, sizeof bytes - 1, 0, buffer, sizeof buffer);
	if (length != subject->shape.length) {
		report(DIFFERENT_LENGTH, subject, "LLVM: %zu bytes", length);
		return;
	}
	text = skip_word(text, "\tlock");   /* "\tlock\t\taddw\t%ax, (%rdx)" */
	text = skip_word(text, "\taddr32"); /* "\taddr32\t\tleal\t64, %r12d": no register tells */
	present = !rfv_is_direct(&subject->shape) && read_address(text, &address);
	if (present != memory->present || (present && !same_address(subject, &address)))
		report(DIFFERENT_OPERAND, subject, "LLVM: %s", text);
	check_first_and_second(subject, text);
}

/* ---- Capstone ------------------------------------------------------------------ */

static uint16_t capstone_written(void)
{
	cs_regs reads;
	cs_regs writes;
	uint8_t read_count = 0;
	uint8_t write_count = 0;
	uint16_t written = 0;

	if (cs_regs_access(capstone, insn, reads, &read_count, writes, &write_count) != CS_ERR_OK)
		return UINT16_MAX;
	for (uint8_t i = 0; i < write_count; i++)
		if (capstone_general[writes[i]] != NO_REGISTER)
			written |= (uint16_t)(1u << capstone_general[writes[i]]);
	return written;
}

/* Registers that the shape's effect changes besides the tracked ones. */
static uint16_t written_by_effect(const struct shape *shape)
{
	switch (shape->effect) {
	case EFFECT_PUSH:
	case EFFECT_POP:
	case EFFECT_RET:
	case EFFECT_CALL:
	case EFFECT_ADD_RSP:
	case EFFECT_SUB_RSP:
	case EFFECT_LEA_RSP:
		return 1u << RSP;
	case EFFECT_SELECT:
		return 1u << R14;
	default:
		return 0;
	}
}

static void check_capstone_memory(const struct subject *subject, const cs_x86_op *operand)
{
	const struct memory_operand *memory = &subject->shape.memory;
	const uint8_t index = capstone_general[operand->mem.index];
	struct address address = {.base = capstone_general[operand->mem.base],
	                          .index = index,
	                          .scale = operand->mem.scale,
	                          .displacement = operand->mem.disp};

	if (operand->mem.base == X86_REG_RIP || operand->mem.base == X86_REG_EIP)
		address.base = RIP_REGISTER;
	if (!memory->present || !same_address(subject, &address))
		report(DIFFERENT_OPERAND, subject, "Capstone: %s %s", insn->mnemonic, insn->op_str);
	if (!memory->accessed)
		return;
	if (operand->size > memory->size)
		report(DIFFERENT_SIZE, subject, "Capstone: %u bytes, here %u: %s %s", operand->size,
		       memory->size, insn->mnemonic, insn->op_str);
	if ((operand->access & CS_AC_WRITE) && !memory->writes)
		report(DIFFERENT_STORE, subject, "Capstone: %s %s", insn->mnemonic, insn->op_str);
}

static void check_capstone(const struct subject *subject)
{
	const uint8_t *code = subject->bytes;
	const uint16_t listed = subject->shape.written | written_by_effect(&subject->shape);
	size_t size = SUBJECT_BYTES;
	uint64_t address = 0;
	uint16_t written;

	if (!cs_disasm_iter(capstone, &code, &size, &address, insn)) {
		report(DIFFERENT_LENGTH, subject, "Capstone: not an instruction");
		return;
	}
	if (insn->size != subject->shape.length) {
		report(DIFFERENT_LENGTH, subject, "Capstone: %u bytes: %s %s", insn->size, insn->mnemonic,
		       insn->op_str);
		return;
	}
	written = capstone_written();
	if (written & ~listed)
		report(DIFFERENT_WRITTEN, subject, "Capstone: mask %04x, here %04x: %s %s", written, listed,
		       insn->mnemonic, insn->op_str);
	for (uint8_t i = 0; i < insn->detail->x86.op_count; i++)
		if (insn->detail->x86.operands[i].type == X86_OP_MEM)
			check_capstone_memory(subject, &insn->detail->x86.operands[i]);
}

/* ---- All together ---------------------------------------------------------------- */

bool decoders_open(void)
{
	LLVMInitializeX86TargetInfo();
	LLVMInitializeX86TargetMC();
	LLVMInitializeX86Disassembler();
	llvm = LLVMCreateDisasm("x86_64-linux-gnu", NULL, 0, NULL, NULL);
	if (llvm == NULL || cs_open(CS_ARCH_X86, CS_MODE_64, &capstone) != CS_ERR_OK)
		return false;
	(void)cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
	insn = cs_malloc(capstone);
	for (unsigned i = 0; i < X86_REG_ENDING; i++) {
		const char *name = i == X86_REG_INVALID ? NULL : cs_reg_name(capstone, i);

		capstone_general[i] = name == NULL ? NO_REGISTER : register_named(name).number;
	}
	return insn != NULL;
}

void decoders_check(const struct subject *subject)
{
	check_llvm(subject);
	check_capstone(subject);
}

void decoders_close(void)
{
	cs_free(insn, 1);
	(void)cs_close(&capstone);
	LLVMDisasmDispose(llvm);
}
