/* SPDX-License-Identifier: Apache-2.0 */
/*
 * allow-list: writes docs/allow-list.md from what the validator accepts, or
 * compares the page with that. The operand forms, extensions and registers are those of
 * all encodings that pass, found by enumeration; prefixes and effects are those of the rows.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "insn.h"

#define FORMS_MAX 64
#define TEXT_MAX 96
#define REFUSALS_MAX 32

enum general_width { W16 = 1, W32 = 2, W64 = 4 };

/* Operands of an instruction in words, in which W stands for 16, 32 or 64. */
struct form {
	char before[TEXT_MAX]; /* the operands before the one that ModRM's r/m gives */
	char reg[16];          /* as a register, "" if it cannot be */
	char memory[16];       /* as memory */
	char after[TEXT_MAX];
	unsigned widths; /* enum general_width, 0 where W does not stand */
};

struct instruction {
	struct form forms[FORMS_MAX];
	unsigned form_count;
	unsigned implicit; /* general registers that it writes without naming them, bit per register */
	unsigned prefixes; /* enum allowed_prefix, as seen on accepted encodings */
	const char *sets[4];
	unsigned set_count;
};

struct refusal {
	const char *reason;
	uint8_t rule;
	char example[TEXT_MAX];
	char bytes[48];
};

static struct instruction instructions[ZYDIS_MNEMONIC_MAX_VALUE + 1];
static struct refusal refusals[REFUSALS_MAX];
static unsigned refusal_count;
static struct decoder decoder;
static ZydisFormatter formatter;
static FILE *page;

static void fail(const char *what, const char *which)
{
	(void)fprintf(stderr, "allow-list: %s: %s\n", which, what);
	exit(1);
}

__attribute__((format(printf, 2, 3))) static void append(char *text, const char *format, ...)
{
	const size_t used = strlen(text);
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text + used, TEXT_MAX - used, format, arguments);
	va_end(arguments);
}

/* ---- Operand forms ------------------------------------------------------ */

static unsigned width_bit(unsigned width)
{
	return width == 16 ? W16 : width == 32 ? W32 : width == 64 ? W64 : 0;
}

/* The width that W stands for: that of the first general register or, without one, of memory. */
static unsigned form_width(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands)
{
	const char *extension = ZydisISAExtGetString(insn->meta.isa_ext);
	unsigned memory = 0;

	if (strstr(extension, "SSE") != NULL || strstr(extension, "AVX") != NULL)
		return 0;
	for (uint8_t i = 0; i < insn->operand_count_visible; i++) {
		const ZydisRegisterClass class = ZydisRegisterGetClass(operands[i].reg.value);

		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER && class >= ZYDIS_REGCLASS_GPR16 &&
		    class <= ZYDIS_REGCLASS_GPR64)
			return operands[i].size;
		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER && class != ZYDIS_REGCLASS_GPR8)
			return 0;
		if (operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY)
			memory = operands[i].size;
	}
	return width_bit(memory) == 0 || insn->operand_width != memory ? 0 : memory;
}

static void append_width(char *text, unsigned size, unsigned width)
{
	if (size == width)
		append(text, "W");
	else
		append(text, "%u", size);
}

static void append_register(char *text, const ZydisDecodedOperand *operand, unsigned width)
{
	const ZydisRegister reg = operand->reg.value;
	const ZydisRegisterClass class = ZydisRegisterGetClass(reg);

	if (class == ZYDIS_REGCLASS_XMM || class == ZYDIS_REGCLASS_YMM) {
		append(text, class == ZYDIS_REGCLASS_XMM ? "xmm" : "ymm");
	} else if (operand->encoding == ZYDIS_OPERAND_ENCODING_NONE) { /* the opcode names it */
		if (ZydisRegisterGetId(reg) == 0 && operand->size == width)
			append(text, "rAX");
		else
			append(text, "%s", ZydisRegisterGetString(reg));
	} else {
		append(text, "r");
		append_width(text, operand->size, width);
	}
}

