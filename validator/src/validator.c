/* SPDX-License-Identifier: Apache-2.0 */
/* rfv_check: image, sweep, targets, functions, in this order, in one piece of memory. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "flow.h"
#include "image.h"

/* Room for saved states, in words: for a function of this size with as many facts as can be tracked ... */
#define POOL_MAX 0x1000000u
/* ... and for those of large texts, which have few facts at each target. */
#define POOL_PER_BYTE 4u
/* How often each entry of the jump tables may be looked at, patiently and hastily. */
#define TABLE_WORK 64u
#define ALIGNMENT 64u /* of a cache line */
#define HUGE_PAGE 0x200000u
#define HUGE_PAGES_FROM (8 * HUGE_PAGE)

/* ---- Findings ----------------------------------------------------------- */

/* Where the next finding goes; NULL if there is no room for it. */
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
	uint32_t number;
	va_list arguments;

	if (analysis->hasty) {
		analysis->gave_up = true; /* the patient proof says what is wrong, if anything is */
		return;
	}
	if (rfv_bit(analysis->reported_bits, offset))
		return;
	rfv_set_bit(analysis->reported_bits, offset);
	finding = next_finding(analysis->report);
	if (finding == NULL)
		return;
	*finding = (struct rfv_finding){.rule = rule,
	                                .address = image->text.address + offset,
	                                .file_offset = image->text.file_offset + offset,
	                                .length = 1};
	number = rfv_decode(&analysis->decoder, analysis->text + offset, analysis->text_size - offset);
	if (number != SHAPE_NONE)
		finding->length = analysis->decoder.shapes[number].length;
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

static bool comes_before(const struct rfv_finding *a, const struct rfv_finding *b)
{
	if (a->address != b->address)
		return a->address < b->address;
	return a->file_offset < b->file_offset;
}

/* Shell's sort: unlike qsort it never allocates. The findings come in a few runs that are in order. */
static void sort_findings(struct rfv_finding *findings, uint32_t count)
{
	uint32_t gap = 1;

	while (gap < count / 3)
		gap = 3 * gap + 1;
	for (; gap > 0; gap /= 3) {
		for (uint32_t i = gap; i < count; i++) {
			const struct rfv_finding moved = findings[i];
			uint32_t place = i;

			for (; place >= gap && comes_before(&moved, &findings[place - gap]); place -= gap)
				findings[place] = findings[place - gap];
			findings[place] = moved;
		}
	}
}

/* ---- Sweep -------------------------------------------------------------- */

static void report_denial(struct analysis *analysis, const struct denial *denial, uint32_t offset)
{
	rfv_report_at(analysis, denial->rule, offset, "%s", denial->reason);
}

/* A run of bytes from `offset` on that do not decode, which has one finding; returns where it ends. */
static uint32_t skip_undecodable(struct analysis *analysis, uint32_t offset)
{
	const bool cut_off = analysis->text_size - offset < RFV_INSTRUCTION_MAX;

	rfv_report_at(analysis, RFV_RULE_UNDECODABLE, offset, "not an instruction%s",
	              cut_off ? ", or one that the text cuts off" : "");
	analysis->incomplete = true;
	do
		offset++;
	while (offset < analysis->text_size && rfv_decode(&analysis->decoder, analysis->text + offset,
	                                                  analysis->text_size - offset) == SHAPE_NONE);
	return offset;
}

/* Decodes the text from its first byte to its last, and puts the direct branches into the pool: offset and
 * number. */
