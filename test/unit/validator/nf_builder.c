/* SPDX-License-Identifier: Apache-2.0 */
#include "nf_builder.h"

#include <stddef.h>
#include <string.h>

#define CONSTANTS_ADDR RF_IMAGE_ADDR
#define DATA_ADDR 0x300000
#define DATA_SIZE 0x8000
#define STACK_LOW 0x200000

static uint32_t constant_address(size_t offset)
{
	return CONSTANTS_ADDR + (uint32_t)offset;
}

static void set_range(uint32_t range[2], uint32_t address, uint32_t size)
{
	range[0] = address;
	range[1] = address + size;
}

static Elf32_Phdr load(uint32_t address, size_t offset, size_t size, uint32_t memory_size, uint32_t flags)
{
	return (Elf32_Phdr){.p_type = PT_LOAD,
	                    .p_offset = (uint32_t)offset,
	                    .p_vaddr = address,
	                    .p_paddr = address,
	                    .p_filesz = (uint32_t)size,
	                    .p_memsz = memory_size,
	                    .p_flags = flags,
	                    .p_align = RF_PAGE_SIZE};
}

static void build_header(Elf32_Ehdr *header)
{
	*header = (Elf32_Ehdr){.e_type = ET_EXEC,
	                       .e_machine = EM_X86_64,
	                       .e_version = EV_CURRENT,
	                       .e_phoff = offsetof(struct nf_file, segment),
	                       .e_ehsize = sizeof *header,
	                       .e_phentsize = sizeof(Elf32_Phdr),
	                       .e_phnum = NF_SEGMENTS};
	memcpy(header->e_ident, ELFMAG, SELFMAG);
	header->e_ident[EI_CLASS] = ELFCLASS32;
	header->e_ident[EI_DATA] = ELFDATA2LSB;
	header->e_ident[EI_VERSION] = EV_CURRENT;
}

static void build_note(struct nf_note_file *note)
{
	struct rf_nf_note *body = &note->body;

	note->header = (Elf32_Nhdr){
	    .n_namesz = sizeof RF_NOTE_NAME, .n_descsz = sizeof note->body, .n_type = RF_NOTE_TYPE};
	memcpy(note->name, RF_NOTE_NAME, sizeof RF_NOTE_NAME);
	body->version = RF_CONTRACT_VERSION;
	set_range(body->function_table, RF_FUNCTION_TABLE_ADDR, 8);
	set_range(body->jump_tables, RF_JUMP_TABLE_ADDR, 0);
	set_range(body->entries, constant_address(offsetof(struct nf_constants, entries)), 0);
	set_range(body->exports, constant_address(offsetof(struct nf_constants, exports)),
	          sizeof(struct rf_nf_export));
	set_range(body->data_stack, STACK_LOW, 0x10000);
	body->info = DATA_ADDR + 0x20;
	body->burst = DATA_ADDR + 0x40;
}

void nf_build(struct nf_file *file, const uint8_t *text, uint32_t size)
{
	memset(file, 0, sizeof *file);
	build_header(&file->header);
	build_note(&file->note);
	file->segment[NF_TABLES] = load(RF_FUNCTION_TABLE_ADDR, offsetof(struct nf_file, functions),
	                                sizeof file->functions, sizeof file->functions, PF_R);
	file->segment[NF_JUMPS] = load(RF_JUMP_TABLE_ADDR, offsetof(struct nf_file, jumps),
	                               sizeof file->jumps, sizeof file->jumps, PF_R);
	file->segment[NF_CONSTANTS] = load(CONSTANTS_ADDR, offsetof(struct nf_file, constants),
	                                   sizeof file->constants, sizeof file->constants, PF_R);
	file->segment[NF_DATA] =
	    load(DATA_ADDR, offsetof(struct nf_file, data), sizeof file->data, DATA_SIZE, PF_R | PF_W);
	file->segment[NF_TEXT] = load(RF_TEXT_ADDR, offsetof(struct nf_file, text), size, size, PF_R | PF_X);
	file->segment[NF_NOTE] = (Elf32_Phdr){.p_type = PT_NOTE,
	                                      .p_offset = offsetof(struct nf_file, note),
	                                      .p_filesz = sizeof file->note,
	                                      .p_memsz = sizeof file->note,
	                                      .p_flags = PF_R,
	                                      .p_align = 4};
	memcpy(file->constants.names, "f", 2);
	file->constants.exports[0].name = constant_address(offsetof(struct nf_constants, names));
	file->constants.exports[0].function = RF_TEXT_ADDR;
	memcpy(file->text, text, size);
}

size_t nf_size(const struct nf_file *file)
{
	return offsetof(struct nf_file, text) + file->segment[NF_TEXT].p_filesz;
}

void nf_add_entry(struct nf_file *file, uint32_t offset)
{
	uint32_t *range = file->note.body.entries;

	file->constants.entries[(range[1] - range[0]) / 4] = RF_TEXT_ADDR + offset;
	range[1] += 4;
}

static void set_code(uint64_t *table, uint32_t range[2], uint32_t k, uint32_t offset)
{
	table[k] = RF_TEXT_ADDR + offset;
	if (range[1] < range[0] + 8 * (k + 1))
		range[1] = range[0] + 8 * (k + 1);
}

void nf_set_function(struct nf_file *file, uint32_t k, uint32_t offset)
{
	set_code(file->functions, file->note.body.function_table, k, offset);
}

void nf_set_jump(struct nf_file *file, uint32_t k, uint32_t offset)
{
	set_code(file->jumps, file->note.body.jump_tables, k, offset);
}