static void append_immediate(char *text, const ZydisDecodedInstruction *insn,
                             const ZydisDecodedOperand *operand)
{
	const uint8_t size = insn->raw.imm[0].size;

	if (size == 0)
		append(text, "%d", (int)operand->imm.value.s);
	else if (operand->imm.is_relative)
		append(text, "rel%u", size);
	else
		append(text, size == 8 ? "imm8" : "imm");
}

static struct form read_form(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands)
{
	struct form form = {.widths = 0};
	const unsigned width = form_width(insn, operands);
	char *text = form.before;

	for (uint8_t i = 0; i < insn->operand_count_visible; i++) {
		const ZydisDecodedOperand *operand = &operands[i];

		if (operand->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM) {
			const bool memory = operand->type == ZYDIS_OPERAND_TYPE_MEMORY;
			char *place = memory ? form.memory : form.reg;

			if (memory && operand->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
				(void)strcpy(place, "m");
			else if (memory) {
				(void)strcpy(place, "m");
				append_width(place, operand->size, width);
			} else
				append_register(place, operand, width);
			text = form.after;
			continue;
		}
		if (*text != 0)
			append(text, ", ");
		if (operand->type == ZYDIS_OPERAND_TYPE_REGISTER)
			append_register(text, operand, width);
		else if (operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
			append_immediate(text, insn, operand);
		else
			append(text, "?");
	}
	form.widths = width_bit(width);
	return form;
}

static bool same_place(const char *a, const char *b)
{
	return *a == 0 || *b == 0 || strcmp(a, b) == 0;
}

/* Joins a form to what is known of the instruction: other widths, memory as well as registers. */
static void add_form(struct instruction *instruction, const struct form *form, const char *name)
{
	for (unsigned i = 0; i < instruction->form_count; i++) {
		struct form *known = &instruction->forms[i];
		const bool same_rest =
		    strcmp(known->before, form->before) == 0 && strcmp(known->after, form->after) == 0;
		const bool has_rm =
		    (*known->reg != 0 || *known->memory != 0) == (*form->reg != 0 || *form->memory != 0);

		if (!same_rest || !has_rm || (known->widths == 0) != (form->widths == 0) ||
		    !same_place(known->reg, form->reg) || !same_place(known->memory, form->memory))
			continue;
		known->widths |= form->widths;
		if (*form->reg != 0)
			(void)strcpy(known->reg, form->reg);
		if (*form->memory != 0)
			(void)strcpy(known->memory, form->memory);
		return;
	}
	if (instruction->form_count == FORMS_MAX)
		fail("too many operand forms", name);
	instruction->forms[instruction->form_count++] = *form;
}

/* ---- Enumeration -------------------------------------------------------- */

static void add_set(struct instruction *instruction, const char *set, const char *name)
{
	for (unsigned i = 0; i < instruction->set_count; i++)
		if (strcmp(instruction->sets[i], set) == 0)
			return;
	if (instruction->set_count == sizeof instruction->sets / sizeof *instruction->sets)
		fail("too many extensions", name);
	instruction->sets[instruction->set_count++] = set;
}

static unsigned prefixes_of(const ZydisDecodedInstruction *insn)
{
	unsigned prefixes = 0;

	for (uint8_t i = 0; i < insn->raw.prefix_count; i++) {
		const uint8_t value = insn->raw.prefixes[i].value;

		if (insn->raw.prefixes[i].type == ZYDIS_PREFIX_TYPE_MANDATORY)
			continue;
		if (value == 0x66)
			prefixes |= prefixes & PREFIX_66 ? PREFIX_66_REPEATED : PREFIX_66;
		prefixes |= value == 0x67   ? PREFIX_67
		            : value == 0xf0 ? PREFIX_LOCK
		            : value == 0x2e ? PREFIX_2E
		                            : 0;
	}
	return prefixes;
}

static void add_accepted(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands)
{
	struct instruction *instruction = &instructions[insn->mnemonic];
	const struct form form = read_form(insn, operands);
	const char *name = ZydisMnemonicGetString(insn->mnemonic);

	add_form(instruction, &form, name);
	add_set(instruction, ZydisISASetGetString(insn->meta.isa_set), name);
	instruction->prefixes |= prefixes_of(insn);
	for (uint8_t i = insn->operand_count_visible; i < insn->operand_count; i++) {
		const ZydisRegister reg = operands[i].reg.value;
		const ZydisRegisterClass class = ZydisRegisterGetClass(reg);

		if (operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER && reg != ZYDIS_REGISTER_RSP &&
		    class >= ZYDIS_REGCLASS_GPR8 && class <= ZYDIS_REGCLASS_GPR64 &&
		    operands[i].actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			instruction->implicit |= 1u << ZydisRegisterGetId(ZydisRegisterGetLargestEnclosing(
			                             ZYDIS_MACHINE_MODE_LONG_64, reg));
	}
}

/* The first encoding of an instruction of the list that is refused for this reason. */
static void add_refused(const struct shape *shape, const ZydisDecodedInstruction *insn,
                        const ZydisDecodedOperand *operands, const uint8_t *bytes)
{
	struct refusal *refusal = &refusals[refusal_count];
	const struct denial *denial = rfv_denial(shape);

	for (unsigned i = 0; i < refusal_count; i++)
		if (strcmp(refusals[i].reason, denial->reason) == 0)
			return;
	if (refusal_count == REFUSALS_MAX)
		fail("too many reasons", denial->reason);
	refusal_count++;
	refusal->reason = denial->reason;
	refusal->rule = denial->rule;
	(void)ZydisFormatterFormatInstruction(&formatter, insn, operands, insn->operand_count_visible,
	                                      refusal->example, sizeof refusal->example, 0, NULL);
	for (uint8_t i = 0; i < insn->length; i++)
		(void)sprintf(refusal->bytes + strlen(refusal->bytes), "%s%02X", i == 0 ? "" : " ", bytes[i]);
}

static void try_bytes(const uint8_t *bytes)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	struct shape shape;

	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder.zydis, bytes, ZYDIS_MAX_INSTRUCTION_LENGTH, &insn,
	                                         operands)) ||
	    rfv_allow[insn.mnemonic].effect == EFFECT_DENIED ||
	    !rfv_decode_uncached(&decoder, bytes, ZYDIS_MAX_INSTRUCTION_LENGTH, &shape))
		return;
	if (shape.denial == 0)
		add_accepted(&insn, operands);
	else
		add_refused(&shape, &insn, operands, bytes);
}

