/* SPDX-License-Identifier: Apache-2.0 */
/* Malformed files: one damaged field each, every truncation, and random damage. */
#include <criterion/criterion.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/validator.h>

#include "nf_builder.h"

static const uint8_t ret[] = {0xc3};
static struct nf_file nf;

/* Checks a copy of exactly this size, so that ASan sees reads past its end. */
static enum rfv_verdict check_size(const struct nf_file *file, size_t size, struct rfv_finding *finding,
                                   struct rfv_image *image)
{
	struct rfv_report report = {.findings = finding, .capacity = finding == NULL ? 0 : 1};
	uint8_t *bytes = malloc(size == 0 ? 1 : size);
	enum rfv_verdict verdict;

	cr_assert_not_null(bytes);
	memcpy(bytes, file, size);
	verdict = rfv_check(bytes, size, &report);
	if (verdict == RFV_MALFORMED)
		cr_expect_eq(report.total, 1);
	if (image != NULL)
		*image = report.image;
	free(bytes);
	return verdict;
}

/* ---- One damaged field -------------------------------------------------- */

struct damage {
	const char *name;
	size_t offset; /* of a field of struct nf_file */
	size_t size;
	uint64_t value;
	const char *rule; /* "" for accepted */
	const char *message;
};

#define FIELD(field) offsetof(struct nf_file, field), sizeof nf.field
#define HEADER(field) FIELD(header.field)
#define SEGMENT(number, field) FIELD(segment[number].field)
#define NOTE(field) FIELD(note.body.field)

