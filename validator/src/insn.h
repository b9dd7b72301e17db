/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Instructions as the checks see them.
 *
 * A *shape* is everything that an instruction's bytes before SIB, displacement
 * and immediate say: length, operands, effect, and whether the allow-list permits
 * it at all. Zydis is asked once for each shape; after that the shape is
 * remembered, and address, displacement and immediate are read from the text. No
 * abstract state is involved here: decoding never depends on it.
 */
#ifndef RFV_INSN_H
#define RFV_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <Zydis/Zydis.h>

#include <ringfence/validator.h>

enum register_number {
	RAX,
	RCX,
	RDX,
	RBX,
	RSP,
	RBP,
	RSI,
	RDI,
	R8,
	R9,
	R10,
	R11,
	R12,
	R13,
	R14,
	R15,
	REGISTERS,
	NO_REGISTER = REGISTERS,
	RIP_REGISTER, /* only as the base of a memory operand, which is rejected */
	REGISTER_NUMBERS,
};

/*
 * What an instruction does to the abstract state: one per row of the
 * allow-list, and some that the decoder chooses for a particular form.
 */
enum effect {
	/* Not on the list. */
	EFFECT_DENIED = 0,
	/* The operands are not accessed. */
	EFFECT_NOP,
	/* Written registers become unknown; 32-bit destinations are zero-extended. */
	EFFECT_GENERIC,
	/* As GENERIC, but a 32-bit destination may keep its upper half. */
	EFFECT_OPAQUE,
	/* GENERIC, and a memory operand is only legal with an immediate bit offset. */
	EFFECT_BIT_TEST,
	/* The first operand becomes a function of first and second. */
	EFFECT_MOV,
	EFFECT_MOVZX,
	EFFECT_MOVSX,
	EFFECT_LEA,
	EFFECT_ADD,
	EFFECT_SUB,
	EFFECT_AND,
	EFFECT_OR,
	EFFECT_XOR,
	EFFECT_SHL,
	EFFECT_SHR,
	EFFECT_SAR,
	EFFECT_SETCC,
	EFFECT_CMOV,
	EFFECT_POPCNT,
	EFFECT_ZERO, /* xor and sub of a register with itself */
	EFFECT_XCHG,
	/* Forms of mov. */
	EFFECT_CONSTANT, /* to a register of at least 32 bits: its immediate */
	EFFECT_COPY,     /* likewise, a register */
	EFFECT_LOAD,     /* likewise, from the frame */
	EFFECT_STORE,    /* to the frame */
	/* Stack. */
	EFFECT_PUSH,
	EFFECT_POP,
	EFFECT_ADD_RSP, /* add rsp, imm */
	EFFECT_SUB_RSP, /* sub rsp, imm */
	EFFECT_LEA_RSP, /* lea rsp, [rsp + disp] */
	EFFECT_SELECT,  /* mov r14, [r15 + index*8 + disp32] */
	/* Control flow. */
	EFFECT_BREAKPOINT, /* a trap that a debugger goes on behind: what follows is proven, too */
	EFFECT_CALL,
	EFFECT_JCC,
	EFFECT_JMP, /* from here on: no instruction behind it follows */
	EFFECT_RET,
	EFFECT_TRAP,
	EFFECTS,
};

/* How a shape is applied to a state: as its effect says, unless what it leaves depends on the shape alone. */
enum action {
	ACTION_FIXED = EFFECTS, /* then nothing of the state matters, */
	ACTION_FIXED_MEMORY,    /* or whether its memory operand is in reach */
	ACTIONS,
};

/* Legacy prefixes that a row permits besides those that are part of the opcode. */
enum allowed_prefix {
	PREFIX_66 = 1,           /* as the 16-bit operand size */
	PREFIX_67 = 2,           /* as the 32-bit address size */
	PREFIX_LOCK = 4,         /* with a memory destination */
	PREFIX_2E = 8,           /* without effect: long nops only */
	PREFIX_66_REPEATED = 16, /* likewise: assemblers pad with up to six */
};

struct allow_row {
	uint8_t effect;   /* enum effect */
	uint8_t prefixes; /* enum allowed_prefix */
};

/* The allow-list: index is the mnemonic, a zero row denies. */
extern const struct allow_row rfv_allow[ZYDIS_MNEMONIC_MAX_VALUE + 1];

enum operand_kind { OPERAND_NONE, OPERAND_REGISTER, OPERAND_MEMORY, OPERAND_IMMEDIATE };

struct operand {
	uint8_t kind;  /* enum operand_kind; vector registers count as none */
	uint8_t reg;   /* enum register_number; NO_REGISTER if it is not a general register */
	uint8_t width; /* in bytes */
	bool high;     /* ah, ch, dh, bh */
};

