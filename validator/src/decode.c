/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From bytes to shapes. Zydis is the only authority on what an instruction
 * is; this file translates its answer and denies what the checks cannot
 * express.
 */
#include "insn.h"

/* Why a shape is refused, and which rule that breaks. */
/* clang-format off */
#define DENIALS(DENIAL) \
	DENIAL(NOT_LISTED, INSTRUCTION, "not on the allow-list") \
	DENIAL(ENCODING, INSTRUCTION, "only legacy and VEX encodings are permitted") \
	DENIAL(COPROCESSOR, INSTRUCTION, "an encoding that only Xeon Phi coprocessors have") \
	DENIAL(STRING, INSTRUCTION, "string instructions are not permitted") \
	DENIAL(FAR_POINTER, INSTRUCTION, "far pointers are not permitted") \
	DENIAL(FAR_BRANCH, INSTRUCTION, "far branches are not permitted") \
	DENIAL(RESERVED_NOP, INSTRUCTION, "a reserved nop that means something else on other CPUs") \
	DENIAL(PREFIX_TWICE, PREFIX, "the same prefix stands twice") \
	DENIAL(DROPPED_REX, PREFIX, "a REX prefix that is not the last prefix is dropped") \
	DENIAL(ADDRESS_SIZE, PREFIX, "the address-size prefix is permitted on lea only") \
	DENIAL(PREFIX, PREFIX, "this prefix is not permitted on this instruction") \
	DENIAL(TWO_OPERANDS, OPERAND, "two memory operands") \
	DENIAL(OPERAND_KIND, OPERAND, "this kind of memory operand is not permitted") \
	DENIAL(NOT_MODRM, OPERAND, "a memory operand must be given by ModRM") \
	DENIAL(ACCESS_SIZE, OPERAND, "the size of the memory access is not known") \
	DENIAL(LOST_BASE, OPERAND, "an address without a base, encoded as if it had one") \
	DENIAL(REGISTER, OPERAND, "only general, XMM and YMM registers are permitted") \
	DENIAL(VECTOR_LENGTH, OPERAND, "VEX.L is set on an instruction without a 256-bit operand") \
	DENIAL(BIT_OFFSET, OPERAND, "a bit offset in a register reaches beyond the memory operand") \
	DENIAL(STACK_WIDTH, OPERAND, "only 64-bit push and pop are permitted") \
	DENIAL(POP_MEMORY, OPERAND, "pop is permitted into a register only") \
	DENIAL(RET_RELEASES, OPERAND, "ret must not release arguments") \
	DENIAL(RIP_RELATIVE, MEMORY_BASE, "rip-relative addresses are not permitted") \
	DENIAL(REGISTER_TARGET, INDIRECT_BRANCH, "the target is in a register") \
	DENIAL(WRITE_R15, WRITE_R15, "r15 holds the base of the cell's memory") \
	DENIAL(WRITE_R14, WRITE_R14, "r14 may only be loaded from the window table") \
	DENIAL(WRITE_RSP, WRITE_RSP, "rsp may only be changed by push, pop, call, ret, and add, sub, lea with a constant")
/* clang-format on */

enum denial_number {
	DENIAL_NONE,
#define DENIAL(name, rule, reason) DENIAL_##name,
	DENIALS(DENIAL)
#undef DENIAL
};

static const struct denial denials[] = {{RFV_RULE_NONE, ""},
#define DENIAL(name, rule, reason) {RFV_RULE_##rule, reason},
                                        DENIALS(DENIAL)
#undef DENIAL
};

const struct denial *rfv_denial(const struct shape *shape)
{
	return &denials[shape->denial];
}

/* The first reason is the most basic one. */
static void deny(struct shape *shape, enum denial_number number)
{
	if (shape->denial == DENIAL_NONE)
		shape->denial = (uint8_t)number;
}

static bool is_general(ZydisRegister reg)
{
	const ZydisRegisterClass class = ZydisRegisterGetClass(reg);

	return class >= ZYDIS_REGCLASS_GPR8 && class <= ZYDIS_REGCLASS_GPR64;
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
	default:
		return value == 0x2e && (row->prefixes & PREFIX_2E);
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
				deny(shape, DENIAL_PREFIX_TWICE);
		if ((value & 0xf0) == 0x40) {
			if (type != ZYDIS_PREFIX_TYPE_EFFECTIVE || i + 1 != insn->raw.prefix_count)
				deny(shape, DENIAL_DROPPED_REX);
		} else if (type != ZYDIS_PREFIX_TYPE_MANDATORY && !prefix_permitted(insn, row, value)) {
			deny(shape, value == 0x67 ? DENIAL_ADDRESS_SIZE : DENIAL_PREFIX);
		}
	}
}

