/* SPDX-License-Identifier: Apache-2.0 */
/* rfv_check: image, sweep, blocks, functions, in this order. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flow.h"
#include "image.h"

/* Room for states, in values: a minimum for each block, and more for texts that are not huge. */
#define POOL_PER_BLOCK 24u
#define POOL_EXTRA_PER_BLOCK 1024u
#define POOL_EXTRA_MAX 0x800000u
/* How often each entry of the jump tables may be looked at. */
#define TABLE_WORK 64u

/* ---- Findings ----------------------------------------------------------- */

static struct rfv_finding *next_finding(struct rfv_report *report)
{
	report->total++;
	if (report->stored >= report->capacity)
		return NULL;
	return &report->findings[report->stored++];
}

void rfv_report_at(struct analysis *analysis, enum rfv_rule rule, uint32_t offset, const char *format, ...)
{
	const struct rfv_image *image = analysis->image;
	struct rfv_finding *finding;
	struct shape scratch;
	va_list arguments;

	if (analysis->map[offset] & MAP_REPORTED)
		return;
	analysis->map[offset] |= MAP_REPORTED;
	finding = next_finding(analysis->report);
	if (finding == NULL)
		return;
	*finding = (struct rfv_finding){.rule = rule,
	                                .address = image->text.address + offset,
	                                .file_offset = image->text.file_offset + offset,
	                                .length = 1};
	if ((analysis->map[offset] & MAP_SHAPE) != SHAPE_NONE)
		finding->length = rfv_shape_at(analysis, offset, &scratch)->length;
	memcpy(finding->bytes, analysis->text + offset, finding->length);
	va_start(arguments, format);
	(void)vsnprintf(finding->message, sizeof finding->message, format, arguments);
	va_end(arguments);
}

static void report_file(struct rfv_report *report, enum rfv_rule rule, uint32_t file_offset,
                        const char *message)
{
	struct rfv_finding *finding = next_finding(report);

	if (finding == NULL)
		return;
	*finding = (struct rfv_finding){.rule = rule, .file_offset = file_offset};
	(void)snprintf(finding->message, sizeof finding->message, "%s", message);
}

static int compare_findings(const void *left, const void *right)
{
	const struct rfv_finding *a = left;
	const struct rfv_finding *b = right;

	if (a->address != b->address)
		return a->address < b->address ? -1 : 1;
	return (a->file_offset > b->file_offset) - (a->file_offset < b->file_offset);
}

/* ---- Sweep -------------------------------------------------------------- */

static void mark_leader(struct analysis *analysis, int64_t offset)
{
	if (offset >= 0 && offset < analysis->text_size)
		analysis->leaders[offset / 64] |= UINT64_C(1) << (offset % 64);
}

static void mark_entry(struct analysis *analysis, int64_t offset)
{
	mark_leader(analysis, offset);
	if (offset >= 0 && offset < analysis->text_size)
		analysis->map[offset] |= MAP_ENTRY;
}

static void mark_targets(struct analysis *analysis, const struct shape *shape, uint32_t offset)
{
	const bool direct = shape->dst_kind == OPERAND_IMMEDIATE;

	switch (shape->effect) {
	case EFFECT_CALL:
		if (direct)
			mark_entry(analysis, rfv_branch_target(shape, analysis->text, offset));
		break;
	case EFFECT_JMP:
	case EFFECT_JCC:
		if (direct)
			mark_leader(analysis, rfv_branch_target(shape, analysis->text, offset));
		mark_leader(analysis, (int64_t)offset + shape->length);
		break;
	case EFFECT_RET:
	case EFFECT_TRAP:
		mark_leader(analysis, (int64_t)offset + shape->length);
		break;
	default:
		break;
	}
}

/* Decodes the text from its first byte to its last. */
static void sweep(struct analysis *analysis)
{
	bool lost = true; /* the byte before this one did not decode */
	uint32_t offset = 0;

	while (offset < analysis->text_size) {
		const size_t available = analysis->text_size - offset;
		struct shape scratch;
		const struct shape *shape = &scratch;
		const uint32_t number =
		    rfv_decode(&analysis->decoder, analysis->text + offset, available, &scratch);

		if (number == SHAPE_NONE) {
			if (!lost || offset == 0)
				rfv_report_at(
				    analysis, RFV_RULE_UNDECODABLE, offset, "not an instruction%s",
				    available < RFV_INSTRUCTION_MAX ? ", or one that the text cuts off" : "");
			lost = true;
			offset++;
			continue;
		}
		if (number >= SHAPE_FIRST)
			shape = &analysis->decoder.shapes[number];
		analysis->map[offset] |= number;
		if (lost)
			mark_leader(analysis, offset);
		lost = false;
		if (shape->denial != 0)
			rfv_report_at(analysis, rfv_denial(shape)->rule, offset, "%s",
			              rfv_denial(shape)->message);
		mark_targets(analysis, shape, offset);
		analysis->report->stats.instructions++;
		offset += shape->length;
	}
}