static const struct damage damages[] = {
    {"nothing", HEADER(e_flags), 0, "", ""},
    {"entry_point_does_not_matter", HEADER(e_entry), 0xffffffff, "", ""},
    {"section_headers_do_not_matter", HEADER(e_shoff), 0xffffffff, "", ""},

    {"magic", HEADER(e_ident[1]), 'X', "elf-header", "not an ELF"},
    {"class_64", HEADER(e_ident[EI_CLASS]), ELFCLASS64, "elf-header", "not an ELF32"},
    {"big_endian", HEADER(e_ident[EI_DATA]), ELFDATA2MSB, "elf-header", "not an ELF32"},
    {"ident_version", HEADER(e_ident[EI_VERSION]), 2, "elf-header", "not an ELF32"},
    {"machine_i386", HEADER(e_machine), EM_386, "elf-header", "not an ELF32"},
    {"relocatable", HEADER(e_type), ET_REL, "elf-header", "ET_EXEC"},
    {"shared_object", HEADER(e_type), ET_DYN, "elf-header", "ET_EXEC"},
    {"header_size", HEADER(e_phentsize), 56, "elf-header", "program headers of 56"},
    {"headers_far_away", HEADER(e_phoff), 0xfffffff0, "elf-header", "outside of the file"},
    {"headers_past_the_end", HEADER(e_phoff), sizeof(struct nf_file), "elf-header", "outside of the file"},
    {"too_many_headers", HEADER(e_phnum), 0xffff, "elf-header", "65535 program headers, more than 64"},
    {"one_header_too_many", HEADER(e_phnum), 65, "elf-header", "65 program headers, more than 64"},
    {"headers_outside", HEADER(e_phoff), sizeof(struct nf_file) - 4, "elf-header", "outside of the file"},
    {"no_headers", HEADER(e_phnum), 0, "elf-segment", "no executable segment"},

    {"text_offset_huge", SEGMENT(NF_TEXT, p_offset), 0xfffffff0, "elf-segment", "outside of the file"},
    {"text_offset_wraps", SEGMENT(NF_TEXT, p_offset), 0xffffffff, "elf-segment", "outside of the file"},
    {"text_size_huge", SEGMENT(NF_TEXT, p_filesz), 0xffffffff, "elf-segment", "outside of the file"},
    {"text_larger_in_memory", SEGMENT(NF_TEXT, p_memsz), 2, "elf-segment", "not wholly in the file"},
    {"text_smaller_in_memory", SEGMENT(NF_DATA, p_memsz), 1, "elf-segment", "larger in the file"},
    {"text_empty", SEGMENT(NF_TEXT, p_type), PT_NULL, "elf-segment", "no executable segment"},
    {"text_below_its_range", SEGMENT(NF_TEXT, p_vaddr), RF_TEXT_ADDR - 0x1000, "elf-segment",
     "address range"},
    {"text_above_its_range", SEGMENT(NF_TEXT, p_vaddr), (uint64_t)RF_TEXT_ADDR + RF_TEXT_MAX, "elf-segment",
     "address range"},
    {"text_address_wraps", SEGMENT(NF_TEXT, p_vaddr), 0xfffffffe, "elf-segment", "address range"},
    {"text_within_a_page", SEGMENT(NF_TEXT, p_vaddr), RF_TEXT_ADDR + 16, "elf-segment", "start a page"},
    {"text_writable", SEGMENT(NF_TEXT, p_flags), PF_R | PF_W | PF_X, "elf-segment",
     "writable and executable"},
    {"data_writable_and_executable", SEGMENT(NF_DATA, p_flags), PF_R | PF_W | PF_X, "elf-segment",
     "writable and executable"},
    {"text_not_executable", SEGMENT(NF_TEXT, p_flags), PF_R, "elf-segment", "data segment lies outside"},
    {"second_text", SEGMENT(NF_JUMPS, p_flags), PF_R | PF_X, "elf-segment", ""},
    {"data_not_readable", SEGMENT(NF_DATA, p_flags), PF_W, "elf-segment", "not readable"},
    {"data_in_the_null_guard", SEGMENT(NF_DATA, p_vaddr), RF_NULL_GUARD - 0x1000, "elf-segment",
     "outside of [0x"},
    {"data_at_null", SEGMENT(NF_DATA, p_vaddr), 0, "elf-segment", "outside of [0x"},
    {"data_reaches_the_text", SEGMENT(NF_DATA, p_vaddr), RF_TEXT_ADDR - 0x1000, "elf-segment",
     "outside of [0x"},
    {"data_above_the_text", SEGMENT(NF_DATA, p_vaddr), (uint64_t)RF_TEXT_ADDR + RF_TEXT_MAX, "elf-segment",
     "outside of [0x"},
    {"data_address_wraps", SEGMENT(NF_DATA, p_vaddr), 0xfffff000, "elf-segment", "outside of [0x"},
    {"data_size_wraps", SEGMENT(NF_DATA, p_memsz), 0xfffffff0, "elf-segment", "outside of [0x"},
    {"dynamic_segment", SEGMENT(NF_NOTE, p_type), PT_DYNAMIC, "elf-segment", "dynamic linking"},
    {"interpreter", SEGMENT(NF_NOTE, p_type), PT_INTERP, "elf-segment", "dynamic linking"},
    {"thread_local_storage", SEGMENT(NF_NOTE, p_type), PT_TLS, "elf-segment", "TLS"},

    {"segments_overlap", SEGMENT(NF_DATA, p_vaddr), RF_IMAGE_ADDR, "elf-overlap", "share a page"},
    {"segments_share_a_page", SEGMENT(NF_DATA, p_vaddr), RF_IMAGE_ADDR + 0x800, "elf-overlap",
     "share a page"},
    {"segment_around_another", SEGMENT(NF_TABLES, p_memsz), 0x200000, "elf-overlap", "share a page"},
    {"data_reaches_the_stack", SEGMENT(NF_CONSTANTS, p_memsz), 0x100001, "elf-overlap", "data stack"},
    {"stack_reaches_the_data", NOTE(data_stack[1]), 0x301000, "elf-overlap", "data stack"},

    {"note_missing", SEGMENT(NF_NOTE, p_type), PT_NULL, "elf-note", "no Ringfence note"},
    {"note_offset_huge", SEGMENT(NF_NOTE, p_offset), 0xfffffff8, "elf-note", "outside of the file"},
    {"note_name", FIELD(note.name[0]), 'X', "elf-note", "no Ringfence note"},
    {"note_name_size", FIELD(note.header.n_namesz), 9, "elf-note", "no Ringfence note"},
    {"note_name_size_huge", FIELD(note.header.n_namesz), 0xffffffff, "elf-note", "past the end"},
    {"note_size_huge", FIELD(note.header.n_descsz), 0xffffffff, "elf-note", "past the end"},
    {"note_size", FIELD(note.header.n_descsz), sizeof(struct rf_nf_note) - 4, "elf-note", "not 52"},
    {"note_type", FIELD(note.header.n_type), 2, "elf-note", "no Ringfence note"},
    {"note_segment_too_short", SEGMENT(NF_NOTE, p_filesz), 40, "elf-note", "past the end"},
    {"note_twice", SEGMENT(NF_JUMPS, p_type), PT_NOTE, "", ""},
    {"version_0", NOTE(version), 0, "elf-note", "contract version 0"},
    {"version_2", NOTE(version), 2, "elf-note", "contract version 2"},
    {"stack_unaligned", NOTE(data_stack[0]), 0x200010, "elf-note", "whole pages"},
    {"stack_empty", NOTE(data_stack[1]), 0x200000, "elf-note", "whole pages"},
    {"stack_inverted", NOTE(data_stack[0]), 0x280000, "elf-note", "whole pages"},
    {"stack_in_the_null_guard", NOTE(data_stack[0]), 0x8000, "elf-note", "whole pages"},
    {"stack_in_the_text", NOTE(data_stack[1]), RF_TEXT_ADDR + 0x1000, "elf-note", "whole pages"},

    {"function_table_elsewhere", NOTE(function_table[0]), RF_IMAGE_ADDR, "elf-table", "not a range"},
    {"function_table_inverted", NOTE(function_table[1]), 8, "elf-table", "not a range"},
    {"function_table_half_an_entry", NOTE(function_table[1]), RF_FUNCTION_TABLE_ADDR + 12, "elf-table",
     "not a range"},
    {"function_table_past_its_segment", NOTE(function_table[1]), RF_FUNCTION_TABLE_ADDR + 0x1000, "elf-table",
     "not in read-only data"},
    {"function_table_huge", NOTE(function_table[1]), 0xfffffff8, "elf-table", "not in read-only data"},
    {"function_table_writable", SEGMENT(NF_TABLES, p_flags), PF_R | PF_W, "elf-table",
     "not in read-only data"},
    {"function_table_not_in_the_file", SEGMENT(NF_TABLES, p_filesz), 4, "elf-table", "not in read-only data"},
    {"function_entry_0_used", FIELD(functions[0]), RF_TEXT_ADDR, "elf-table",
     "entry 0 of the function table"},
    {"function_entry_upper_half", FIELD(functions[0]), 0x100000000, "elf-table", "not a text address"},
    {"jump_tables_elsewhere", NOTE(jump_tables[0]), RF_JUMP_TABLE_ADDR - 8, "elf-table",
     "not in read-only data"},
    {"jump_table_entry_0", NOTE(jump_tables[1]), RF_JUMP_TABLE_ADDR + 8, "elf-table", "not a text address"},
    {"entry_not_in_text", NOTE(entries[1]), RF_IMAGE_ADDR + 4, "elf-table", "not a text address"},
    {"entries_past_their_segment", NOTE(entries[1]), 0x200000, "elf-table", "not in read-only data"},
    {"exports_past_their_segment", NOTE(exports[1]), 0xfffffffc, "elf-table", "list of exports"},
    {"exports_in_the_stack", NOTE(exports[0]), 0x200000, "elf-table", "list of exports"},
    {"export_function_outside", FIELD(constants.exports[0].function), RF_TEXT_ADDR + 1, "elf-table",
     "not a text address"},
    {"export_function_null", FIELD(constants.exports[0].function), 0, "elf-table", "not a text address"},
    {"export_name_outside", FIELD(constants.exports[0].name), 0x10, "elf-table", "name of export 0"},
    {"export_name_in_the_text", FIELD(constants.exports[0].name), RF_TEXT_ADDR, "elf-table",
     "name of export 0"},
    {"export_name_empty", FIELD(constants.names[0]), 0, "elf-table", "name of export 0"},
    {"info_outside", NOTE(info), 0x310000, "elf-table", "cell information"},
    {"info_at_the_end", NOTE(info), 0x307ff0, "elf-table", "cell information"},
    {"info_wraps", NOTE(info), 0xfffffff0, "elf-table", "cell information"},
    {"info_unaligned", NOTE(info), 0x300021, "elf-table", "cell information"},
    {"info_read_only", NOTE(info), RF_IMAGE_ADDR, "elf-table", "cell information"},
    {"burst_outside", NOTE(burst), 0x306000, "elf-table", "the burst"},
    {"burst_unaligned", NOTE(burst), 0x300044, "elf-table", "the burst"},
    {"burst_read_only", SEGMENT(NF_DATA, p_flags), PF_R, "elf-table", "cell information"},
};

