/* SPDX-License-Identifier: Apache-2.0 */
#include "image.h"

#include <elf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ringfence/contract.h>
#include <ringfence/nf_abi.h>

#define EXPORT_NAME_MAX 255
/* Each may have the whole file looked through for notes. */
#define PROGRAM_HEADERS_MAX 64

struct parser {
	struct rfv_image *image;
	struct image_error *error;
	bool has_text;
	bool has_note;
	struct rf_nf_note note;
};

/* Whether the condition holds; if not, that is the file's fault. */
__attribute__((format(printf, 5, 6))) static bool
check(struct parser *parser, bool condition, enum rfv_rule rule, uint64_t offset, const char *format, ...)
{
	va_list arguments;

	if (condition)
		return true;
	parser->error->rule = rule;
	parser->error->file_offset = (uint32_t)offset;
	va_start(arguments, format);
	(void)vsnprintf(parser->error->message, sizeof parser->error->message, format, arguments);
	va_end(arguments);
	return false;
}

static bool in_file(const struct rfv_image *image, uint64_t offset, uint64_t size)
{
	return offset <= image->size && size <= image->size - offset;
}

static uint32_t read32(const struct rfv_image *image, uint64_t offset)
{
	uint32_t value;

	memcpy(&value, image->bytes + offset, sizeof value);
	return value;
}

/* ---- Headers and segments ----------------------------------------------- */

static bool check_header(struct parser *parser, Elf32_Ehdr *header)
{
	const struct rfv_image *image = parser->image;
	const enum rfv_rule rule = RFV_RULE_ELF_HEADER;

	if (!check(parser, image->size <= RFV_FILE_MAX, rule, 0, "the file is larger than %u bytes",
	           RFV_FILE_MAX) ||
	    !check(parser, image->size >= sizeof *header, rule, 0, "the file is shorter than an ELF header"))
		return false;
	memcpy(header, image->bytes, sizeof *header);
	return check(parser, memcmp(header->e_ident, ELFMAG, SELFMAG) == 0, rule, 0, "not an ELF file") &&
	       check(parser,
	             header->e_ident[EI_CLASS] == ELFCLASS32 && header->e_ident[EI_DATA] == ELFDATA2LSB &&
	                 header->e_ident[EI_VERSION] == EV_CURRENT && header->e_machine == EM_X86_64,
	             rule, 0, "not an ELF32 file for x86-64 (x32)") &&
	       check(parser, header->e_type == ET_EXEC, rule, 0,
	             "not a statically linked executable (ET_EXEC)") &&
	       check(parser, header->e_phentsize == sizeof(Elf32_Phdr), rule, 0,
	             "program headers of %u bytes", header->e_phentsize) &&
	       check(parser, header->e_phnum <= PROGRAM_HEADERS_MAX, rule, 0,
	             "%u program headers, more than %d", header->e_phnum, PROGRAM_HEADERS_MAX) &&
	       check(parser, in_file(image, header->e_phoff, (uint64_t)header->e_phnum * sizeof(Elf32_Phdr)),
	             rule, 0, "the program headers lie outside of the file");
}

static bool add_text(struct parser *parser, const Elf32_Phdr *segment, uint64_t at)
{
	const uint64_t end = (uint64_t)segment->p_vaddr + segment->p_memsz;
	const enum rfv_rule rule = RFV_RULE_ELF_SEGMENT;

	if (!check(parser, !(segment->p_flags & PF_W), rule, at, "a segment is writable and executable") ||
	    !check(parser, !parser->has_text, rule, at, "a second executable segment") ||
	    !check(parser, segment->p_filesz == segment->p_memsz, rule, at,
	           "the text is not wholly in the file") ||
	    !check(parser, segment->p_vaddr >= RF_TEXT_ADDR && end <= (uint64_t)RF_TEXT_ADDR + RF_TEXT_MAX,
	           rule, at, "the text lies outside of its address range") ||
	    !check(parser, segment->p_vaddr % RF_PAGE_SIZE == 0, rule, at, "the text does not start a page"))
		return false;
	parser->has_text = true;
	parser->image->text.address = segment->p_vaddr;
	parser->image->text.file_offset = segment->p_offset;
	parser->image->text.size = segment->p_memsz;
	return true;
}