static bool is_start(const struct analysis *analysis, int64_t offset)
{
	return offset >= 0 && offset < analysis->text_size &&
	       (analysis->map[offset] & MAP_SHAPE) != SHAPE_NONE;
}

/* An address from the file's tables that code will be entered at. */
static void mark_address(struct analysis *analysis, uint32_t address, bool entry, uint32_t file_offset,
                         const char *table, uint32_t i)
{
	const int64_t offset = (int64_t)address - analysis->image->text.address;
	char message[RFV_MESSAGE_MAX];

	if (!is_start(analysis, offset)) {
		(void)snprintf(message, sizeof message,
		               "entry %" PRIu32 " of the %s, 0x%" PRIx32
		               ", is not the start of an instruction",
		               i, table, address);
		report_file(analysis->report, RFV_RULE_ENTRY_TARGET, file_offset, message);
		return;
	}
	if (entry)
		mark_entry(analysis, offset);
	else
		mark_leader(analysis, offset);
}

static void mark_tables(struct analysis *analysis)
{
	const struct rfv_image *image = analysis->image;

	for (uint32_t i = 0; i < image->function_table.count; i++) {
		const uint32_t address = rfv_image_table_entry(image, &image->function_table, i);

		if (address != 0)
			mark_address(analysis, address, true, image->function_table.file_offset + 8 * i,
			             "function table", i);
	}
	for (uint32_t i = 0; i < image->jump_tables.count; i++)
		mark_address(analysis, rfv_image_table_entry(image, &image->jump_tables, i), false,
		             image->jump_tables.file_offset + 8 * i, "jump tables", i);
	for (uint32_t i = 0; i < image->entries.count; i++)
		mark_address(analysis, rfv_image_entry(image, i), true, image->entries.file_offset + 4 * i,
		             "list of entries", i);
	for (uint32_t i = 0; i < image->exports.count; i++) {
		const char *name;
		uint32_t function;

		rfv_image_export(image, i, &name, &function);
		mark_address(analysis, function, true, image->exports.file_offset + 8 * i, "list of exports",
		             i);
	}
}

/* ---- Blocks ------------------------------------------------------------- */

/* Leaves only those leaders that start an instruction, and counts them. */
static uint32_t count_leaders(struct analysis *analysis)
{
	const uint32_t words = analysis->text_size / 64 + 1;
	uint32_t count = 0;

	for (uint32_t i = 0; i < words; i++) {
		for (uint64_t rest = analysis->leaders[i]; rest != 0; rest &= rest - 1) {
			const uint32_t offset = i * 64 + (uint32_t)__builtin_ctzll(rest);

			if ((analysis->map[offset] & MAP_SHAPE) == SHAPE_NONE)
				analysis->leaders[i] &= ~(rest & -rest);
		}
		analysis->leader_counts[i] = count;
		count += rfv_count_bits(analysis->leaders[i]);
	}
	return count;
}

static void check_target(struct analysis *analysis, const struct shape *shape, uint32_t offset)
{
	const bool branch =
	    shape->effect == EFFECT_CALL || shape->effect == EFFECT_JMP || shape->effect == EFFECT_JCC;
	int64_t target;

	if (!branch || shape->dst_kind != OPERAND_IMMEDIATE)
		return;
	target = rfv_branch_target(shape, analysis->text, offset);
	if (!is_start(analysis, target))
		rfv_report_at(analysis, RFV_RULE_BRANCH_TARGET, offset, "0x%" PRIx64 " is %s",
		              (uint64_t)(target + analysis->image->text.address),
		              target >= 0 && target < analysis->text_size ? "not the start of an instruction"
		                                                          : "outside of the text");
}

/* Cuts the text into blocks and checks the targets of all direct branches, reached or not. */
static void cut_blocks(struct analysis *analysis)
{
	struct block *block = NULL;
	uint32_t offset = 0;

	while (offset < analysis->text_size) {
		struct shape scratch;
		const struct shape *shape;

		if ((analysis->map[offset] & MAP_SHAPE) == SHAPE_NONE) {
			offset++;
			continue;
		}
		shape = rfv_shape_at(analysis, offset, &scratch);
		if (rfv_is_leader(analysis, offset)) {
			block = block == NULL ? analysis->blocks : block + 1;
			*block = (struct block){.offset = offset};
		}
		block->last = offset;
		block->end = offset + shape->length;
		check_target(analysis, shape, offset);
		offset += shape->length;
	}
}

/* ---- Functions ---------------------------------------------------------- */

static void prove_functions(struct analysis *analysis)
{
	for (uint32_t i = 0; i < analysis->block_count; i++) {
		const uint32_t offset = analysis->blocks[i].offset;

		if (!(analysis->map[offset] & MAP_ENTRY))
			continue;
		rfv_prove_function(analysis, offset);
		analysis->report->stats.functions++;
	}
}

/* ---- Memory ------------------------------------------------------------- */

/* NULL if there is none left. */
static void *allocate(struct analysis *analysis, uint64_t count, uint64_t size)
{
	analysis->report->stats.memory_bytes += count * size;
	return count > SIZE_MAX / size ? NULL : malloc(count * size);
}