Test(image, one_damaged_field)
{
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		const struct damage *damage = &damages[i];
		struct rfv_finding finding;
		enum rfv_verdict verdict;

		nf_build(&nf, ret, sizeof ret);
		memcpy((char *)&nf + damage->offset, &damage->value, damage->size);
		verdict = check_size(&nf, sizeof nf, &finding, NULL);
		if (*damage->rule == '\0') {
			cr_expect_eq(verdict, RFV_ACCEPTED, "%s: %s", damage->name, finding.message);
			continue;
		}
		cr_expect_eq(verdict, RFV_MALFORMED, "%s: verdict %d", damage->name, verdict);
		cr_expect_str_eq(rfv_rule_name(finding.rule), damage->rule, "%s: %s: %s", damage->name,
		                 rfv_rule_name(finding.rule), finding.message);
		cr_expect_not_null(strstr(finding.message, damage->message), "%s: %s", damage->name,
		                   finding.message);
	}
}

/* ---- Damage that takes more than one field ------------------------------ */

static void expect_malformed(const char *rule, const char *message)
{
	struct rfv_finding finding;

	cr_expect_eq(check_size(&nf, sizeof nf, &finding, NULL), RFV_MALFORMED);
	cr_expect_str_eq(rfv_rule_name(finding.rule), rule, "%s", finding.message);
	cr_expect_not_null(strstr(finding.message, message), "%s", finding.message);
}

