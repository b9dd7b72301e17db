/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to shapes. Zydis is the only authority on what an instruction
 * is; this file translates its answer and denies what the checks cannot
 * express.
 */
#include "insn.h"

#define TRIE_LEAF 0x8000u

/* Why a shape is refused whatever the state. */
enum denial_number {
	DENY_NOTHING,
	DENY_REPEATED_PREFIX,
	DENY_DROPPED_REX,
	DENY_MEMORY_KIND,
	DENY_MEMORY_ENCODING,
	DENY_MEMORY_SIZE,
	DENY_REGISTER_CLASS,
	DENY_TWO_MEMORY_OPERANDS,
	DENY_FAR_POINTER,
	DENY_VEX_LENGTH,
	DENY_FAR_BRANCH,
	DENY_RET_RELEASE,
	DENY_REGISTER_TARGET,
	DENY_RESERVED_NOP,
	DENY_BIT_OFFSET,
	DENY_RIP_RELATIVE,
	DENY_PUSH_SIZE,
	DENY_POP_TARGET,
	DENY_WRITE_RSP,
	DENY_WRITE_R15,
	DENY_WRITE_R14,
	DENY_NOT_LISTED,
	DENY_ENCODING,
	DENY_STRING,
	DENY_ADDRESS_SIZE,
	DENY_PREFIX,
};

static const struct denial denials[] = {
    [DENY_NOTHING] = {RFV_RULE_NONE, ""},
    [DENY_REPEATED_PREFIX] = {RFV_RULE_PREFIX, "the same prefix stands twice"},
    [DENY_DROPPED_REX] = {RFV_RULE_PREFIX, "a REX prefix that is not the last prefix is dropped"},
    [DENY_MEMORY_KIND] = {RFV_RULE_OPERAND, "this kind of memory operand is not permitted"},
    [DENY_MEMORY_ENCODING] = {RFV_RULE_OPERAND, "a memory operand must be given by ModRM"},
    [DENY_MEMORY_SIZE] = {RFV_RULE_OPERAND, "the size of the memory access is not known"},
    [DENY_REGISTER_CLASS] = {RFV_RULE_OPERAND, "only general, XMM and YMM registers are permitted"},
    [DENY_TWO_MEMORY_OPERANDS] = {RFV_RULE_OPERAND, "two memory operands"},
    [DENY_FAR_POINTER] = {RFV_RULE_INSTRUCTION, "far pointers are not permitted"},
    [DENY_VEX_LENGTH] = {RFV_RULE_OPERAND, "VEX.L is set on an instruction without a 256-bit operand"},
    [DENY_FAR_BRANCH] = {RFV_RULE_INSTRUCTION, "far branches are not permitted"},
    [DENY_RET_RELEASE] = {RFV_RULE_OPERAND, "ret must not release arguments"},
    [DENY_REGISTER_TARGET] = {RFV_RULE_INDIRECT_BRANCH, "the target is in a register"},
    [DENY_RESERVED_NOP] = {RFV_RULE_INSTRUCTION, "a reserved nop that means something else on other CPUs"},
    [DENY_BIT_OFFSET] = {RFV_RULE_OPERAND, "a bit offset in a register reaches beyond the memory operand"},
    [DENY_RIP_RELATIVE] = {RFV_RULE_MEMORY_BASE, "rip-relative addresses are not permitted"},
    [DENY_PUSH_SIZE] = {RFV_RULE_OPERAND, "only 64-bit push and pop are permitted"},
    [DENY_POP_TARGET] = {RFV_RULE_OPERAND, "pop is permitted into a register only"},
    [DENY_WRITE_RSP] = {RFV_RULE_WRITE_RSP,
                        "rsp may only be changed by push, pop, call, ret, and add, sub, lea with a constant"},
    [DENY_WRITE_R15] = {RFV_RULE_WRITE_R15, "r15 holds the base of the cell's memory"},
    [DENY_WRITE_R14] = {RFV_RULE_WRITE_R14, "r14 may only be loaded from the window table"},
    [DENY_NOT_LISTED] = {RFV_RULE_INSTRUCTION, "not on the allow-list"},
    [DENY_ENCODING] = {RFV_RULE_INSTRUCTION, "only legacy and VEX encodings are permitted"},
    [DENY_STRING] = {RFV_RULE_INSTRUCTION, "string instructions are not permitted"},
    [DENY_ADDRESS_SIZE] = {RFV_RULE_PREFIX, "the address-size prefix is permitted on lea only"},
    [DENY_PREFIX] = {RFV_RULE_PREFIX, "this prefix is not permitted on this instruction"},
};