static void *allocate_zeroed(struct analysis *analysis, uint64_t count, uint64_t size)
{
	analysis->report->stats.memory_bytes += count * size;
	return count > SIZE_MAX / size ? NULL : calloc(count, size);
}

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

static bool allocate_for_sweep(struct analysis *analysis)
{
	const uint64_t words = (uint64_t)analysis->text_size / 64 + 1;
	/* Each byte of text adds at most one shape and one node of the trie. */
	const uint32_t node_count = (uint32_t)at_most((uint64_t)analysis->text_size + 16, NODE_CAPACITY);
	const uint32_t shape_count = (uint32_t)at_most((uint64_t)analysis->text_size + 16, SHAPE_CAPACITY);
	uint16_t (*nodes)[256] = allocate_zeroed(analysis, node_count, sizeof *nodes);
	struct shape *shapes = allocate(analysis, shape_count, sizeof *shapes);

	rfv_decoder_init(&analysis->decoder, nodes, node_count, shapes, shape_count);
	analysis->map = allocate_zeroed(analysis, (uint64_t)analysis->text_size + 1, sizeof *analysis->map);
	analysis->leaders = allocate_zeroed(analysis, words, sizeof *analysis->leaders);
	analysis->leader_counts = allocate(analysis, words, sizeof *analysis->leader_counts);
	analysis->frame = allocate_zeroed(analysis, 1, sizeof *analysis->frame);
	analysis->state = allocate_zeroed(analysis, 1, sizeof *analysis->state);
	return nodes != NULL && shapes != NULL && analysis->map != NULL && analysis->leaders != NULL &&
	       analysis->leader_counts != NULL && analysis->frame != NULL && analysis->state != NULL;
}

static bool allocate_for_flow(struct analysis *analysis)
{
	const uint64_t blocks = analysis->block_count;
	uint64_t words = blocks;

	do {
		words = words / 64 + 1;
		analysis->dirty[analysis->dirty_levels] =
		    allocate_zeroed(analysis, words, sizeof **analysis->dirty);
		if (analysis->dirty[analysis->dirty_levels++] == NULL)
			return false;
	} while (words > 1);
	analysis->pool_size =
	    POOL_PER_BLOCK * (blocks + 1) + at_most(POOL_EXTRA_PER_BLOCK * (blocks + 1), POOL_EXTRA_MAX);
	analysis->blocks = allocate(analysis, blocks + 1, sizeof *analysis->blocks);
	analysis->order = allocate(analysis, blocks + 1, sizeof *analysis->order);
	analysis->stack = allocate(analysis, blocks + 1, sizeof *analysis->stack);
	analysis->pool = allocate(analysis, analysis->pool_size, sizeof *analysis->pool);
	return analysis->blocks != NULL && analysis->order != NULL && analysis->stack != NULL &&
	       analysis->pool != NULL;
}

static void release(struct analysis *analysis)
{
	free(analysis->decoder.nodes);
	free(analysis->decoder.shapes);
	free(analysis->map);
	free(analysis->leaders);
	free(analysis->leader_counts);
	free(analysis->frame);
	free(analysis->state);
	for (uint32_t i = 0; i < analysis->dirty_levels; i++)
		free(analysis->dirty[i]);
	free(analysis->blocks);
	free(analysis->order);
	free(analysis->stack);
	free(analysis->pool);
}

/* ---- All together ------------------------------------------------------- */

static bool analyse(struct analysis *analysis)
{
	if (!allocate_for_sweep(analysis))
		return false;
	sweep(analysis);
	mark_tables(analysis);
	analysis->block_count = count_leaders(analysis);
	if (!allocate_for_flow(analysis))
		return false;
	cut_blocks(analysis);
	prove_functions(analysis);
	return true;
}

enum rfv_verdict rfv_check(const void *bytes, size_t size, struct rfv_report *report)
{
	struct image_error error = {.rule = RFV_RULE_NONE};
	struct analysis analysis = {.report = report, .image = &report->image};
	bool done;

	report->stored = 0;
	report->total = 0;
	report->stats = (struct rfv_stats){0};
	if (!rfv_image_parse(&report->image, bytes, size, &error)) {
		report_file(report, error.rule, error.file_offset, error.message);
		return RFV_MALFORMED;
	}
	analysis.text = report->image.bytes + report->image.text.file_offset;
	analysis.text_size = report->image.text.size;
	analysis.table_work = TABLE_WORK * ((uint64_t)report->image.jump_tables.count + 1);
	done = analyse(&analysis);
	report->stats.text_bytes = analysis.text_size;
	report->stats.blocks = analysis.block_count;
	release(&analysis);
	if (!done)
		return RFV_NO_MEMORY;
	if (report->stored > 1)
		qsort(report->findings, report->stored, sizeof *report->findings, compare_findings);
	return report->total == 0 ? RFV_ACCEPTED : RFV_REJECTED;
}