Test(image, two_texts)
{
	nf_build(&nf, ret, sizeof ret);
	nf.segment[NF_JUMPS] = nf.segment[NF_TEXT];
	nf.segment[NF_JUMPS].p_vaddr += 0x1000;
	expect_malformed("elf-segment", "second executable");
}

Test(image, two_notes)
{
	nf_build(&nf, ret, sizeof ret);
	nf.segment[NF_JUMPS] = nf.segment[NF_NOTE];
	expect_malformed("elf-note", "second Ringfence note");
}

Test(image, identical_segments)
{
	nf_build(&nf, ret, sizeof ret);
	nf.segment[NF_JUMPS] = nf.segment[NF_DATA];
	expect_malformed("elf-overlap", "share a page");
}

Test(image, too_many_segments)
{
	static struct {
		struct nf_file nf;
		Elf32_Phdr segments[RFV_SEGMENTS_MAX + NF_SEGMENTS];
	} large;
	struct rfv_finding finding;
	struct rfv_report report = {.findings = &finding, .capacity = 1};

	nf_build(&large.nf, ret, sizeof ret);
	memcpy(large.segments, large.nf.segment, sizeof large.nf.segment);
	for (uint32_t i = NF_SEGMENTS; i < RFV_SEGMENTS_MAX + NF_SEGMENTS; i++) {
		large.segments[i] = large.segments[NF_CONSTANTS];
		large.segments[i].p_vaddr += 0x1000000 + i * 0x10000;
	}
	large.nf.header.e_phoff = offsetof(__typeof__(large), segments);
	large.nf.header.e_phnum = RFV_SEGMENTS_MAX + NF_SEGMENTS - 6;
	cr_expect_eq(rfv_check(&large, sizeof large, &report), RFV_ACCEPTED, "%s", finding.message);
	large.nf.header.e_phnum = RFV_SEGMENTS_MAX + NF_SEGMENTS;
	cr_expect_eq(rfv_check(&large, sizeof large, &report), RFV_MALFORMED);
	cr_expect_not_null(strstr(finding.message, "more than 16"), "%s", finding.message);
}

Test(image, function_table_elsewhere)
{
	nf_build(&nf, ret, sizeof ret);
	nf.segment[NF_TABLES].p_vaddr += 0x1000;
	nf.note.body.function_table[0] += 0x1000;
	nf.note.body.function_table[1] += 0x1000;
	expect_malformed("elf-table", "not at 0x10000");
}