/* [base + index * scale], without the displacement. */
struct base_index {
	uint8_t base;  /* enum register_number */
	uint8_t index; /* enum register_number */
	uint8_t scale; /* 1, 2, 4, 8; 0 without index */
};

struct memory_operand {
	struct base_index address; /* if it varies: that of one instruction of this shape; see rfv_address */
	uint8_t sib_offset;        /* of the SIB byte in the instruction; 0: there is none */
	uint8_t high_bits;   /* what register numbers in that byte lack: 8 for the base, 16 for the index */
	uint8_t size;        /* bytes that are accessed */
	uint8_t disp_offset; /* in the instruction */
	uint8_t disp_size;   /* bytes, 0: displacement 0 */
	bool varies : 1;     /* the address, with the SIB byte */
	bool present : 1;
	bool accessed : 1; /* false: lea, nop */
	bool writes : 1;   /* conditional writes included */
	bool address32 : 1;
};

/* Why an instruction is refused whatever the state; the reasons are in decode.c. */
struct denial {
	enum rfv_rule rule;
	const char *reason;
};

/* Two fill a cache line: a large text has many thousands. */
struct shape {
	/* General registers that change, bit per register; rsp, r14 and r15 only as effects. */
	_Alignas(32) uint16_t written;
	uint16_t zero_extended; /* of those, the ones whose upper half is always cleared */
	uint8_t length;
	uint8_t effect;         /* enum effect */
	uint8_t denial;         /* number of a struct denial; 0: permitted as far as the shape tells */
	uint8_t action;         /* enum action, or enum effect: EFFECT_DENIED if there is a denial */
	uint8_t fixed_register; /* ACTION_FIXED changes it; RIP_REGISTER, which holds anything anyway: none */
	uint8_t fixed_size;     /* it then holds any number of so many bytes */
	uint8_t imm_offset;     /* in the instruction */
	uint8_t imm_size;       /* bytes; 0: the immediate is imm_constant */
	int8_t imm_constant;
	uint8_t vector_bits; /* of ModRM: those that name vector registers, which are not modelled */
	struct operand dst;  /* the first operand, whether it is written or not */
	struct operand src;  /* the second */
	struct memory_operand memory;
};

_Static_assert(sizeof(struct shape) == 32, "two fill a cache line");

#define TRIE_LEAF 0x8000u

struct decoder {
	ZydisDecoder zydis;
	/* Trie over the bytes that determine a shape. A child is 0 (not seen
	 * yet), a node number, or TRIE_LEAF | shape number. */
	uint16_t (*nodes)[256];
	uint32_t node_count;
	uint32_t node_capacity;
	struct shape *shapes;
	uint8_t *summaries; /* of each shape: what the sweep needs, in a fraction of the memory */
	uint32_t shape_count;
	uint32_t shape_capacity;
};

/* A summary. */
#define SUMMARY_LENGTH 0x0fu /* the shape's length; 0: there is no such shape yet */
#define SUMMARY_DIRECT 0x10u /* rfv_is_direct */
#define SUMMARY_DENIED 0x20u /* it has a denial */
#define SUMMARY_SIB 0x40u    /* one of SIB_CLASSES shapes of which a SIB byte chooses */

/*
 * What of a SIB byte belongs to the shape; the rest is base, index and scale.
 * Those of the stack are followed in the frame, and have an address of their own.
 */
enum sib_class {
	SIB_ADDRESS,
	SIB_NO_BASE, /* if ModRM has no displacement; then there is one of four bytes */
	SIB_STACK,   /* rsp without an index; with REX.B and REX.X r12 */
	SIB_CLASSES,
};

static inline uint32_t rfv_sib_class(uint8_t sib)
{
	if ((sib & 0x3f) == 0x24)
		return SIB_STACK;
	return (sib & 7) == 5 ? SIB_NO_BASE : SIB_ADDRESS;
}

/* Shape numbers with a meaning of their own. */
#define SHAPE_NONE 0u     /* does not decode */
#define SHAPE_UNCACHED 1u /* decodes, but there was no room to remember it: holds the last such */
#define SHAPE_FIRST 2u
#define SHAPE_CAPACITY 0x8000u
#define NODE_CAPACITY 0x2000u

/* The capacities are at least 4; there are as many summaries as shapes. */
void rfv_decoder_init(struct decoder *decoder, uint16_t (*nodes)[256], uint32_t node_capacity,
                      struct shape *shapes, uint8_t *summaries, uint32_t shape_capacity);

/* The denial of a shape that has one. */
const struct denial *rfv_denial(const struct shape *shape);

/* What follows for bytes that have no shape yet, or of which few are available. */
uint32_t rfv_decode_new(struct decoder *decoder, const uint8_t *bytes, size_t available);