const struct denial *rfv_denial(const struct shape *shape)
{
	return &denials[shape->denial];
}

static void deny(struct shape *shape, enum denial_number denial)
{
	if (shape->denial == DENY_NOTHING) /* the first reason is the most basic one */
		shape->denial = (uint8_t)denial;
}

static bool is_general(ZydisRegister reg)
{
	const ZydisRegisterClass class = ZydisRegisterGetClass(reg);
	return class == ZYDIS_REGCLASS_GPR8 || class == ZYDIS_REGCLASS_GPR16 ||
	       class == ZYDIS_REGCLASS_GPR32 || class == ZYDIS_REGCLASS_GPR64;
}

static bool is_high_byte(ZydisRegister reg)
{
	return reg == ZYDIS_REGISTER_AH || reg == ZYDIS_REGISTER_CH || reg == ZYDIS_REGISTER_DH ||
	       reg == ZYDIS_REGISTER_BH;
}

static uint8_t general_number(ZydisRegister reg)
{
	if (reg == ZYDIS_REGISTER_NONE)
		return NO_REGISTER;
	if (!is_general(reg))
		return RIP_REGISTER;
	return (uint8_t)ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg));
}

static bool writes(const ZydisDecodedOperand *operand)
{
	return (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
}

/* ---- Prefixes ----------------------------------------------------------- */

static bool prefix_permitted(const ZydisDecodedInstruction *insn, const struct allow_row *row, uint8_t value)
{
	switch (value) {
	case 0x66:
		return (row->prefixes & PREFIX_66) && insn->operand_width == 16;
	case 0x67:
		return (row->prefixes & PREFIX_67) && insn->address_width == 32;
	case 0xf0:
		return (row->prefixes & PREFIX_LOCK) && (insn->attributes & ZYDIS_ATTRIB_HAS_LOCK);
	case 0x2e:
		return (row->prefixes & PREFIX_2E) && insn->length > 1;
	default:
		return false;
	}
}

static void check_prefixes(struct shape *shape, const ZydisDecodedInstruction *insn,
                           const struct allow_row *row)
{
	for (uint8_t i = 0; i < insn->raw.prefix_count; i++) {
		const uint8_t value = insn->raw.prefixes[i].value;
		const ZydisPrefixType type = insn->raw.prefixes[i].type;

		for (uint8_t k = 0; k < i; k++)
			if (insn->raw.prefixes[k].value == value &&
			    !(value == 0x66 && row->prefixes & PREFIX_66_REPEATED))
				deny(shape, DENY_REPEATED_PREFIX);
		if ((value & 0xf0) == 0x40) {
			if (type != ZYDIS_PREFIX_TYPE_EFFECTIVE || i + 1 != insn->raw.prefix_count)
				deny(shape, DENY_DROPPED_REX);
			continue;
		}
		if (type == ZYDIS_PREFIX_TYPE_MANDATORY || prefix_permitted(insn, row, value))
			continue;
		deny(shape, value == 0x67 ? DENY_ADDRESS_SIZE : DENY_PREFIX);
	}
}

/* ---- Operands ----------------------------------------------------------- */

static void read_memory_operand(struct shape *shape, const ZydisDecodedInstruction *insn,
                                const ZydisDecodedOperand *operand, bool nop)
{
	struct memory_operand *memory = &shape->memory;

	memory->present = true;
	memory->accessed = operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN && !nop;
	memory->writes = writes(operand);
	memory->address32 = insn->address_width == 32;
	memory->base = general_number(operand->mem.base);
	memory->index = general_number(operand->mem.index);
	memory->scale = memory->index == NO_REGISTER ? 0 : operand->mem.scale;
	memory->size = (uint8_t)(operand->size / 8);
	memory->disp_size = insn->raw.disp.size / 8;
	memory->disp_offset = insn->raw.disp.offset;

	if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM && operand->mem.type != ZYDIS_MEMOP_TYPE_AGEN)
		deny(shape, DENY_MEMORY_KIND);
	if (operand->encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM || memory->disp_size > 4)
		deny(shape, DENY_MEMORY_ENCODING);
	if (memory->accessed && (operand->size == 0 || operand->size % 8 != 0 || operand->size > 256))
		deny(shape, DENY_MEMORY_SIZE);
	/* [i + r15] and [r15 + i] are the same address; keep the base in base. */
	if (memory->scale == 1 && memory->index >= R14 && memory->index <= R15 && memory->base < R14 &&
	    memory->base != RSP) {
		const uint8_t index = memory->base;
		memory->base = memory->index;
		memory->index = index;
	}
}