Test(image, jump_tables_elsewhere)
{
	nf_build(&nf, ret, sizeof ret);
	nf_set_jump(&nf, 0, 0);
	cr_expect_eq(check_size(&nf, sizeof nf, NULL, NULL), RFV_ACCEPTED);
	nf.segment[NF_JUMPS].p_vaddr += 8;
	nf.note.body.jump_tables[0] += 8;
	nf.note.body.jump_tables[1] += 8;
	expect_malformed("elf-table", "not at 0x20000");
}

Test(image, empty_segments_do_not_matter)
{
	nf_build(&nf, ret, sizeof ret);
	nf.segment[NF_JUMPS] = nf.segment[NF_TEXT];
	nf.segment[NF_JUMPS].p_filesz = 0;
	nf.segment[NF_JUMPS].p_memsz = 0;
	cr_expect_eq(check_size(&nf, sizeof nf, NULL, NULL), RFV_ACCEPTED);
}

Test(image, table_unaligned)
{
	nf_build(&nf, ret, sizeof ret);
	nf.note.body.entries[0] += 2;
	nf.note.body.entries[1] += 6;
	expect_malformed("elf-table", "not a range");
}

Test(image, function_table_too_long)
{
	const size_t size = sizeof nf + RF_FUNCTION_TABLE_SIZE + 8;
	uint8_t *bytes = calloc(1, size);
	struct nf_file *file = (struct nf_file *)(void *)bytes;
	struct rfv_finding finding;

	cr_assert_not_null(bytes);
	nf_build(file, ret, sizeof ret);
	file->segment[NF_JUMPS].p_type = PT_NULL;
	file->segment[NF_TABLES].p_offset = sizeof nf;
	file->segment[NF_TABLES].p_filesz = RF_FUNCTION_TABLE_SIZE + 8;
	file->segment[NF_TABLES].p_memsz = RF_FUNCTION_TABLE_SIZE + 8;
	file->note.body.function_table[1] = RF_FUNCTION_TABLE_ADDR + RF_FUNCTION_TABLE_SIZE;
	cr_expect_eq(check_size(file, size, NULL, NULL), RFV_ACCEPTED);
	file->note.body.function_table[1] += 8;
	cr_expect_eq(check_size(file, size, &finding, NULL), RFV_MALFORMED);
	cr_expect_not_null(strstr(finding.message, "larger than 65536 bytes"), "%s", finding.message);
	free(bytes);
}

Test(image, export_name_too_long)
{
	nf_build(&nf, ret, sizeof ret);
	nf.segment[NF_CONSTANTS].p_memsz = 0x1000;
	nf.constants.exports[0].name = RF_IMAGE_ADDR;
	memset(nf.constants.entries, 'x', 255);
	cr_expect_eq(check_size(&nf, sizeof nf, NULL, NULL), RFV_ACCEPTED, "255 bytes are allowed");
	memset(nf.constants.entries, 'x', 256);
	expect_malformed("elf-table", "name of export 0");
}

Test(image, export_name_not_ended)
{
	nf_build(&nf, ret, sizeof ret);
	memset(nf.constants.names, 'x', sizeof nf.constants.names);
	expect_malformed("elf-table", "name of export 0");
}

Test(image, file_too_large)
{
	static const uint8_t byte;
	struct rfv_report report = {0};

	cr_expect_eq(rfv_check(&byte, (size_t)RFV_FILE_MAX + 1, &report), RFV_MALFORMED);
}

Test(image, names_of_rules_that_do_not_exist)
{
	cr_expect_str_eq(rfv_rule_name(RFV_RULE_NONE), "none");
	cr_expect_str_eq(rfv_rule_name(RFV_RULE_COUNT), "none");
	cr_expect_str_eq(rfv_rule_name((enum rfv_rule) - 1), "none");
	cr_expect_str_eq(rfv_rule_summary((enum rfv_rule)1000), rfv_rule_summary(RFV_RULE_NONE));
	cr_expect_str_neq(rfv_rule_summary(RFV_RULE_LIMIT), rfv_rule_summary(RFV_RULE_NONE));
	cr_expect_str_not_empty(rfv_version());
}