/* Every group number and register with memory at rdi, and at a scaled index, and all registers. */
static void with_modrm(const uint8_t *stem, size_t length)
{
	uint8_t bytes[ZYDIS_MAX_INSTRUCTION_LENGTH] = {0};

	memcpy(bytes, stem, length);
	for (unsigned modrm = 0; modrm < 256; modrm++) {
		const unsigned rm = modrm & 7;

		if (modrm >> 6 == 1 || modrm >> 6 == 2 || (modrm >> 6 == 0 && rm != 7 && rm != 4 && rm != 5))
			continue;
		bytes[length] = (uint8_t)modrm;
		bytes[length + 1] = modrm >> 6 == 0 && rm == 4 ? 0x47 : 1; /* SIB: rdi + rax*2 */
		try_bytes(bytes);
	}
}

static void legacy(const uint8_t *prefixes, size_t length)
{
	static const uint8_t maps[][2] = {{0}, {0x0f}, {0x0f, 0x38}, {0x0f, 0x3a}};

	for (size_t map = 0; map < 4; map++)
		for (unsigned opcode = 0; opcode < 256; opcode++) {
			uint8_t stem[ZYDIS_MAX_INSTRUCTION_LENGTH];
			const size_t map_length = map == 0 ? 0 : map == 1 ? 1 : 2;

			memcpy(stem, prefixes, length);
			memcpy(stem + length, maps[map], map_length);
			stem[length + map_length] = (uint8_t)opcode;
			with_modrm(stem, length + map_length + 1);
		}
}