/*
 * Number of the shape, in decoder->shapes, of the instruction at `bytes`, of which `available`
 * may be read; SHAPE_NONE if it does not decode or does not end in time.
 */
static inline uint32_t rfv_decode(struct decoder *decoder, const uint8_t *bytes, size_t available)
{
	const uint8_t *key = bytes;
	uint32_t child = 0;
	uint32_t number;

	if (available >= RFV_INSTRUCTION_MAX) { /* so no key and no instruction is cut off */
		do
			child = decoder->nodes[child][*key++];
		while (child != 0 && child < TRIE_LEAF);
	}
	number = child & ~TRIE_LEAF;
	if (decoder->summaries[number] & SUMMARY_SIB)
		number += rfv_sib_class(*key);
	if (decoder->summaries[number] & SUMMARY_LENGTH)
		return number;
	return rfv_decode_new(decoder, bytes, available);
}

/* Makes SHAPE_UNCACHED, and its summary, those of the instruction; false if it does not decode. */
bool rfv_decode_again(struct decoder *decoder, const uint8_t *bytes, size_t available);

/* Decodes without looking at or changing what is remembered. */
bool rfv_decode_uncached(const struct decoder *decoder, const uint8_t *bytes, size_t available,
                         struct shape *shape);

static inline int64_t rfv_read_signed(const uint8_t *bytes, uint8_t size)
{
	int64_t wide;
	int32_t narrow;

	switch (size) {
	case 1:
		return (int8_t)bytes[0];
	case 2:
		return (int16_t)(bytes[0] | bytes[1] << 8);
	case 4:
		memcpy(&narrow, bytes, sizeof narrow);
		return narrow;
	default:
		memcpy(&wide, bytes, sizeof wide);
		return wide;
	}
}

/* The instruction's immediate, sign-extended from its encoded size. */
static inline int64_t rfv_immediate(const struct shape *shape, const uint8_t *bytes)
{
	if (shape->imm_size == 0)
		return shape->imm_constant;
	return rfv_read_signed(bytes + shape->imm_offset, shape->imm_size);
}

/* [i + r15] and [r15 + i] are the same address; r14 and r15 are kept in base. */
static inline struct base_index rfv_ordered(struct base_index address)
{
	if (address.scale == 1 && (address.index == R14 || address.index == R15) && address.base < R14 &&
	    address.base != RSP)
		return (struct base_index){.base = address.index, .index = address.base, .scale = 1};
	return address;
}

/* rsp and a displacement: what reaches the frame. Another SIB byte of the same shape says the same. */
static inline bool rfv_is_stack_address(const struct memory_operand *memory)
{
	return memory->address.base == RSP && memory->address.index == NO_REGISTER;
}

/* The address of its memory operand as it is encoded (SDM volume 2, table 2-3). */
static inline struct base_index rfv_encoded_address(const struct shape *shape, const uint8_t *bytes)
{
	const struct memory_operand *memory = &shape->memory;
	struct base_index address = memory->address;
	uint8_t sib;

	if (!memory->varies)
		return address;
	sib = bytes[memory->sib_offset];
	if (address.base != NO_REGISTER)
		address.base = (sib & 7) | (memory->high_bits & 8);
	address.index = (sib >> 3 & 7) | (memory->high_bits >> 1 & 8);
	address.scale = (uint8_t)(1u << (sib >> 6));
	if (address.index == RSP)
		return (struct base_index){.base = address.base, .index = NO_REGISTER, .scale = 0};
	return address;
}

/* The same address, ordered. */
static inline struct base_index rfv_address(const struct shape *shape, const uint8_t *bytes)
{
	return rfv_ordered(rfv_encoded_address(shape, bytes));
}

/* The displacement of its memory operand, of 0, 1 or 4 bytes, of which no more are read. */
static inline int32_t rfv_displacement(const struct shape *shape, const uint8_t *bytes)
{
	/* Without branches: they would be hard to predict. */
	static const uint8_t none[sizeof(int32_t)];
	const uint8_t *place = bytes + shape->memory.disp_offset;
	const uint8_t size = shape->memory.disp_size;
	const int8_t narrow = (int8_t)*place;
	int32_t wide;

	memcpy(&wide, size == sizeof wide ? place : none, sizeof wide);
	return size == sizeof narrow ? narrow : wide;
}

/* A jump or call whose target is in the instruction. */
static inline bool rfv_is_direct(const struct shape *shape)
{
	return shape->effect >= EFFECT_CALL && shape->effect <= EFFECT_JMP &&
	       shape->dst.kind == OPERAND_IMMEDIATE;
}

/* Control may go on behind the instruction. */
static inline bool rfv_falls_through(const struct shape *shape)
{
	return shape->effect < EFFECT_JMP;
}

#endif