static void sweep(struct analysis *analysis)
{
	uint16_t *place = analysis->numbers;
	uint32_t *branch = analysis->pool;
	uint32_t runs = 0; /* of bytes that do not decode */
	uint32_t offset = 0;

	while (offset < analysis->text_size) {
		const uint32_t number =
		    rfv_decode(&analysis->decoder, analysis->text + offset, analysis->text_size - offset);
		const uint32_t summary = analysis->decoder.summaries[number];

		rfv_set_bit(analysis->start_bits, offset);
		*place++ = (uint16_t)number;
		if (number == SHAPE_NONE) {
			runs++;
			offset = skip_undecodable(analysis, offset);
			continue;
		}
		/* Without a branch, which would be hard to predict: what is no branch is written over. */
		branch[0] = offset;
		branch[1] = number;
		branch += summary & SUMMARY_DIRECT ? 2 : 0;
		if (summary & SUMMARY_DENIED)
			report_denial(analysis, rfv_denial(&analysis->decoder.shapes[number]), offset);
		offset += summary & SUMMARY_LENGTH;
	}
	*place = SHAPE_NONE;
	analysis->pool_used = (uint32_t)(branch - analysis->pool);
	analysis->report->stats.instructions = (uint32_t)(place - analysis->numbers) - runs;
}

/* ---- Targets ------------------------------------------------------------ */

static bool is_instruction(struct analysis *analysis, int64_t offset)
{
	if (offset < 0 || offset >= analysis->text_size || !rfv_bit(analysis->start_bits, (uint32_t)offset))
		return false;
	return !analysis->incomplete || rfv_decode(&analysis->decoder, analysis->text + offset,
	                                           analysis->text_size - (size_t)offset) != SHAPE_NONE;
}

/* Control comes to `offset` from elsewhere. False if no instruction starts there. */
static bool mark_target(struct analysis *analysis, int64_t offset, bool entry)
{
	if (!is_instruction(analysis, offset))
		return false;
	rfv_set_bit(analysis->target_bits, (uint32_t)offset);
	if (entry)
		rfv_set_bit(analysis->entry_bits, (uint32_t)offset);
	return true;
}

/* The targets of all direct branches, whether control comes to the branch or not. */
static void mark_branches(struct analysis *analysis)
{
	for (uint32_t i = 0; i < analysis->pool_used; i += 2) {
		const uint32_t offset = analysis->pool[i];
		const struct shape *shape = rfv_shape(analysis, analysis->pool[i + 1], offset);
		const int64_t target = rfv_branch_target(shape, analysis->text, offset);

		analysis->report->stats.blocks += shape->effect == EFFECT_JCC;
		if (!mark_target(analysis, target, shape->effect == EFFECT_CALL))
			rfv_report_at(analysis, RFV_RULE_BRANCH_TARGET, offset, "0x%" PRIx64 " is %s",
			              (uint64_t)(target + analysis->image->text.address),
			              target >= 0 && target < analysis->text_size
			                  ? "not the start of an instruction"
			                  : "outside of the text");
		else if (target <= offset)
			rfv_set_bit(analysis->loop_bits, (uint32_t)target);
	}
}

/* An address from the file's tables that code will be entered at. */
static void mark_address(struct analysis *analysis, const struct rfv_table *table, uint32_t entry_size,
                         uint32_t place, uint32_t i, const char *name)
{
	const uint32_t file_offset = table->file_offset + i * entry_size;
	const bool entry = table != &analysis->image->jump_tables;
	uint32_t address;
	char message[RFV_MESSAGE_MAX];

	memcpy(&address, analysis->image->bytes + file_offset + place, sizeof address);
	if (address == 0) /* an entry of the function table that is not used */
		return;
	if (mark_target(analysis, (int64_t)address - analysis->image->text.address, entry))
		return;
	(void)snprintf(message, sizeof message,
	               "entry %" PRIu32 " of the %s, 0x%" PRIx32 ", is not the start of an instruction", i,
	               name, address);
	report_file(analysis->report, RFV_RULE_ENTRY_TARGET, file_offset, message);
}

static void mark_tables(struct analysis *analysis)
{
	const struct rfv_image *image = analysis->image;
	const struct {
		const struct rfv_table *table;
		uint32_t entry_size;
		uint32_t place; /* of the address in an entry */
		const char *name;
	} tables[] = {{&image->function_table, 8, 0, "function table"},
	              {&image->jump_tables, 8, 0, "jump tables"},
	              {&image->entries, 4, 0, "list of entries"},
	              {&image->exports, 8, 4, "list of exports"}};

	for (size_t k = 0; k < sizeof tables / sizeof *tables; k++)
		for (uint32_t i = 0; i < tables[k].table->count; i++)
			mark_address(analysis, tables[k].table, tables[k].entry_size, tables[k].place, i,
			             tables[k].name);
}