/* ---- Operands ----------------------------------------------------------- */

/* Which part of the address another SIB byte would change. */
static void read_sib(struct memory_operand *memory, const ZydisDecodedInstruction *insn)
{
	const uint8_t sib =
	    (uint8_t)(insn->raw.sib.scale << 6 | insn->raw.sib.index << 3 | insn->raw.sib.base);

	memory->sib_offset = insn->raw.sib.offset;
	memory->varies = rfv_sib_class(sib) != SIB_STACK || memory->address.index != NO_REGISTER;
	memory->high_bits = (uint8_t)((memory->address.base & 8) | (memory->address.index & 8) << 1);
}

static void read_memory_operand(struct shape *shape, const ZydisDecodedInstruction *insn,
                                const ZydisDecodedOperand *operand)
{
	struct memory_operand *memory = &shape->memory;
	const bool address_only = operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN;

	if (memory->present)
		deny(shape, DENIAL_TWO_OPERANDS);
	*memory = (struct memory_operand){
	    .address = {.base = general_number(operand->mem.base),
	                .index = general_number(operand->mem.index),
	                .scale = operand->mem.index == ZYDIS_REGISTER_NONE ? 0 : operand->mem.scale},
	    .size = (uint8_t)(operand->size / 8),
	    .present = true,
	    .accessed = !address_only && shape->effect != EFFECT_NOP,
	    .writes = writes(operand),
	    .address32 = insn->address_width == 32,
	    .disp_offset = insn->raw.disp.offset,
	    .disp_size = insn->raw.disp.size / 8,
	};
	if (insn->attributes & ZYDIS_ATTRIB_HAS_SIB)
		read_sib(memory, insn);
	if (operand->mem.type != ZYDIS_MEMOP_TYPE_MEM && !address_only)
		deny(shape, DENIAL_OPERAND_KIND);
	if (operand->encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM || memory->disp_size > 4)
		deny(shape, DENIAL_NOT_MODRM);
	if (memory->accessed && (operand->size == 0 || operand->size % 8 != 0 || operand->size > 256))
		deny(shape, DENIAL_ACCESS_SIZE);
	/* With 67h and REX.B Zydis 4.0 takes "no base" for r13d and loses the displacement. Without a
	 * displacement in ModRM neither can be a base (SDM volume 2, table 2-3). */
	if (insn->raw.modrm.mod == 0 && (memory->address.base == RBP || memory->address.base == R13))
		deny(shape, DENIAL_LOST_BASE);
	memory->address = rfv_ordered(memory->address);
}

/* The registers that an effect changes by itself need no mention. */
static bool is_stack_effect(uint8_t effect)
{
	return effect == EFFECT_PUSH || effect == EFFECT_POP || effect == EFFECT_CALL || effect == EFFECT_RET;
}

/* ModRM's bits that say which register the operand is. */
static uint8_t register_bits(const ZydisDecodedOperand *operand)
{
	if (operand->encoding == ZYDIS_OPERAND_ENCODING_MODRM_REG)
		return 0x38;
	return operand->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM ? 0x07 : 0;
}

