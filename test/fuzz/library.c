/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer's target: any bytes, and binaries that are damaged in one part.
 * Beyond "no crash, no leak, no undefined behaviour" it demands that what the
 * validator reports is consistent and that the verdict does not depend on how it
 * is asked.
 */
#include <stdlib.h>
#include <string.h>

#include <ringfence/nf_abi.h>
#include <ringfence/validator.h>

#include "choose.h"
#include "nf_builder.h"

#define FINDINGS 16

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed);

static void demand(bool good)
{
	if (!good)
		abort();
}

static void format_states(void *context, uint32_t address, const struct rfv_state *state)
{
	const struct rfv_image *image = context;
	char words[64];

	demand(address - image->text.address < image->text.size);
	demand(rfv_format_state(state, words, sizeof words) > 0 && memchr(words, 0, sizeof words) != NULL);
}

static void check_findings(const struct rfv_report *report)
{
	demand(report->stored <= report->capacity && report->stored <= report->total);
	for (uint32_t i = 0; i < report->stored; i++) {
		const struct rfv_finding *finding = &report->findings[i];

		demand(finding->rule > RFV_RULE_NONE && finding->rule < RFV_RULE_COUNT);
		demand(memchr(finding->message, 0, sizeof finding->message) != NULL);
		demand(finding->length <= RFV_INSTRUCTION_MAX);
		demand(i == 0 || report->findings[i - 1].address <= finding->address);
	}
}

/* What a loader relies on (ringfence/validator.h). */
static void check_image(const struct rfv_image *image)
{
	demand(image->text.address >= RF_TEXT_ADDR && image->text.address % RF_PAGE_SIZE == 0);
	demand((uint64_t)image->text.file_offset + image->text.size <= image->size);
	demand(image->segment_count <= RFV_SEGMENTS_MAX);
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct rfv_segment *segment = &image->segments[i];

		demand((uint64_t)segment->file_offset + segment->file_size <= image->size);
		demand(segment->file_size <= segment->memory_size && segment->address >= RF_NULL_GUARD);
		demand((uint64_t)segment->address + segment->memory_size <= RF_TEXT_ADDR);
		demand(i == 0 || image->segments[i - 1].address + image->segments[i - 1].memory_size <=
		                     segment->address);
	}
	for (uint32_t i = 0; i < image->function_table.count; i++)
		(void)rfv_image_table_entry(image, &image->function_table, i);
	for (uint32_t i = 0; i < image->exports.count; i++) {
		const char *name;
		uint32_t function;

		rfv_image_export(image, i, &name, &function);
		demand(strlen(name) >= 1 && strlen(name) <= 255);
		demand(rfv_image_find_export(image, name) != 0);
	}
}

static void check_in_arena(const uint8_t *data, size_t size, enum rfv_verdict verdict)
{
	struct rfv_report report = {.capacity = 0};
	const size_t needed = rfv_arena_size(data, size);
	uint8_t *arena = malloc(needed + 1);

	if (arena == NULL)
		return;
	demand(rfv_check_in(data, size, &report, arena + 1, needed) == verdict);
	demand((needed == 0) == (verdict == RFV_MALFORMED));
	free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rfv_finding findings[FINDINGS];
	struct rfv_report report = {.findings = findings, .capacity = FINDINGS};
	struct rfv_report traced = {.capacity = 0, .trace = format_states};
	const enum rfv_verdict verdict = rfv_check(data, size, &report);

	demand((verdict == RFV_ACCEPTED) == (report.total == 0) || verdict == RFV_NO_MEMORY);
	check_findings(&report);
	if (verdict == RFV_NO_MEMORY)
		return 0;
	check_in_arena(data, size, verdict);
	if (verdict == RFV_MALFORMED)
		return 0;
	check_image(&report.image);
	traced.trace_context = &report.image;
	demand(rfv_check(data, size, &traced) == verdict && traced.total == report.total);
	return 0;
}

/* A part of the file that the builder made: [start, end). */
static void choose_part(uint64_t *seed, size_t size, size_t *start, size_t *end)
{
	static const size_t parts[] = {0,
	                               offsetof(struct nf_file, segment),
	                               offsetof(struct nf_file, note),
	                               offsetof(struct nf_file, constants),
	                               offsetof(struct nf_file, functions),
	                               offsetof(struct nf_file, jumps),
	                               offsetof(struct nf_file, text)};
	const uint32_t last = sizeof parts / sizeof *parts - 1;
	const uint32_t part = one_in(seed, 3) ? choose(seed, last) : last; /* mostly the text */

	*start = parts[part];
	*end = part == last ? size : parts[part + 1];
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned number)
{
	uint64_t seed = number;
	size_t start;
	size_t end;

	if (size <= offsetof(struct nf_file, text) || one_in(&seed, 8))
		return LLVMFuzzerMutate(data, size, max_size);
	choose_part(&seed, size, &start, &end);
	/* In place: all else keeps its offset. */
	(void)LLVMFuzzerMutate(data + start, end - start, end - start);
	return size;
}