/* Once all are marked. */
static void number_targets(struct analysis *analysis)
{
	uint32_t place = 0;

	for (uint32_t i = 0; i <= analysis->text_size / 64; i++) {
		analysis->targets_before[i] = analysis->target_count;
		for (uint64_t rest = analysis->target_bits[i]; rest != 0; rest &= rest - 1) {
			const uint64_t below = (rest & (0 - rest)) - 1;
			const uint32_t at = place + rfv_count_bits(analysis->start_bits[i] & below);

			analysis->numbers[at] |= NUMBER_TARGET;
			analysis->targets[analysis->target_count++] = (struct target){.place = at};
		}
		place += rfv_count_bits(analysis->start_bits[i]);
	}
}

static void prove_functions(struct analysis *analysis)
{
	for (uint32_t i = 0; i <= analysis->text_size / 64; i++)
		for (uint64_t rest = analysis->entry_bits[i]; rest != 0; rest &= rest - 1) {
			rfv_prove_function(analysis, 64 * i + (uint32_t)__builtin_ctzll(rest));
			analysis->report->stats.functions++;
		}
}

/* ---- Memory ------------------------------------------------------------- */

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

/* Takes room for `size` bytes; NULL while it is only counted what is needed. */
static void *carve(uint8_t *arena, uint64_t *used, uint64_t size)
{
	uint8_t *place = arena == NULL ? NULL : arena + *used;

	*used += (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
	return place;
}

static void lay_out_queue(struct analysis *analysis, uint64_t targets, uint8_t *arena, uint64_t *used)
{
	uint32_t levels = 0;

	do {
		targets = (targets + 63) / 64;
		analysis->queue[levels] = carve(arena, used, targets * sizeof **analysis->queue);
		if (arena != NULL)
			memset(analysis->queue[levels], 0, targets * sizeof **analysis->queue);
		levels++;
	} while (targets > 1);
	analysis->queue_levels = levels;
}

/*
 * Lays out all that the proof needs; returns how many bytes that is. It
 * depends on the size of text and tables alone.
 */
static uint64_t lay_out(struct analysis *analysis, const struct rfv_image *image, uint8_t *arena)
{
	const uint64_t text = image->text.size;
	const uint64_t tables = (uint64_t)image->function_table.count + image->jump_tables.count +
	                        image->entries.count + image->exports.count;
	/* A target for each entry of a table, and for each direct branch, of at least two bytes. */
	const uint64_t targets = at_most(text / 2 + tables, text) + 1;
	/* Each byte of text adds at most one shape and one node of the trie. */
	const uint32_t nodes = (uint32_t)at_most(text + 16, NODE_CAPACITY);
	const uint32_t shapes = (uint32_t)at_most(text + 16, SHAPE_CAPACITY);
	const uint64_t words = text / 64 + 1;
	const uint64_t pool = at_most(targets * (2 * STATE_VALUES_MAX + 4), POOL_MAX) + POOL_PER_BYTE * text;
	uint16_t (*trie)[256];
	uint64_t used = 0;

	analysis->numbers = carve(arena, &used, (text + 1) * sizeof *analysis->numbers);
	analysis->start_bits = carve(arena, &used, words * sizeof *analysis->start_bits);
	analysis->target_bits = carve(arena, &used, words * sizeof *analysis->target_bits);
	analysis->entry_bits = carve(arena, &used, words * sizeof *analysis->entry_bits);
	analysis->loop_bits = carve(arena, &used, words * sizeof *analysis->loop_bits);
	analysis->reported_bits = carve(arena, &used, words * sizeof *analysis->reported_bits);
	analysis->targets_before = carve(arena, &used, words * sizeof *analysis->targets_before);
	analysis->step.frame = carve(arena, &used, sizeof *analysis->step.frame);
	analysis->step.state = carve(arena, &used, sizeof *analysis->step.state);
	analysis->step.violation = carve(arena, &used, sizeof *analysis->step.violation);
	analysis->targets = carve(arena, &used, targets * sizeof *analysis->targets);
	lay_out_queue(analysis, targets, arena, &used);
	trie = carve(arena, &used, nodes * sizeof *trie);
	analysis->decoder.shapes = carve(arena, &used, shapes * sizeof *analysis->decoder.shapes);
	analysis->decoder.summaries = carve(arena, &used, shapes * sizeof *analysis->decoder.summaries);
	analysis->pool = carve(arena, &used, pool * sizeof *analysis->pool);
	analysis->pool_size = (uint32_t)pool;
	if (arena == NULL)
		return used + ALIGNMENT;
	memset(analysis->start_bits, 0, words * sizeof *analysis->start_bits);
	memset(analysis->target_bits, 0, words * sizeof *analysis->target_bits);
	memset(analysis->entry_bits, 0, words * sizeof *analysis->entry_bits);
	memset(analysis->loop_bits, 0, words * sizeof *analysis->loop_bits);
	memset(analysis->reported_bits, 0, words * sizeof *analysis->reported_bits);
	memset(analysis->step.frame, 0, sizeof *analysis->step.frame);
	memset(analysis->decoder.shapes, 0, SHAPE_FIRST * sizeof *analysis->decoder.shapes);
	rfv_decoder_init(&analysis->decoder, trie, nodes, analysis->decoder.shapes,
	                 analysis->decoder.summaries, shapes);
	return used + ALIGNMENT;
}

/* ---- All together ------------------------------------------------------- */

size_t rfv_arena_size(const void *bytes, size_t size)
{
	struct image_error error;
	struct rfv_image image;
	struct analysis analysis;

	return rfv_image_parse(&image, bytes, size, &error) ? lay_out(&analysis, &image, NULL) : 0;
}

enum rfv_verdict rfv_check_in(const void *bytes, size_t size, struct rfv_report *report, void *arena,
                              size_t arena_size)
{
	struct image_error error = {.rule = RFV_RULE_NONE};
	struct analysis analysis = {.report = report, .image = &report->image};
	uint8_t *aligned = (uint8_t *)arena + (0 - (uintptr_t)arena) % ALIGNMENT;

	report->stored = 0;
	report->total = 0;
	report->stats = (struct rfv_stats){0};
	if (!rfv_image_parse(&report->image, bytes, size, &error)) {
		report_file(report, error.rule, error.file_offset, error.message);
		return RFV_MALFORMED;
	}
	report->stats.text_bytes = report->image.text.size;
	report->stats.memory_bytes = lay_out(&analysis, &report->image, NULL);
	if (arena == NULL || arena_size < report->stats.memory_bytes)
		return RFV_NO_MEMORY;
	(void)lay_out(&analysis, &report->image, aligned);
	analysis.text = report->image.bytes + report->image.text.file_offset;
	analysis.text_size = report->image.text.size;
	analysis.table_work[false] = TABLE_WORK * ((uint64_t)report->image.jump_tables.count + 1);
	analysis.table_work[true] = analysis.table_work[false];
	sweep(&analysis);
	mark_branches(&analysis);
	mark_tables(&analysis);
	number_targets(&analysis);
	prove_functions(&analysis);
	report->stats.blocks += analysis.target_count;
	sort_findings(report->findings, report->stored);
	return report->total == 0 ? RFV_ACCEPTED : RFV_REJECTED;
}

/* A large text touches thousands of pages, which costs more than the proof unless they are large. */
static void *allocate(size_t size)
{
	void *arena = NULL;

	if (size < HUGE_PAGES_FROM)
		return malloc(size);
	if (posix_memalign(&arena, HUGE_PAGE, size) != 0)
		return NULL;
	(void)madvise(arena, size, MADV_HUGEPAGE);
	return arena;
}

enum rfv_verdict rfv_check(const void *bytes, size_t size, struct rfv_report *report)
{
	const size_t arena_size = rfv_arena_size(bytes, size);
	void *arena = arena_size == 0 ? NULL : allocate(arena_size);
	const enum rfv_verdict verdict = rfv_check_in(bytes, size, report, arena, arena_size);

	free(arena);
	return verdict;
}