static void read_register_operand(struct shape *shape, const ZydisDecodedOperand *operand)
{
	const ZydisRegister reg = operand->reg.value;
	const ZydisRegisterClass class = ZydisRegisterGetClass(reg);
	const bool hidden = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;
	uint8_t number;

	if (class == ZYDIS_REGCLASS_XMM || class == ZYDIS_REGCLASS_YMM) {
		shape->vector_bits |= register_bits(operand);
		return;
	}
	if (class == ZYDIS_REGCLASS_FLAGS ||
	    (hidden && (class == ZYDIS_REGCLASS_IP || reg == ZYDIS_REGISTER_MXCSR)))
		return;
	if (!is_general(reg)) {
		deny(shape, DENIAL_REGISTER);
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

static void read_immediate(struct shape *shape, const ZydisDecodedInstruction *insn,
                           const ZydisDecodedOperand *operand)
{
	shape->imm_size = insn->raw.imm[0].size / 8;
	shape->imm_offset = insn->raw.imm[0].offset;
	if (shape->imm_size == 0)
		shape->imm_constant = (int8_t)operand->imm.value.s; /* shl r, 1 */
}

static void read_operands(struct shape *shape, const ZydisDecodedInstruction *insn,
                          const ZydisDecodedOperand *operands)
{
	for (uint8_t i = 0; i < insn->operand_count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];
		const bool hidden = operand->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN;

		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
			read_register_operand(shape, operand);
		else if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
			read_immediate(shape, insn, operand);
		else if (operand->type != ZYDIS_OPERAND_TYPE_MEMORY)
			deny(shape, DENIAL_FAR_POINTER);
		else if (!(hidden && is_stack_effect(shape->effect))) /* what push, pop, call, ret access */
			read_memory_operand(shape, insn, operand);
	}
}

/* First or second operand, for the effects that are functions of them. */
static struct operand read_operand(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands,
                                   uint8_t number)
{
	const ZydisDecodedOperand *from = &operands[number];
	struct operand operand = {.reg = NO_REGISTER};

	if (number >= insn->operand_count)
		return operand;
	operand.width = (uint8_t)(from->size / 8);
	if (from->type == ZYDIS_OPERAND_TYPE_MEMORY)
		operand.kind = OPERAND_MEMORY;
	if (from->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		operand.kind = OPERAND_IMMEDIATE;
	if (from->type == ZYDIS_OPERAND_TYPE_REGISTER && is_general(from->reg.value)) {
		operand.kind = OPERAND_REGISTER;
		operand.reg = general_number(from->reg.value);
		operand.high = from->reg.value >= ZYDIS_REGISTER_AH && from->reg.value <= ZYDIS_REGISTER_BH;
	}
	return operand;
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
	const bool to_register = shape->dst.kind == OPERAND_REGISTER;
	bool others = false;

	for (uint8_t i = 1; i < insn->operand_count; i++)
		if (writes(&operands[i]) && read_operand(insn, operands, i).kind == OPERAND_REGISTER)
			others = true;
	if (shape->effect == EFFECT_XCHG &&
	    !(to_register && shape->src.kind == OPERAND_REGISTER && shape->dst.width >= 4))
		shape->effect = EFFECT_GENERIC;
	if (shape->effect == EFFECT_GENERIC && to_register && shape->dst.width < 4 && others)
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
	const bool one_byte = insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT;
	const bool long_nop =
	    insn->opcode_map == ZYDIS_OPCODE_MAP_0F && insn->opcode == 0x1f && insn->raw.modrm.reg == 0;

	if (!long_nop && (insn->attributes & ZYDIS_ATTRIB_HAS_REX))
		deny(shape, DENIAL_PREFIX);
	if (insn->mnemonic == ZYDIS_MNEMONIC_NOP && !one_byte && !long_nop)
		deny(shape, DENIAL_RESERVED_NOP);
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
	deny(shape, DENIAL_VECTOR_LENGTH);
}

static void check_branch_form(struct shape *shape, const ZydisDecodedInstruction *insn)
{
	if (insn->meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
		deny(shape, DENIAL_FAR_BRANCH);
	if (shape->effect == EFFECT_RET && insn->operand_count_visible != 0)
		deny(shape, DENIAL_RET_RELEASES);
	if (shape->effect != EFFECT_RET && shape->dst.kind == OPERAND_REGISTER)
		deny(shape, DENIAL_REGISTER_TARGET);
}

static void check_form(struct shape *shape, const ZydisDecodedInstruction *insn,
                       const ZydisDecodedOperand *operands)
{
	switch (shape->effect) {
	case EFFECT_NOP:
		check_nop(shape, insn);
		break;
	case EFFECT_BIT_TEST:
		if (shape->memory.present && shape->src.kind != OPERAND_IMMEDIATE)
			deny(shape, DENIAL_BIT_OFFSET);
		shape->effect = EFFECT_GENERIC;
		break;
	case EFFECT_LEA:
		if (shape->memory.address.base == RIP_REGISTER)
			deny(shape, DENIAL_RIP_RELATIVE);
		break;
	case EFFECT_PUSH:
	case EFFECT_POP:
		if (shape->dst.kind == OPERAND_IMMEDIATE)
			shape->dst.width = 8; /* the prefix that would change that is not permitted */
		if (shape->dst.width != 8)
			deny(shape, DENIAL_STACK_WIDTH);
		if (shape->effect == EFFECT_POP && shape->dst.kind != OPERAND_REGISTER)
			deny(shape, DENIAL_POP_MEMORY);
		break;
	case EFFECT_CALL:
	case EFFECT_JMP:
	case EFFECT_RET:
		check_branch_form(shape, insn);
		break;
	default:
		break;
	}
	check_vector_length(shape, insn, operands);
}

/* ---- Writes to the reserved registers ----------------------------------- */

/* As far as the shape tells. */
static bool is_select(const struct shape *shape)
{
	return shape->effect == EFFECT_MOV && shape->dst.reg == R14 && shape->dst.width == 8 &&
	       shape->memory.varies && shape->memory.disp_size == 4;
}

/* What rsp is changed by; EFFECT_DENIED for forms that are not permitted. */
static uint8_t rsp_effect(const struct shape *shape)
{
	const bool immediate = shape->src.kind == OPERAND_IMMEDIATE;

	if (shape->dst.reg != RSP || shape->dst.width != 8)
		return EFFECT_DENIED;
	if (shape->effect == EFFECT_ADD && immediate)
		return EFFECT_ADD_RSP;
	if (shape->effect == EFFECT_SUB && immediate)
		return EFFECT_SUB_RSP;
	if (shape->effect == EFFECT_LEA && rfv_is_stack_address(&shape->memory) && !shape->memory.address32)
		return EFFECT_LEA_RSP;
	return EFFECT_DENIED;
}

static void check_reserved(struct shape *shape)
{
	if (shape->written & 1u << R15)
		deny(shape, DENIAL_WRITE_R15);
	if (shape->written & 1u << R14) {
		if (is_select(shape))
			shape->effect = EFFECT_SELECT;
		else
			deny(shape, DENIAL_WRITE_R14);
	}
	if (shape->written & 1u << RSP) {
		const uint8_t effect = rsp_effect(shape);

		if (effect != EFFECT_DENIED)
			shape->effect = effect;
		else
			deny(shape, DENIAL_WRITE_RSP);
	}
	/* rsp, r14 and r15 never hold a tracked value. */
	shape->written &= (uint16_t)~(1u << RSP | 1u << R14 | 1u << R15);
}

/* ---- Simpler effects ---------------------------------------------------- */

/* A register with itself: both operands are equally wide. */
static bool same_operands(const struct shape *shape)
{
	const struct operand *dst = &shape->dst;
	const struct operand *src = &shape->src;

	return src->kind == OPERAND_REGISTER && src->reg == dst->reg && src->high == dst->high;
}

/* Which form of mov into a register; those of 8 and 16 bits stay what they are. */
static uint8_t mov_effect(const struct shape *shape, bool in_frame)
{
	if (shape->src.kind == OPERAND_MEMORY && !in_frame)
		return EFFECT_GENERIC; /* anything, of that width */
	if (shape->dst.width < 4)
		return EFFECT_MOV;
	if (shape->src.kind == OPERAND_MEMORY)
		return EFFECT_LOAD;
	return shape->src.kind == OPERAND_IMMEDIATE ? EFFECT_CONSTANT : EFFECT_COPY;
}

/* Whether the effect is on the registers in `written`, and at most on memory. */
static bool is_plain(const struct shape *shape)
{
	return shape->effect <= EFFECT_STORE || shape->effect == EFFECT_BREAKPOINT ||
	       shape->effect == EFFECT_JCC || shape->effect == EFFECT_TRAP ||
	       (shape->effect == EFFECT_JMP && !shape->memory.present);
}

/* How many bytes of anything the one register that changes then holds; false if the state matters. */
static bool fixed_size(const struct shape *shape, uint8_t *size)
{
	const bool narrow = shape->dst.width < 4;

	*size = shape->zero_extended == shape->written ? 4 : 8;
	switch (shape->effect) {
	case EFFECT_GENERIC:
		return !narrow || shape->written != 1u << shape->dst.reg; /* else it is merged */
	case EFFECT_OPAQUE:
		return true;
	case EFFECT_MOVZX:
		*size = shape->src.width;
		return !narrow && shape->src.kind == OPERAND_MEMORY;
	case EFFECT_ZERO:
		*size = 0;
		return !narrow;
	default:
		return false;
	}
}

static void choose_action(struct shape *shape, bool in_frame)
{
	const uint16_t written = shape->written;

	shape->action = shape->denial == DENIAL_NONE ? shape->effect : EFFECT_DENIED;
	if (shape->denial != DENIAL_NONE || !is_plain(shape) || (in_frame && shape->memory.writes))
		return;
	shape->fixed_register = RIP_REGISTER;
	shape->fixed_size = 8;
	if (written != 0) {
		if ((written & (written - 1)) != 0 || !fixed_size(shape, &shape->fixed_size))
			return;
		shape->fixed_register = (uint8_t)__builtin_ctz(written);
	}
	shape->action = shape->memory.accessed ? ACTION_FIXED_MEMORY : ACTION_FIXED;
}

/* Chooses the simplest effect that says the same of this form; rsp_effect had its turn. */
static void reduce_effect(struct shape *shape)
{
	const struct memory_operand *memory = &shape->memory;
	const bool in_frame = memory->accessed && rfv_is_stack_address(memory);

	if (shape->effect >= EFFECT_MOV && shape->effect <= EFFECT_XCHG &&
	    shape->dst.kind != OPERAND_REGISTER)
		shape->effect = shape->effect == EFFECT_MOV ? EFFECT_STORE : EFFECT_GENERIC;
	else if (shape->effect == EFFECT_MOV)
		shape->effect = mov_effect(shape, in_frame);
	else if ((shape->effect == EFFECT_SUB || shape->effect == EFFECT_XOR) && same_operands(shape))
		shape->effect = EFFECT_ZERO;
	else if (shape->effect == EFFECT_SUB ||
	         (shape->effect == EFFECT_SHL && shape->src.kind != OPERAND_IMMEDIATE))
		shape->effect = EFFECT_GENERIC; /* any result */
	choose_action(shape, in_frame);
}

/* ---- All together ------------------------------------------------------- */

static void build_shape(struct shape *shape, const ZydisDecodedInstruction *insn,
                        const ZydisDecodedOperand *operands)
{
	const struct allow_row *row = &rfv_allow[insn->mnemonic];

	*shape = (struct shape){
	    .length = insn->length,
	    .effect = row->effect,
	    .dst = read_operand(insn, operands, 0),
	    .src = read_operand(insn, operands, 1),
	};
	if (row->effect == EFFECT_DENIED)
		deny(shape, DENIAL_NOT_LISTED);
	if (insn->encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY &&
	    insn->encoding != ZYDIS_INSTRUCTION_ENCODING_VEX)
		deny(shape, DENIAL_ENCODING);
	if (insn->meta.isa_ext == ZYDIS_ISA_EXT_KNC)
		deny(shape, DENIAL_COPROCESSOR);
	if (insn->meta.category == ZYDIS_CATEGORY_STRINGOP)
		deny(shape, DENIAL_STRING);
	check_prefixes(shape, insn, row);
	read_operands(shape, insn, operands);
	check_form(shape, insn, operands);
	simplify_effect(shape, insn, operands);
	check_reserved(shape);
	reduce_effect(shape);
	if (shape->denial != DENIAL_NONE)
		shape->vector_bits = 0; /* a gather with another register may not decode */
}

bool rfv_decode_uncached(const struct decoder *decoder, const uint8_t *bytes, size_t available,
                         struct shape *shape)
{
	ZydisDecodedInstruction insn;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder->zydis, bytes, available, &insn, operands)))
		return false;
	build_shape(shape, &insn, operands);
	return true;
}