static void vex(void)
{
	for (unsigned map = 1; map <= 3; map++)
		for (unsigned payload = 0; payload < 256; payload++) /* W, vvvv, L, pp */
			for (unsigned opcode = 0; opcode < 256; opcode++) {
				const uint8_t stem[] = {0xc4, (uint8_t)(0xe0 | map), (uint8_t)payload,
				                        (uint8_t)opcode};

				if ((payload >> 3 & 15) == 15 || (payload >> 3 & 15) == 13)
					with_modrm(stem, sizeof stem);
			}
}

static void enumerate(void)
{
	static const struct {
		uint8_t bytes[4];
		uint8_t length;
	} prefixes[] = {{{0}, 0},          {{0x66}, 1},       {{0xf2}, 1},       {{0xf3}, 1},
	                {{0x66, 0xf2}, 2}, {{0x66, 0xf3}, 2}, {{0xf0}, 1},       {{0xf0, 0x66}, 2},
	                {{0x67}, 1},       {{0x66, 0x67}, 2}, {{0x2e}, 1},       {{0x66, 0x66}, 2},
	                {{0x64}, 1},       {{0xf2, 0xf0}, 2}, {{0x48, 0x66}, 2}, {{0x67, 0x41}, 2}};
	static const uint8_t rex[] = {0, 0x40, 0x41, 0x48, 0x4c};

	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		for (size_t k = 0; k < sizeof rex; k++) {
			uint8_t stem[ZYDIS_MAX_INSTRUCTION_LENGTH];

			memcpy(stem, prefixes[i].bytes, prefixes[i].length);
			stem[prefixes[i].length] = rex[k];
			legacy(stem, prefixes[i].length + (rex[k] != 0 ? 1u : 0u));
		}
	vex();
}

/* ---- Headings of the manual --------------------------------------------- */

/* Instructions that share an entry of Intel SDM volume 2, whose heading begins so. */
static const char *const headings[] = {"BLSI",
                                       "CBW/CWDE/CDQE",
                                       "CMPXCHG8B/CMPXCHG16B",
                                       "CWD/CDQ/CQO",
                                       "MOVD/MOVQ",
                                       "MOVSX/MOVSXD",
                                       "PABSB/PABSW/PABSD/PABSQ",
                                       "PACKSSWB/PACKSSDW",
                                       "PADDB/PADDW/PADDD/PADDQ",
                                       "PADDSB/PADDSW",
                                       "PADDUSB/PADDUSW",
                                       "PAVGB/PAVGW",
                                       "PCMPEQB/PCMPEQW/PCMPEQD",
                                       "PCMPGTB/PCMPGTW/PCMPGTD",
                                       "PEXTRB/PEXTRD/PEXTRQ",
                                       "PHADDW/PHADDD",
                                       "PHSUBW/PHSUBD",
                                       "PINSRB/PINSRD/PINSRQ",
                                       "PMAXSB/PMAXSW/PMAXSD/PMAXSQ",
                                       "PMAXUB/PMAXUW",
                                       "PMAXUD/PMAXUQ",
                                       "PMINSB/PMINSW",
                                       "PMINSD/PMINSQ",
                                       "PMINUB/PMINUW",
                                       "PMINUD/PMINUQ",
                                       "PMULLD/PMULLQ",
                                       "PSIGNB/PSIGNW/PSIGND",
                                       "PSLLW/PSLLD/PSLLQ",
                                       "PSRAW/PSRAD/PSRAQ",
                                       "PSRLW/PSRLD/PSRLQ",
                                       "PSUBB/PSUBW/PSUBD",
                                       "PSUBSB/PSUBSW",
                                       "PSUBUSB/PSUBUSW",
                                       "PUNPCKHBW/PUNPCKHWD/PUNPCKHDQ/PUNPCKHQDQ",
                                       "PUNPCKLBW/PUNPCKLWD/PUNPCKLDQ/PUNPCKLQDQ",
                                       "RCL/RCR/ROL/ROR",
                                       "SAL/SAR/SHL/SHR",
                                       "SARX/SHLX/SHRX",
                                       "VPERMD/VPERMW",
                                       "VPSLLVW/VPSLLVD/VPSLLVQ",
                                       "VPSRAVW/VPSRAVD/VPSRAVQ",
                                       "VPSRLVW/VPSRLVD/VPSRLVQ",
                                       "VTESTPD/VTESTPS"};