/* Findings of the file, of the sweep, of branches and of the proof, and more of them than are stored. */
Test(image, findings_are_in_order)
{
	enum { BLOCK = 7, BLOCKS = 40 };
	/* syscall; je into an instruction; mov eax, [rax] */
	static const uint8_t block[BLOCK + 1] = {0x0f, 0x05, 0x74, 0x01, 0x8b, 0x00, 0x90, 0x90};
	static uint8_t text[BLOCKS * sizeof block + 1];
	static struct rfv_finding findings[3 * BLOCKS + 2];
	struct rfv_report report = {.findings = findings, .capacity = 3 * BLOCKS + 2};

	for (size_t i = 0; i < BLOCKS; i++)
		memcpy(text + i * sizeof block, block, sizeof block);
	text[sizeof text - 1] = 0xc3;
	nf_build(&nf, text, sizeof text);
	nf_set_function(&nf, 1, 1);
	nf_set_function(&nf, 2, 5);
	cr_expect_eq(rfv_check(&nf, sizeof nf, &report), RFV_REJECTED);
	cr_expect_eq(report.total, 3 * BLOCKS + 2);
	cr_assert_eq(report.stored, 3 * BLOCKS + 2);
	cr_expect_eq(findings[0].address, 0);
	cr_expect_eq(findings[1].address, 0);
	cr_expect_lt(findings[0].file_offset, findings[1].file_offset);
	for (uint32_t i = 0; i < 3 * BLOCKS; i++)
		cr_expect_eq(findings[2 + i].address,
		             RF_TEXT_ADDR + i / 3 * (uint32_t)sizeof block + i % 3 * 2);
	report.capacity = 5;
	cr_expect_eq(rfv_check(&nf, sizeof nf, &report), RFV_REJECTED);
	cr_expect_eq(report.total, 3 * BLOCKS + 2);
	cr_expect_eq(report.stored, 5);
}

/* ---- What a loader gets ------------------------------------------------- */

Test(image, describes_the_binary)
{
	static const uint8_t text[] = {0xc3, 0x90, 0xc3};
	struct rfv_report report = {0};
	const struct rfv_image *image = &report.image;
	const char *name;
	uint32_t function;

	nf_build(&nf, text, sizeof text);
	nf_set_function(&nf, 2, 2);
	nf_set_jump(&nf, 0, 1);
	nf_add_entry(&nf, 2);
	cr_assert_eq(rfv_check(&nf, sizeof nf, &report), RFV_ACCEPTED);
	cr_expect_eq(image->text.address, RF_TEXT_ADDR);
	cr_expect_eq(image->text.size, sizeof text);
	cr_expect_eq(image->text.file_offset, offsetof(struct nf_file, text));
	cr_assert_eq(image->segment_count, 4);
	for (uint32_t i = 1; i < image->segment_count; i++)
		cr_expect_gt(image->segments[i].address, image->segments[i - 1].address);
	cr_expect(image->segments[3].writable);
	cr_expect_eq(image->segments[3].memory_size, 0x8000);
	cr_expect_eq(image->segments[3].file_size, sizeof nf.data);
	cr_assert_eq(image->function_table.count, 3);
	cr_expect_eq(rfv_image_table_entry(image, &image->function_table, 1), 0);
	cr_expect_eq(rfv_image_table_entry(image, &image->function_table, 2), RF_TEXT_ADDR + 2);
	cr_assert_eq(image->jump_tables.count, 1);
	cr_expect_eq(rfv_image_table_entry(image, &image->jump_tables, 0), RF_TEXT_ADDR + 1);
	cr_assert_eq(image->exports.count, 1);
	rfv_image_export(image, 0, &name, &function);
	cr_expect_str_eq(name, "f");
	cr_expect_eq(function, RF_TEXT_ADDR);
	cr_expect_eq(rfv_image_find_export(image, "f"), RF_TEXT_ADDR);
	cr_expect_eq(rfv_image_find_export(image, "g"), 0);
	cr_expect_eq(image->data_stack_low, 0x200000);
	cr_expect_eq(image->data_stack_high, 0x210000);
	cr_expect_eq(report.stats.text_bytes, 3);
	cr_expect_eq(report.stats.instructions, 3);
	cr_expect_eq(report.stats.functions, 2);
}