static bool is_stack_effect(uint8_t effect)
{
	return effect == EFFECT_PUSH || effect == EFFECT_POP || effect == EFFECT_CALL || effect == EFFECT_RET;
}

static void read_register_operand(struct shape *shape, const ZydisDecodedOperand *operand)
{
	const ZydisRegister reg = operand->reg.value;
	const ZydisRegisterClass class = ZydisRegisterGetClass(reg);
	const bool hidden = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
	uint8_t number;

	if (class == ZYDIS_REGCLASS_XMM || class == ZYDIS_REGCLASS_YMM || class == ZYDIS_REGCLASS_FLAGS)
		return;
	if (hidden && (class == ZYDIS_REGCLASS_IP || reg == ZYDIS_REGISTER_MXCSR))
		return;
	if (!is_general(reg)) {
		deny(shape, DENY_REGISTER_CLASS);
		return;
	}
	number = general_number(reg);
	if (!writes(operand) || (hidden && number == RSP && is_stack_effect(shape->effect)))
		return;
	/* Zero-extended only if each write to the register is. */
	const uint16_t bit = (uint16_t)(1u << number);
	const bool extends = operand->size == 32 && (operand->actions & ZYDIS_OPERAND_ACTION_WRITE);
	const bool before = !(shape->written & bit) || (shape->zero_extended & bit);

	shape->zero_extended =
	    (uint16_t)(extends && before ? shape->zero_extended | bit : shape->zero_extended & ~bit);
	shape->written |= bit;
}

static enum operand_kind kind_of(const ZydisDecodedOperand *operand)
{
	switch (operand->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		return is_general(operand->reg.value) ? OPERAND_REGISTER : OPERAND_NONE;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		return OPERAND_MEMORY;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		return OPERAND_IMMEDIATE;
	default:
		return OPERAND_NONE;
	}
}

static void read_operands(struct shape *shape, const ZydisDecodedInstruction *insn,
                          const ZydisDecodedOperand *operands)
{
	for (uint8_t i = 0; i < insn->operand_count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];
		const bool hidden = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;

		switch (operand->type) {
		case ZYDIS_OPERAND_TYPE_REGISTER:
			read_register_operand(shape, operand);
			break;
		case ZYDIS_OPERAND_TYPE_MEMORY:
			if (hidden && is_stack_effect(shape->effect))
				break; /* the stack operand of push, pop, call, ret */
			if (shape->memory.present)
				deny(shape, DENY_TWO_MEMORY_OPERANDS);
			read_memory_operand(shape, insn, operand, shape->effect == EFFECT_NOP);
			break;
		case ZYDIS_OPERAND_TYPE_IMMEDIATE:
			shape->imm_size = insn->raw.imm[0].size / 8;
			shape->imm_offset = insn->raw.imm[0].offset;
			if (shape->imm_size == 0)
				shape->imm_constant = (int8_t)operand->imm.value.s; /* shl r, 1 */
			break;
		default:
			deny(shape, DENY_FAR_POINTER);
			break;
		}
	}
}