/* Families with one entry: what a name begins with, and the heading. */
static const struct {
	const char *start;
	const char *heading;
} families[] = {{"CMOV", "CMOVcc"},
                {"SET", "SETcc"},
                {"PREFETCHT", "PREFETCHh"},
                {"PREFETCHN", "PREFETCHh"},
                {"PMOVSX", "PMOVSX"},
                {"PMOVZX", "PMOVZX"},
                {"VBROADCAST", "VBROADCAST"},
                {"VPBROADCAST", "VPBROADCAST"},
                {"UD2", "UD"},
                {"INT3", "INT n/INTO/INT3/INT1"}};

static bool is_word_of(const char *list, const char *word)
{
	const size_t length = strlen(word);

	for (const char *at = list; at != NULL; at = strchr(at, '/') == NULL ? NULL : strchr(at, '/') + 1)
		if (strncmp(at, word, length) == 0 && (at[length] == 0 || at[length] == '/'))
			return true;
	return false;
}

static bool is_mnemonic(const char *name)
{
	for (ZydisMnemonic i = 1; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++)
		if (strcasecmp(ZydisMnemonicGetString(i), name) == 0)
			return true;
	return false;
}

/* VFMADD213PD is in the entry of VFMADD132PD/VFMADD213PD/VFMADD231PD. */
static bool fma_heading(const char *name, char *heading)
{
	static const char *const orders[] = {"132", "213", "231"};

	for (size_t i = 0; i < 3; i++) {
		const char *order = strstr(name, orders[i]);
		const int start = order == NULL ? 0 : (int)(order - name);

		if (order == NULL || name[0] != 'V' || name[1] != 'F')
			continue;
		append(heading, "%.*s132%s/%.*s213%s/%.*s231%s", start, name, order + 3, start, name,
		       order + 3, start, name, order + 3);
		return true;
	}
	return false;
}

static void find_heading(const char *mnemonic, bool conditional_jump, char *heading)
{
	char upper[32] = "";
	const char *name = upper;

	for (size_t i = 0; mnemonic[i] != 0 && i + 1 < sizeof upper; i++)
		upper[i] = (char)(mnemonic[i] >= 'a' && mnemonic[i] <= 'z' ? mnemonic[i] - 32 : mnemonic[i]);
	if (fma_heading(name, heading))
		return;
	if (name[0] == 'V' && is_mnemonic(name + 1)) /* the VEX form stands with the legacy one */
		name++;
	if (conditional_jump)
		name = "Jcc";
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		if (strncmp(name, families[i].start, strlen(families[i].start)) == 0)
			name = families[i].heading;
	for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
		if (is_word_of(headings[i], name))
			name = headings[i];
	append(heading, "%s", name);
}

static int chapter(const char *heading)
{
	return heading[0] <= 'L' ? 3 : heading[0] <= 'U' ? 4 : heading[0] == 'V' ? 5 : 6;
}

/* ---- The page ----------------------------------------------------------- */