static bool add_data(struct parser *parser, const Elf32_Phdr *segment, uint64_t at)
{
	struct rfv_image *image = parser->image;
	const uint64_t end = (uint64_t)segment->p_vaddr + segment->p_memsz;
	const enum rfv_rule rule = RFV_RULE_ELF_SEGMENT;
	uint32_t place = image->segment_count;

	if (!check(parser, segment->p_flags & PF_R, rule, at, "a data segment is not readable") ||
	    !check(parser, segment->p_vaddr >= RF_NULL_GUARD && end <= RF_TEXT_ADDR, rule, at,
	           "a data segment lies outside of [0x%x, 0x%x)", RF_NULL_GUARD, RF_TEXT_ADDR) ||
	    !check(parser, image->segment_count < RFV_SEGMENTS_MAX, rule, at, "more than %d data segments",
	           RFV_SEGMENTS_MAX))
		return false;
	for (; place > 0 && image->segments[place - 1].address > segment->p_vaddr; place--)
		image->segments[place] = image->segments[place - 1];
	image->segments[place] = (struct rfv_segment){
	    .address = segment->p_vaddr,
	    .memory_size = segment->p_memsz,
	    .file_offset = segment->p_offset,
	    .file_size = segment->p_filesz,
	    .writable = (segment->p_flags & PF_W) != 0,
	};
	image->segment_count++;
	return true;
}

static bool add_load(struct parser *parser, const Elf32_Phdr *segment, uint64_t at)
{
	const enum rfv_rule rule = RFV_RULE_ELF_SEGMENT;

	if (!check(parser, in_file(parser->image, segment->p_offset, segment->p_filesz), rule, at,
	           "a segment lies outside of the file") ||
	    !check(parser, segment->p_filesz <= segment->p_memsz, rule, at,
	           "a segment is larger in the file than in memory"))
		return false;
	if (segment->p_memsz == 0)
		return true;
	return segment->p_flags & PF_X ? add_text(parser, segment, at) : add_data(parser, segment, at);
}

/* ---- The note ----------------------------------------------------------- */

static uint64_t align4(uint64_t value)
{
	return (value + 3) & ~UINT64_C(3);
}

/* Takes what a note of ours says. */
static bool add_note(struct parser *parser, const Elf32_Nhdr *header, uint64_t at)
{
	const uint8_t *name = parser->image->bytes + at + sizeof *header;
	const enum rfv_rule rule = RFV_RULE_ELF_NOTE;

	if (header->n_type != RF_NOTE_TYPE || header->n_namesz != sizeof RF_NOTE_NAME ||
	    memcmp(name, RF_NOTE_NAME, sizeof RF_NOTE_NAME) != 0)
		return true;
	if (!check(parser, !parser->has_note, rule, at, "a second Ringfence note") ||
	    !check(parser, header->n_descsz == sizeof parser->note, rule, at,
	           "the Ringfence note has %" PRIu32 " bytes, not %zu", header->n_descsz,
	           sizeof parser->note))
		return false;
	memcpy(&parser->note, name + align4(header->n_namesz), sizeof parser->note);
	parser->has_note = true;
	return true;
}

static bool add_notes(struct parser *parser, const Elf32_Phdr *segment)
{
	uint64_t at = segment->p_offset;
	const uint64_t end = at + segment->p_filesz;

	if (!check(parser, in_file(parser->image, segment->p_offset, segment->p_filesz), RFV_RULE_ELF_NOTE,
	           at, "the notes lie outside of the file"))
		return false;
	while (at + sizeof(Elf32_Nhdr) <= end) {
		Elf32_Nhdr header;
		uint64_t body;

		memcpy(&header, parser->image->bytes + at, sizeof header);
		body = at + sizeof header + align4(header.n_namesz);
		if (!check(parser, body + header.n_descsz <= end, RFV_RULE_ELF_NOTE, at,
		           "a note runs past the end of its segment") ||
		    !add_note(parser, &header, at))
			return false;
		at = body + align4(header.n_descsz);
	}
	return true;
}

static bool add_segment(struct parser *parser, const Elf32_Phdr *segment, uint64_t at)
{
	switch (segment->p_type) {
	case PT_LOAD:
		return add_load(parser, segment, at);
	case PT_NOTE:
		return add_notes(parser, segment);
	default: /* others take no part in loading */
		return check(parser,
		             segment->p_type != PT_DYNAMIC && segment->p_type != PT_INTERP &&
		                 segment->p_type != PT_TLS,
		             RFV_RULE_ELF_SEGMENT, at, "dynamic linking and TLS are not supported");
	}
}

static bool check_program_headers(struct parser *parser, const Elf32_Ehdr *header)
{
	for (uint32_t i = 0; i < header->e_phnum; i++) {
		const uint64_t at = header->e_phoff + (uint64_t)i * sizeof(Elf32_Phdr);
		Elf32_Phdr segment;

		memcpy(&segment, parser->image->bytes + at, sizeof segment);
		if (!add_segment(parser, &segment, at))
			return false;
	}
	return check(parser, parser->has_text, RFV_RULE_ELF_SEGMENT, 0, "there is no executable segment") &&
	       check(parser, parser->has_note, RFV_RULE_ELF_NOTE, 0,
	             "there is no Ringfence note: was it linked by rf-cc?") &&
	       check(parser, parser->note.version == RF_CONTRACT_VERSION, RFV_RULE_ELF_NOTE, 0,
	             "made for contract version %" PRIu32 ", not %d", parser->note.version,
	             RF_CONTRACT_VERSION);
}