/* First and second operand, for the effects that are functions of them. */
static void read_first_and_second(struct shape *shape, const ZydisDecodedInstruction *insn,
                                  const ZydisDecodedOperand *operands)
{
	const bool push = shape->effect == EFFECT_PUSH;
	const ZydisDecodedOperand *src = push ? &operands[0] : &operands[1];

	shape->dst = NO_REGISTER;
	shape->src = NO_REGISTER;
	if (insn->operand_count >= 1) {
		shape->dst_kind = (uint8_t)kind_of(&operands[0]);
		shape->width = (uint8_t)(operands[0].size / 8);
	}
	if (!push && shape->dst_kind == OPERAND_REGISTER) {
		shape->dst = general_number(operands[0].reg.value);
		shape->dst_high = is_high_byte(operands[0].reg.value);
	}
	if (push ? insn->operand_count >= 1 : insn->operand_count >= 2) {
		shape->src_kind = (uint8_t)kind_of(src);
		shape->src_width = (uint8_t)(src->size / 8);
	}
	if (shape->src_kind == OPERAND_REGISTER) {
		shape->src = general_number(src->reg.value);
		shape->src_high = is_high_byte(src->reg.value);
	}
}

/* ---- Forms that need more than their row -------------------------------- */

/*
 * A narrow result is merged into its register, which the checks follow only
 * for the one form that compilers use: the first operand and nothing else is
 * written. Otherwise (mul r8, xadd al, ah) the registers become unknown.
 */
static void simplify_effect(struct shape *shape, const ZydisDecodedInstruction *insn,
                            const ZydisDecodedOperand *operands)
{
	const bool wide_exchange =
	    shape->dst_kind == OPERAND_REGISTER && shape->src_kind == OPERAND_REGISTER && shape->width >= 4;
	unsigned results = 0;

	for (uint8_t i = 0; i < insn->operand_count; i++)
		if (kind_of(&operands[i]) == OPERAND_REGISTER && writes(&operands[i]))
			results++;
	if (shape->effect == EFFECT_XCHG && !wide_exchange)
		shape->effect = EFFECT_GENERIC;
	if (shape->effect == EFFECT_GENERIC && shape->dst_kind == OPERAND_REGISTER && shape->width < 4 &&
	    results != 0 && (results != 1 || !writes(&operands[0])))
		shape->effect = EFFECT_OPAQUE;
	if (shape->effect == EFFECT_OPAQUE)
		shape->zero_extended = 0;
}

/*
 * nop, pause: with REX.B the opcode is xchg r8, rax, and for F3 processors
 * differ in what they make of that (Zydis says pause, AMD exchanges).
 */
static void check_nop(struct shape *shape, const ZydisDecodedInstruction *insn)
{
	const bool one_byte = insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT && insn->opcode == 0x90;
	const bool long_nop =
	    insn->opcode_map == ZYDIS_OPCODE_MAP_0F && insn->opcode == 0x1f && insn->raw.modrm.reg == 0;

	if (!long_nop && (insn->attributes & ZYDIS_ATTRIB_HAS_REX))
		deny(shape, DENY_PREFIX);
	if (insn->mnemonic == ZYDIS_MNEMONIC_NOP && !one_byte && !long_nop)
		deny(shape, DENY_RESERVED_NOP);
}