static const struct {
	uint8_t effect;
	const char *name;
	const char *words;
} effects[] = {
    {EFFECT_GENERIC, "GENERIC",
     "Registers that it writes become unknown: a 32-bit one is a zero-extended number, a narrow first "
     "operand keeps what is known of "
     "the other bits, all else may hold anything."},
    {EFFECT_OPAQUE, "OPAQUE", "Registers that it writes may hold anything, their upper halves too."},
    {EFFECT_NOP, "NOP", "Nothing changes; operands are not accessed."},
    {EFFECT_BIT_TEST, "BIT_TEST",
     "As GENERIC. With a memory operand only an immediate bit offset is permitted."},
    {EFFECT_MOV, "MOV", "The first operand holds what the second does; a store to the frame is remembered."},
    {EFFECT_MOVZX, "MOVZX", "The bits of the second operand, zero-extended."},
    {EFFECT_MOVSX, "MOVSX", "The bits of the second operand if its sign is surely 0, else all bits."},
    {EFFECT_LEA, "LEA", "The sum of the address; r15 plus a 32-bit number is a pointer into the cell."},
    {EFFECT_ADD, "ADD",
     "The bits of the sum; a pointer plus a number stays a pointer if the offset still has 32 bits."},
    {EFFECT_SUB, "SUB", "0 for a register minus itself, else all bits."},
    {EFFECT_AND, "AND", "Bits that both operands can have."},
    {EFFECT_OR, "OR", "Bits that either operand can have."},
    {EFFECT_XOR, "XOR", "Bits that either operand can have; 0 for a register with itself."},
    {EFFECT_SHL, "SHL", "The bits shifted by a constant, all bits otherwise."},
    {EFFECT_SHR, "SHR", "The bits shifted by a constant, bits up to the highest otherwise."},
    {EFFECT_SAR, "SAR", "As SHR if the sign is surely 0, else all bits."},
    {EFFECT_SETCC, "SETCC", "0 or 1."},
    {EFFECT_CMOV, "CMOV", "What either operand can be; a 32-bit register is zero-extended in any case."},
    {EFFECT_POPCNT, "POPCNT", "A number below 128."},
    {EFFECT_XCHG, "XCHG", "32- and 64-bit registers change places; other forms are GENERIC."},
    {EFFECT_PUSH, "PUSH", "rsp goes down by 8; the value is remembered."},
    {EFFECT_POP, "POP", "rsp goes up by 8, within the frame; the register holds what was remembered."},
    {EFFECT_RET, "RET", "The function is left: depth 0, callee-saved registers as on entry."},
    {EFFECT_CALL, "CALL", "rbx, rbp, r12, r13 and the frame stay; all other registers may hold anything."},
    {EFFECT_JMP, "JMP", "Control goes to the target; by memory only through the control block."},
    {EFFECT_JCC, "JCC", "Control goes to the target or on."},
    {EFFECT_TRAP, "TRAP", "Control ends here."},
    {EFFECT_BREAKPOINT, "BREAKPOINT", "Nothing changes; what follows is checked as if control went on."},
};

static const char *effect_name(uint8_t effect)
{
	for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
		if (effects[i].effect == effect)
			return effects[i].name;
	fail("an effect that is not explained", "effects");
	return "";
}

/* Where W stands for one width only, that is written. */
static void append_words(char *text, const char *words, unsigned widths)
{
	for (; *words != 0; words++)
		if (*words == 'W' && (widths & (widths - 1)) == 0)
			append(text, "%u", 16 * widths);
		else
			append(text, "%c", *words);
}

static void append_rm(char *text, const struct form *form)
{
	if (*form->reg == 0 || *form->memory == 0) {
		append_words(text, *form->reg != 0 ? form->reg : form->memory, form->widths);
		return;
	}
	if (form->reg[0] == 'r' && strcmp(form->reg + 1, form->memory + 1) == 0)
		append(text, "r");
	else
		append_words(text, form->reg, form->widths);
	append(text, "/");
	append_words(text, form->memory, form->widths);
}

static void append_form(char *text, const struct form *form)
{
	const bool rm = *form->reg != 0 || *form->memory != 0;

	append_words(text, form->before, form->widths);
	append(text, "%s", rm && *form->before != 0 ? ", " : "");
	append_rm(text, form);
	append(text, "%s", *form->after != 0 ? ", " : "");
	append_words(text, form->after, form->widths);
	if (form->widths == (W32 | W64))
		append(text, " (W = 32, 64)");
	if (*text == 0)
		append(text, "no operands");
}

