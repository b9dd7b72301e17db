/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for people, in the manner of a compiler. */
#include <inttypes.h>

#include <Zydis/Zydis.h>

#include "tool.h"

const char *verdict_name(enum rfv_verdict verdict)
{
	switch (verdict) {
	case RFV_ACCEPTED:
		return "accepted";
	case RFV_REJECTED:
		return "rejected";
	case RFV_MALFORMED:
		return "malformed";
	default:
		return "undecided";
	}
}

void disassemble(const struct rfv_finding *finding, char *text, size_t size)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisFormatter formatter;
	ZydisDecoder decoder;

	text[0] = '\0';
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, finding->bytes, finding->length, &insn, operands)))
		return;
	if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
	        &formatter, &insn, operands, insn.operand_count_visible, text, size, finding->address, NULL)))
		text[0] = '\0';
}

void format_bytes(const struct rfv_finding *finding, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (uint8_t i = 0; i < finding->length && used + 4 <= size; i++)
		used +=
		    (size_t)snprintf(text + used, size - used, i == 0 ? "%02x" : " %02x", finding->bytes[i]);
}

static void print_place(FILE *out, const struct place *place)
{
	if (place->symbol != NULL)
		(void)fprintf(out, "    in %s+0x%" PRIx32 "\n", place->symbol, place->symbol_offset);
	if (place->file != NULL)
		(void)fprintf(out, "    at %s:%d\n", place->file, place->line);
}

static void print_finding(FILE *out, const char *path, const struct rfv_finding *finding,
                          struct places *places)
{
	char bytes[3 * RFV_INSTRUCTION_MAX + 1];
	char code[160];
	struct place place;

	if (finding->length == 0) {
		(void)fprintf(out, "%s: error[%s]: %s (file offset 0x%" PRIx32 ")\n", path,
		              rfv_rule_name(finding->rule), finding->message, finding->file_offset);
		return;
	}
	(void)fprintf(out, "%s:0x%" PRIx32 ": error[%s]: %s\n", path, finding->address,
	              rfv_rule_name(finding->rule), finding->message);
	format_bytes(finding, bytes, sizeof bytes);
	disassemble(finding, code, sizeof code);
	(void)fprintf(out, "    %s%s%s\n", bytes, code[0] == '\0' ? "" : "  ", code);
	place = places_find(places, finding->address);
	print_place(out, &place);
}

static void print_statistics(FILE *out, const struct result *result)
{
	const struct rfv_stats *stats = &result->report->stats;

	(void)fprintf(out,
	              "%s: text_bytes=%" PRIu32 " instructions=%" PRIu32 " functions=%" PRIu32
	              " blocks=%" PRIu32 " block_visits=%" PRIu64 " memory_bytes=%" PRIu64 " seconds=%.6f\n",
	              result->path, stats->text_bytes, stats->instructions, stats->functions, stats->blocks,
	              stats->block_visits, stats->memory_bytes, result->seconds);
}

void print_text(FILE *out, const struct result *result, struct places *places, bool statistics)
{
	const struct rfv_report *report = result->report;

	for (uint32_t i = 0; i < report->stored; i++)
		print_finding(out, result->path, &report->findings[i], places);
	(void)fprintf(out, "%s: %s", result->path, verdict_name(result->verdict));
	if (report->total > 0)
		(void)fprintf(out, ", %" PRIu64 " finding%s", report->total, report->total == 1 ? "" : "s");
	if (report->total > report->stored)
		(void)fprintf(out, " (%" PRIu32 " shown)", report->stored);
	(void)fprintf(out, "\n");
	if (statistics)
		print_statistics(out, result);
}