static void check_vector_length(struct shape *shape, const ZydisDecodedInstruction *insn,
                                const ZydisDecodedOperand *operands)
{
	if (insn->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX || insn->avx.vector_length != 256 ||
	    insn->mnemonic == ZYDIS_MNEMONIC_VZEROALL)
		return;
	for (uint8_t i = 0; i < insn->operand_count; i++)
		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER &&
		    ZydisRegisterGetClass(operands[i].reg.value) == ZYDIS_REGCLASS_YMM)
			return;
	deny(shape, DENY_VEX_LENGTH);
}

static void check_branch_form(struct shape *shape, const ZydisDecodedInstruction *insn)
{
	if (insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		deny(shape, DENY_FAR_BRANCH);
	if (shape->effect == EFFECT_RET && insn->operand_count_visible != 0)
		deny(shape, DENY_RET_RELEASE);
	if ((shape->effect == EFFECT_CALL || shape->effect == EFFECT_JMP) &&
	    shape->dst_kind == OPERAND_REGISTER)
		deny(shape, DENY_REGISTER_TARGET);
}

static void check_form(struct shape *shape, const ZydisDecodedInstruction *insn,
                       const ZydisDecodedOperand *operands)
{
	switch (shape->effect) {
	case EFFECT_NOP:
		check_nop(shape, insn);
		break;
	case EFFECT_BIT_TEST:
		if (shape->memory.present && shape->src_kind != OPERAND_IMMEDIATE)
			deny(shape, DENY_BIT_OFFSET);
		shape->effect = EFFECT_GENERIC;
		break;
	case EFFECT_LEA:
		if (shape->memory.base == RIP_REGISTER)
			deny(shape, DENY_RIP_RELATIVE);
		break;
	case EFFECT_PUSH:
	case EFFECT_POP:
		if (shape->width != 8 && shape->dst_kind != OPERAND_IMMEDIATE)
			deny(shape, DENY_PUSH_SIZE);
		if (shape->effect == EFFECT_POP && shape->dst == NO_REGISTER)
			deny(shape, DENY_POP_TARGET);
		break;
	case EFFECT_CALL:
	case EFFECT_JMP:
	case EFFECT_JCC:
	case EFFECT_RET:
		check_branch_form(shape, insn);
		break;
	default:
		break;
	}
	check_vector_length(shape, insn, operands);
}

/* ---- Writes to the reserved registers ----------------------------------- */

static bool is_select(const struct shape *shape)
{
	const struct memory_operand *memory = &shape->memory;

	return shape->effect == EFFECT_MOV && shape->dst == R14 && shape->width == 8 && memory->present &&
	       memory->base == R15 && memory->index != NO_REGISTER && memory->scale == 8 &&
	       memory->disp_size == 4;
}

static void choose_rsp_effect(struct shape *shape)
{
	const struct memory_operand *memory = &shape->memory;
	const bool immediate = shape->src_kind == OPERAND_IMMEDIATE && shape->width == 8;

	if (shape->dst == RSP && shape->effect == EFFECT_ADD && immediate)
		shape->effect = EFFECT_ADD_RSP;
	else if (shape->dst == RSP && shape->effect == EFFECT_SUB && immediate)
		shape->effect = EFFECT_SUB_RSP;
	else if (shape->dst == RSP && shape->effect == EFFECT_LEA && shape->width == 8 &&
	         memory->base == RSP && memory->index == NO_REGISTER && !memory->address32)
		shape->effect = EFFECT_LEA_RSP;
	else
		deny(shape, DENY_WRITE_RSP);
}

static void check_reserved(struct shape *shape)
{
	if (shape->written & 1u << R15)
		deny(shape, DENY_WRITE_R15);
	if (shape->written & 1u << R14) {
		if (is_select(shape))
			shape->effect = EFFECT_SELECT;
		else
			deny(shape, DENY_WRITE_R14);
	}
	if (shape->written & 1u << RSP)
		choose_rsp_effect(shape);
	/* rsp, r14 and r15 never hold a tracked value. */
	shape->written &= (uint16_t)~(1u << RSP | 1u << R14 | 1u << R15);
}

/* ---- All together ------------------------------------------------------- */

static void build_shape(struct shape *shape, const ZydisDecodedInstruction *insn,
                        const ZydisDecodedOperand *operands)
{
	const struct allow_row *row = &rfv_allow[insn->mnemonic];

	*shape = (struct shape){
	    .length = insn->length, .effect = row->effect, .dst = NO_REGISTER, .src = NO_REGISTER};
	if (row->effect == EFFECT_DENIED)
		deny(shape, DENY_NOT_LISTED);
	if (insn->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
	    insn->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX)
		deny(shape, DENY_ENCODING);
	if (insn->meta.category == ZYDIS_CATEGORY_STRINGOP)
		deny(shape, DENY_STRING);
	check_prefixes(shape, insn, row);
	read_first_and_second(shape, insn, operands);
	read_operands(shape, insn, operands);
	check_form(shape, insn, operands);
	simplify_effect(shape, insn, operands);
	check_reserved(shape);
}

bool rfv_decode_uncached(const struct decoder *decoder, const uint8_t *bytes, size_t available,
                         struct shape *shape)
{
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder->zydis, bytes, available, &insn, operands)))
		return false;
	if (insn.length == 0 || insn.length > RFV_INSTRUCTION_MAX || insn.mnemonic > ZYDIS_MNEMONIC_MAX_VALUE)
		return false;
	build_shape(shape, &insn, operands);
	return true;
}