static uint64_t end_of(const struct rfv_segment *segment)
{
	return (uint64_t)segment->address + segment->memory_size;
}

static bool share_page(uint64_t low, uint64_t high, const struct rfv_segment *segment)
{
	const uint64_t page = RF_PAGE_SIZE;

	return low / page <= (end_of(segment) - 1) / page && segment->address / page <= (high - 1) / page;
}

static bool check_overlap(struct parser *parser)
{
	struct rfv_image *image = parser->image;
	const uint32_t low = parser->note.data_stack[0];
	const uint32_t high = parser->note.data_stack[1];

	for (uint32_t i = 1; i < image->segment_count; i++) {
		const struct rfv_segment *before = &image->segments[i - 1];
		const struct rfv_segment *segment = &image->segments[i];

		if (!check(parser, !share_page(before->address, end_of(before), segment),
		           RFV_RULE_ELF_OVERLAP, segment->file_offset,
		           "the segments at 0x%" PRIx32 " and 0x%" PRIx32 " share a page", before->address,
		           segment->address))
			return false;
	}
	if (!check(parser,
	           low % RF_PAGE_SIZE == 0 && high % RF_PAGE_SIZE == 0 && low < high &&
	               low >= RF_NULL_GUARD && high <= RF_TEXT_ADDR,
	           RFV_RULE_ELF_NOTE, 0,
	           "the data stack [0x%" PRIx32 ", 0x%" PRIx32 ") is not a range of whole pages of the cell",
	           low, high))
		return false;
	for (uint32_t i = 0; i < image->segment_count; i++)
		if (!check(parser, !share_page(low, high, &image->segments[i]), RFV_RULE_ELF_OVERLAP,
		           image->segments[i].file_offset,
		           "the segment at 0x%" PRIx32 " shares a page with the data stack",
		           image->segments[i].address))
			return false;
	image->data_stack_low = low;
	image->data_stack_high = high;
	return true;
}

/* ---- What the note points to -------------------------------------------- */

/* The segment that holds all `size` bytes at `address` in memory, or NULL. */
static const struct rfv_segment *find_segment(const struct rfv_image *image, uint32_t address, uint64_t size)
{
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct rfv_segment *segment = &image->segments[i];

		if (address >= segment->address && address + size <= end_of(segment))
			return segment;
	}
	return NULL;
}

/* File offset of read-only data that is in the file in full, or false. */
static bool find_constant(const struct rfv_image *image, uint32_t address, uint64_t size,
                          uint32_t *file_offset)
{
	const struct rfv_segment *segment = find_segment(image, address, size);

	if (segment == NULL || segment->writable || address - segment->address + size > segment->file_size)
		return false;
	*file_offset = segment->file_offset + (address - segment->address);
	return true;
}

static bool in_text(const struct rfv_image *image, uint32_t address)
{
	return address >= image->text.address && address - image->text.address < image->text.size;
}

/* One of the note's tables. */
struct listed {
	const uint32_t *range;
	struct rfv_table *table;
	const char *name;
	uint32_t entry_size;
	uint32_t place;   /* of the text address in an entry */
	uint32_t address; /* where it must stand, as its copy in the control block has a fixed place; 0:
	                     anywhere */
	uint32_t size_max;
};

static bool check_table(struct parser *parser, const struct listed *listed)
{
	const uint32_t low = listed->range[0];
	const uint32_t high = listed->range[1];
	const struct rfv_image *image = parser->image;
	const bool functions = listed->table == &image->function_table;
	const enum rfv_rule rule = RFV_RULE_ELF_TABLE;
	struct rfv_table *table = listed->table;

	table->address = low;
	if (low == high)
		return true;
	if (!check(parser, low < high && (high - low) % listed->entry_size == 0 && low % 4 == 0, rule, 0,
	           "the %s [0x%" PRIx32 ", 0x%" PRIx32 ") is not a range of %" PRIu32 "-byte entries",
	           listed->name, low, high, listed->entry_size) ||
	    !check(parser, find_constant(image, low, high - low, &table->file_offset), rule, 0,
	           "the %s [0x%" PRIx32 ", 0x%" PRIx32 ") is not in read-only data", listed->name, low,
	           high) ||
	    !check(parser, listed->address == 0 || (low == listed->address && high - low <= listed->size_max),
	           rule, table->file_offset,
	           "the %s is not at 0x%" PRIx32 " or is larger than %" PRIu32 " bytes", listed->name,
	           listed->address, listed->size_max))
		return false;
	table->count = (high - low) / listed->entry_size;
	for (uint32_t i = 0; i < table->count; i++) {
		const uint64_t at = table->file_offset + (uint64_t)i * listed->entry_size;
		const uint32_t address = read32(image, at + listed->place);
		const bool upper_half = listed->address != 0 && read32(image, at + 4) != 0;

		if (!check(parser, !upper_half && (in_text(image, address) || (functions && address == 0)),
		           rule, at, "entry %" PRIu32 " of the %s is not a text address", i, listed->name))
			return false;
	}
	return check(parser, !functions || read32(image, table->file_offset) == 0, rule, table->file_offset,
	             "entry 0 of the %s is in use", listed->name);
}