static uint8_t summary(const struct shape *shape)
{
	return (uint8_t)(shape->length | (rfv_is_direct(shape) ? SUMMARY_DIRECT : 0) |
	                 (shape->denial != DENIAL_NONE ? SUMMARY_DENIED : 0) |
	                 (shape->memory.sib_offset != 0 ? SUMMARY_SIB : 0));
}

/* Bytes before SIB, displacement and immediate; with the class of SIB they determine the shape. */
static uint8_t key_length(const struct shape *shape)
{
	if (shape->memory.sib_offset != 0)
		return shape->memory.sib_offset;
	if (shape->memory.disp_size != 0)
		return shape->memory.disp_offset;
	return shape->imm_size != 0 ? shape->imm_offset : shape->length;
}

/*
 * Numbers for a new key, of which the trie knows `depth` bytes, which lead to `node`: the first
 * of `count`; 0 if there is no room. They are those of all keys that differ in `any` bits of the last byte.
 */
static uint32_t add_key(struct decoder *decoder, const uint8_t *key, uint8_t length, uint8_t any,
                        uint32_t node, size_t depth, uint32_t count)
{
	const uint32_t first = decoder->shape_count;
	uint8_t bits = 0;

	/* No key is a prefix of another, since these bytes say how many they are: depth < length. */
	if (length <= depth || count > decoder->shape_capacity - first ||
	    decoder->node_count + length > decoder->node_capacity)
		return 0;
	for (; depth + 1 < length; depth++) {
		decoder->nodes[node][key[depth]] = (uint16_t)decoder->node_count;
		node = decoder->node_count++;
		memset(decoder->nodes[node], 0, sizeof *decoder->nodes);
	}
	/* All numbers within `any`, in ascending order: (bits - any) & any is the next. */
	do {
		decoder->nodes[node][(key[depth] & ~any) | bits] = (uint16_t)(TRIE_LEAF | first);
		bits = (bits - any) & any;
	} while (bits != 0);
	decoder->shape_count += count;
	return first;
}