/* Forms that differ in their encoding only are written once. */
static void print_forms(const struct instruction *instruction)
{
	char words[FORMS_MAX][TEXT_MAX];
	unsigned count = 0;

	for (unsigned i = 0; i < instruction->form_count; i++) {
		bool known = false;

		words[count][0] = 0;
		append_form(words[count], &instruction->forms[i]);
		for (unsigned k = 0; k < count; k++)
			known = known || strcmp(words[k], words[count]) == 0;
		if (known)
			continue;
		(void)fprintf(page, "%s%s", count == 0 ? "" : " · ", words[count]);
		count++;
	}
}

static void print_prefixes(unsigned prefixes)
{
	static const char *const names[] = {"66h", "67h", "lock", "2Eh", "66h repeated"};
	const char *separator = "";

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		if (!(prefixes >> i & 1))
			continue;
		(void)fprintf(page, "%s%s", separator, names[i]);
		separator = ", ";
	}
}

static void print_registers(unsigned registers)
{
	static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi"};
	const char *separator = "";

	for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
		if (!(registers >> i & 1))
			continue;
		(void)fprintf(page, "%s%s", separator, names[i]);
		separator = ", ";
	}
}

static void print_instruction(ZydisMnemonic mnemonic)
{
	const struct instruction *instruction = &instructions[mnemonic];
	const struct allow_row *row = &rfv_allow[mnemonic];
	const char *name = ZydisMnemonicGetString(mnemonic);
	char heading[TEXT_MAX] = "";

	if (instruction->form_count == 0)
		fail("no encoding of it is accepted: the row is dead", name);
	if (row->prefixes & ~instruction->prefixes)
		fail("a prefix of its row is accepted in no encoding", name);
	(void)fprintf(page, "| %s | ", name);
	print_forms(instruction);
	(void)fputs(" | ", page);
	print_prefixes(row->prefixes);
	(void)fprintf(page, " | %s | ", effect_name(row->effect));
	print_registers(instruction->implicit);
	(void)fputs(" | ", page);
	for (unsigned i = 0; i < instruction->set_count; i++)
		(void)fprintf(page, "%s%s", i == 0 ? "" : ", ", instruction->sets[i]);
	find_heading(name, row->effect == EFFECT_JCC, heading);
	(void)fprintf(page, " | %d, %s |\n", chapter(heading), heading);
}

static const char introduction[] =
    "# The allow-list\n"
    "\n"
    "<!-- Written by test/exhaustive/allow_list.c; do not edit. To renew: "
    "build/release/test/exhaustive/allow-list > "
    "docs/allow-list.md -->\n"
    "\n"
    "Every instruction that a network function may contain. Whatever is not in the table is refused, with "
    "rule "
    "[instruction](rules.md#instruction). The page is generated\n"
    "from the validator: the forms are those of all encodings that it accepts. What each effect claims, and "
    "why that holds, is argued in\n"
    "[soundness.md](soundness.md#instruction-classes); where memory operands may point is in "
    "[contract.md](contract.md).\n"
    "\n"
    "- *Forms*: r8 … r64 general registers, r/m also memory; W stands for 16, 32 and 64, or as said; rAX for "
    "the accumulator of that width; rel a branch's\n"
    "  distance; m alone an address that is not accessed.\n"
    "- *Prefixes*: those that are permitted besides what is part of the opcode, each once and only where it "
    "has its effect. 66h: 16-bit operands; 67h:\n"
    "  32-bit address; lock: with a memory destination; 2Eh and repeated 66h: padding. REX only as the last "
    "prefix.\n"
    "- *Also writes*: general registers that it changes without naming them (rsp aside).\n"
    "- *Extension*: Zydis' name of the instruction set.\n"
    "- *SDM*: Intel Software Developer's Manual, volume 2: chapter, and how the entry's heading begins.\n"
    "\n";