/* Of 1 to EXPORT_NAME_MAX bytes, and a NUL. */
static bool is_name(const struct rfv_image *image, uint32_t address)
{
	const struct rfv_segment *segment = find_segment(image, address, 1);
	uint32_t offset;
	size_t left;

	if (!find_constant(image, address, 1, &offset))
		return false;
	left = segment->file_offset + segment->file_size - offset;
	return image->bytes[offset] != 0 &&
	       memchr(image->bytes + offset, 0, left <= EXPORT_NAME_MAX ? left : EXPORT_NAME_MAX + 1) != NULL;
}

static bool check_tables(struct parser *parser)
{
	struct rfv_image *image = parser->image;
	const struct rf_nf_note *note = &parser->note;
	const struct listed tables[] = {
	    {note->function_table, &image->function_table, "function table", 8, 0, RF_FUNCTION_TABLE_ADDR,
	     RF_FUNCTION_TABLE_SIZE},
	    {note->jump_tables, &image->jump_tables, "jump table area", 8, 0, RF_JUMP_TABLE_ADDR,
	     RF_JUMP_TABLE_SIZE},
	    {note->entries, &image->entries, "list of entries", 4, 0, 0, 0},
	    {note->exports, &image->exports, "list of exports", sizeof(struct rf_nf_export), 4, 0, 0},
	};

	for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
		if (!check_table(parser, &tables[k]))
			return false;
	for (uint32_t i = 0; i < image->exports.count; i++) {
		const uint64_t at = image->exports.file_offset + (uint64_t)i * sizeof(struct rf_nf_export);

		if (!check(parser, is_name(image, read32(image, at)), RFV_RULE_ELF_TABLE, at,
		           "the name of export %" PRIu32
		           " is not a string of 1 to %d bytes in read-only data",
		           i, EXPORT_NAME_MAX))
			return false;
	}
	return true;
}

static bool check_writable(struct parser *parser, uint32_t address, uint32_t size, uint32_t alignment,
                           const char *name)
{
	const struct rfv_segment *segment = find_segment(parser->image, address, size);

	return check(parser, segment != NULL && segment->writable && address % alignment == 0,
	             RFV_RULE_ELF_TABLE, 0, "%s at 0x%" PRIx32 " is not in writable data or not aligned",
	             name, address);
}

bool rfv_image_parse(struct rfv_image *image, const uint8_t *bytes, size_t size, struct image_error *error)
{
	struct parser parser = {.image = image, .error = error};
	Elf32_Ehdr header;

	*image = (struct rfv_image){.bytes = bytes, .size = size};
	if (!check_header(&parser, &header) || !check_program_headers(&parser, &header))
		return false;
	image->info = parser.note.info;
	image->burst = parser.note.burst;
	return check_overlap(&parser) && check_tables(&parser) &&
	       check_writable(&parser, image->info, sizeof(struct rf_cell_info), 4, "the cell information") &&
	       check_writable(&parser, image->burst, sizeof(struct rf_burst), 8, "the burst");
}

/* ---- Accessors ---------------------------------------------------------- */

uint32_t rfv_image_table_entry(const struct rfv_image *image, const struct rfv_table *table, uint32_t i)
{
	return read32(image, table->file_offset + (uint64_t)i * 8);
}

void rfv_image_export(const struct rfv_image *image, uint32_t i, const char **name, uint32_t *function)
{
	const uint64_t at = image->exports.file_offset + (uint64_t)i * sizeof(struct rf_nf_export);
	uint32_t offset = 0;

	*function = read32(image, at + 4);
	*name =
	    find_constant(image, read32(image, at), 1, &offset) ? (const char *)image->bytes + offset : "";
}

uint32_t rfv_image_find_export(const struct rfv_image *image, const char *name)
{
	for (uint32_t i = 0; i < image->exports.count; i++) {
		const char *candidate;
		uint32_t function;

		rfv_image_export(image, i, &candidate, &function);
		if (strcmp(candidate, name) == 0)
			return function;
	}
	return 0;
}