/* Where to remember the last shape; SHAPE_UNCACHED if there is no room. */
static uint32_t new_number(struct decoder *decoder, const uint8_t *bytes, uint32_t node, size_t depth)
{
	const struct shape *shape = &decoder->shapes[SHAPE_UNCACHED];
	const uint8_t sib_offset = shape->memory.sib_offset;
	const uint32_t count = sib_offset == 0 ? 1 : SIB_CLASSES;
	const uint32_t first =
	    add_key(decoder, bytes, key_length(shape), shape->vector_bits, node, depth, count);

	if (first == 0)
		return SHAPE_UNCACHED;
	if (sib_offset == 0)
		return first;
	memset(decoder->summaries + first, SUMMARY_SIB, count);
	return first + rfv_sib_class(bytes[sib_offset]);
}

void rfv_decoder_init(struct decoder *decoder, uint16_t (*nodes)[256], uint32_t node_capacity,
                      struct shape *shapes, uint8_t *summaries, uint32_t shape_capacity)
{
	*decoder = (struct decoder){.nodes = nodes,
	                            .node_count = 1,
	                            .node_capacity = node_capacity,
	                            .shapes = shapes,
	                            .summaries = summaries,
	                            .shape_count = SHAPE_FIRST,
	                            .shape_capacity = shape_capacity};
	memset(nodes[0], 0, sizeof *nodes);
	memset(summaries, 0, SHAPE_FIRST);
	ZydisDecoderInit(&decoder->zydis, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
}

bool rfv_decode_again(struct decoder *decoder, const uint8_t *bytes, size_t available)
{
	struct shape *shape = &decoder->shapes[SHAPE_UNCACHED];

	if (!rfv_decode_uncached(decoder, bytes, available, shape))
		return false;
	decoder->summaries[SHAPE_UNCACHED] = summary(shape);
	return true;
}

uint32_t rfv_decode_new(struct decoder *decoder, const uint8_t *bytes, size_t available)
{
	uint32_t node = 0;
	uint32_t number = 0;
	size_t depth = 0;

	for (; depth < available && decoder->nodes[node][bytes[depth]] != 0 && number == 0; depth++) {
		const uint32_t child = decoder->nodes[node][bytes[depth]];

		if (child & TRIE_LEAF)
			number = child & ~TRIE_LEAF;
		else
			node = child;
	}
	if (decoder->summaries[number] & SUMMARY_SIB) {
		if (depth == available)
			return SHAPE_NONE;
		number += rfv_sib_class(bytes[depth]);
	}
	if (decoder->summaries[number] & SUMMARY_LENGTH)
		return (decoder->summaries[number] & SUMMARY_LENGTH) <= available ? number : SHAPE_NONE;
	if (!rfv_decode_again(decoder, bytes, available))
		return SHAPE_NONE;
	if (number == 0)
		number = new_number(decoder, bytes, node, depth);
	if (number != SHAPE_UNCACHED) {
		decoder->shapes[number] = decoder->shapes[SHAPE_UNCACHED];
		decoder->summaries[number] = decoder->summaries[SHAPE_UNCACHED];
	}
	return number;
}