static int by_name(const void *a, const void *b)
{
	return strcmp(ZydisMnemonicGetString(*(const ZydisMnemonic *)a),
	              ZydisMnemonicGetString(*(const ZydisMnemonic *)b));
}

static void print_page(void)
{
	static ZydisMnemonic listed[ZYDIS_MNEMONIC_MAX_VALUE + 1];
	size_t count = 0;

	(void)fputs(introduction, page);
	(void)fputs("## Effects\n\n| effect | what is known afterwards |\n|---|---|\n", page);
	for (size_t i = 0; i < sizeof effects / sizeof *effects; i++)
		(void)fprintf(page, "| %s | %s |\n", effects[i].name, effects[i].words);
	for (ZydisMnemonic i = 1; i <= ZYDIS_MNEMONIC_MAX_VALUE; i++)
		if (rfv_allow[i].effect != EFFECT_DENIED)
			listed[count++] = i;
	qsort(listed, count, sizeof *listed, by_name);
	(void)fprintf(page,
	              "\n## Instructions\n\n%zu instructions.\n\n| instruction | forms | prefixes | effect | "
	              "also writes "
	              "| extension | SDM |\n|---|---|---|---|---|---|---|\n",
	              count);
	for (size_t i = 0; i < count; i++)
		print_instruction(listed[i]);
	(void)fputs("\n## Refused forms of these instructions\n\nWhatever the state, with the first encoding "
	            "that the "
	            "enumeration meets.\n\n| rule | reason | for example | bytes |\n|---|---|---|---|\n",
	            page);
	for (unsigned i = 0; i < refusal_count; i++)
		(void)fprintf(page, "| %s | %s | `%s` | %s |\n",
		              rfv_rule_name((enum rfv_rule)refusals[i].rule), refusals[i].reason,
		              refusals[i].example, refusals[i].bytes);
}

/* ---- Command line ------------------------------------------------------- */

static char *read_all(FILE *file, size_t *size)
{
	char *text = NULL;

	*size = 0;
	do {
		text = realloc(text, *size + 0x10000);
		if (text == NULL)
			fail("no memory", "page");
		*size += fread(text + *size, 1, 0x10000, file);
	} while (!feof(file) && !ferror(file));
	return text;
}

/* The number of the first line that differs, 0 if none does. */
static int first_difference(const char *a, size_t a_size, const char *b, size_t b_size)
{
	int line = 1;

	for (size_t i = 0; i < a_size && i < b_size; i++) {
		if (a[i] != b[i])
			return line;
		line += a[i] == '\n';
	}
	return a_size == b_size ? 0 : line;
}

static int compare(const char *path)
{
	FILE *file = fopen(path, "r");
	size_t written;
	size_t size;
	char *generated = NULL;
	int line;

	if (file == NULL) {
		perror(path);
		return 3;
	}
	page = open_memstream(&generated, &written);
	print_page();
	(void)fclose(page);
	char *committed = read_all(file, &size);
	(void)fclose(file);
	line = first_difference(generated, written, committed, size);
	free(generated);
	free(committed);
	if (line == 0)
		return 0;
	(void)fprintf(stderr, "%s:%d: differs from what the validator accepts; allow-list > %s renews it\n",
	              path, line, path);
	return 1;
}

int main(int argc, char **argv)
{
	static uint16_t nodes[4][256];
	static struct shape shapes[4];
	static uint8_t summaries[4];

	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		(void)fputs(
		    "usage: allow-list         writes docs/allow-list.md to standard output\n"
		    "       allow-list FILE    compares FILE with that; exit status 0 same, 1 different\n",
		    stderr);
		return 2;
	}
	rfv_decoder_init(&decoder, nodes, 4, shapes, summaries, 4);
	(void)ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
	enumerate();
	if (argc == 2)
		return compare(argv[1]);
	page = stdout;
	print_page();
	return 0;
}