/* Bytes before displacement and immediate; they determine the shape. */
static uint8_t key_length(const struct shape *shape)
{
	if (shape->memory.present && shape->memory.disp_size != 0)
		return shape->memory.disp_offset;
	return shape->imm_size != 0 ? shape->imm_offset : shape->length;
}

static uint32_t remember(struct decoder *decoder, const uint8_t *bytes, const struct shape *shape)
{
	const uint8_t length = key_length(shape);
	uint32_t node = 0;

	if (length == 0 || decoder->shape_count == decoder->shape_capacity ||
	    decoder->node_count + length > decoder->node_capacity)
		return SHAPE_UNCACHED;
	for (uint8_t i = 0; i + 1 < length; i++) {
		uint16_t *child = &decoder->nodes[node][bytes[i]];

		if (*child & TRIE_LEAF)
			return SHAPE_UNCACHED; /* cannot happen: no key is a prefix of another */
		if (*child == 0)
			*child = (uint16_t)decoder->node_count++;
		node = *child;
	}
	if (decoder->nodes[node][bytes[length - 1]] != 0)
		return SHAPE_UNCACHED; /* as above */
	decoder->nodes[node][bytes[length - 1]] = (uint16_t)(TRIE_LEAF | decoder->shape_count);
	decoder->shapes[decoder->shape_count] = *shape;
	return decoder->shape_count++;
}

void rfv_decoder_init(struct decoder *decoder, uint16_t (*nodes)[256], uint32_t node_capacity,
                      struct shape *shapes, uint32_t shape_capacity)
{
	*decoder = (struct decoder){.nodes = nodes,
	                            .node_count = 1,
	                            .node_capacity = node_capacity,
	                            .shapes = shapes,
	                            .shape_count = SHAPE_FIRST,
	                            .shape_capacity = shape_capacity};
	ZydisDecoderInit(&decoder->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

uint32_t rfv_decode(struct decoder *decoder, const uint8_t *bytes, size_t available, struct shape *scratch)
{
	uint32_t node = 0;

	for (size_t i = 0; i < available; i++) {
		node = decoder->nodes[node][bytes[i]];
		if (node & TRIE_LEAF) {
			const uint32_t number = node & ~TRIE_LEAF;

			return decoder->shapes[number].length <= available ? number : SHAPE_NONE;
		}
		if (node == 0)
			break;
	}
	if (!rfv_decode_uncached(decoder, bytes, available, scratch))
		return SHAPE_NONE;
	return remember(decoder, bytes, scratch);
}