Test(image, counts_findings_that_do_not_fit)
{
	/* Three accesses through unknown pointers. */
	static const uint8_t text[] = {0x8b, 0x07, 0x8b, 0x07, 0x8b, 0x06, 0xc3};
	struct rfv_finding findings[2];
	struct rfv_report report = {.findings = findings, .capacity = 2};

	nf_build(&nf, text, sizeof text);
	cr_expect_eq(rfv_check(&nf, sizeof nf, &report), RFV_REJECTED);
	cr_expect_eq(report.total, 3);
	cr_expect_eq(report.stored, 2);
	cr_expect_eq(findings[0].address, RF_TEXT_ADDR);
	cr_expect_eq(findings[1].address, RF_TEXT_ADDR + 2);
	cr_expect_eq(findings[1].file_offset, offsetof(struct nf_file, text) + 2);
	cr_expect_eq(findings[1].length, 2);
	cr_expect_eq(findings[1].bytes[0], 0x8b);
	report.capacity = 0;
	report.findings = NULL;
	cr_expect_eq(rfv_check(&nf, sizeof nf, &report), RFV_REJECTED);
	cr_expect_eq(report.total, 3);
}

/* ---- Every truncation, random damage ------------------------------------ */

static void build_rich(void)
{
	/* and $1, %edi; jmp *JUMP_TABLE(%r15,%rdi,8); ret; call 7; ret */
	static const uint8_t text[] = {0x83, 0xe7, 0x01, 0x41, 0xff, 0xa4, 0xff, 0x00, 0x00, 0x02,
	                               0x80, 0xc3, 0xe8, 0x00, 0x00, 0x00, 0x00, 0xc3, 0x90, 0xc3};

	nf_build(&nf, text, sizeof text);
	nf_set_jump(&nf, 0, 11);
	nf_set_jump(&nf, 1, 11);
	nf_set_function(&nf, 1, 19);
	nf_add_entry(&nf, 12);
}

Test(image, truncated_at_every_length)
{
	size_t whole;

	build_rich();
	whole = nf_size(&nf);
	cr_assert_eq(check_size(&nf, whole, NULL, NULL), RFV_ACCEPTED);
	for (size_t size = 0; size < whole; size++)
		cr_expect_eq(check_size(&nf, size, NULL, NULL), RFV_MALFORMED, "at %zu bytes", size);
}

static uint64_t next_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

Test(image, random_damage)
{
	uint64_t random = 0x9e3779b97f4a7c15;
	unsigned verdicts[4] = {0};
	size_t whole;

	build_rich();
	whole = nf_size(&nf);
	for (int round = 0; round < 20000; round++) {
		const uint64_t flips = 1 + next_random(&random) % 4;

		build_rich();
		for (uint64_t i = 0; i < flips; i++) {
			/* Half of them where it hurts: in headers, note and text. */
			const uint64_t place = next_random(&random);
			const size_t at = place & 1   ? place / 2 % offsetof(struct nf_file, constants)
			                  : place & 2 ? whole - 1 - place / 4 % 20
			                              : place / 4 % whole;

			((uint8_t *)&nf)[at] ^= (uint8_t)(1u << next_random(&random) % 8);
		}
		verdicts[check_size(&nf, whole, NULL, NULL)]++;
	}
	cr_expect_eq(verdicts[RFV_NO_MEMORY], 0);
	cr_expect_gt(verdicts[RFV_MALFORMED], 1000);
	cr_expect_gt(verdicts[RFV_REJECTED], 1000);
}

Test(image, random_text)
{
	uint64_t random = 0x123456789abcdef1;
	uint8_t text[256];

	for (int round = 0; round < 4000; round++) {
		for (size_t i = 0; i < sizeof text; i++)
			text[i] = (uint8_t)next_random(&random);
		nf_build(&nf, text, sizeof text);
		nf_add_entry(&nf, 0);
		cr_expect_neq(check_size(&nf, nf_size(&nf), NULL, NULL), RFV_MALFORMED);
	}
}
