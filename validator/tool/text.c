/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for people, in the manner of a compiler. */
#include <inttypes.h>
#include <stdlib.h>

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

void disassemble(const uint8_t *bytes, size_t length, uint32_t address, char *text, size_t size)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisFormatter formatter;
	ZydisDecoder decoder;

	text[0] = '\0';
	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_ATT);
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, length, &insn, operands)))
		return;
	if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
	        &formatter, &insn, operands, insn.operand_count_visible, text, size, address, NULL)))
		text[0] = '\0';
}

void format_bytes(const uint8_t *bytes, size_t length, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < length && used + 4 <= size; i++)
		used += (size_t)snprintf(text + used, size - used, i == 0 ? "%02x" : " %02x", bytes[i]);
}

char *describe_finding(const struct detail *detail, const char *path)
{
	const struct rfv_finding *finding = detail->finding;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	char code[160];

	if (out == NULL)
		return NULL;
	(void)fprintf(out, "%s: %s", rfv_rule_name(finding->rule), finding->message);
	if (finding->length > 0) {
		disassemble(finding->bytes, finding->length, finding->address, code, sizeof code);
		(void)fprintf(out, ": %s (", code[0] == '\0' ? "undecodable" : code);
		if (path != NULL)
			(void)fprintf(out, "0x%" PRIx32 " ", finding->address);
		(void)fputs("in ", out);
		put_display(out, detail->place.symbol == NULL ? "the text" : detail->place.symbol);
		if (path != NULL) {
			(void)fputs(" of ", out);
			put_display(out, path);
		}
		(void)fputc(')', out);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

uint32_t shown_findings(const struct output *output, const struct result *result)
{
	const uint32_t stored = result->report->stored;

	return stored < output->max_shown ? stored : output->max_shown;
}

void put_finding_count(FILE *out, const struct output *output, const struct result *result)
{
	const uint64_t total = result->report->total;
	const uint32_t shown = shown_findings(output, result);

	if (total == 0)
		return;
	(void)fprintf(out, "%" PRIu64 " finding%s", total, total == 1 ? "" : "s");
	if (total > shown)
		(void)fprintf(out, " (%" PRIu32 " shown)", shown);
	if (result->baseline)
		(void)fprintf(out, ": %" PRIu64 " new, %" PRIu64 " in the baseline; it would not load",
		              total - result->known, result->known);
}

static void print_place(FILE *out, const struct place *place)
{
	if (place->symbol != NULL) {
		(void)fputs("    in ", out);
		put_display(out, place->symbol);
		(void)fprintf(out, "+0x%" PRIx32 "\n", place->symbol_offset);
	}
	if (place->file != NULL) {
		(void)fputs("    at ", out);
		put_display(out, place->file);
		(void)fprintf(out, ":%d\n", place->line);
	}
}

static void print_finding(FILE *out, const char *path, const struct detail *detail)
{
	const struct rfv_finding *finding = detail->finding;
	const char *severity = detail->known ? "known" : "error";
	char bytes[3 * RFV_INSTRUCTION_MAX + 1];
	char code[160];

	put_display(out, path);
	if (finding->length == 0) {
		(void)fprintf(out, ": %s[%s]: %s (file offset 0x%" PRIx32 ")\n", severity,
		              rfv_rule_name(finding->rule), finding->message, finding->file_offset);
		return;
	}
	(void)fprintf(out, ":0x%" PRIx32 ": %s[%s]: %s\n", finding->address, severity,
	              rfv_rule_name(finding->rule), finding->message);
	format_bytes(finding->bytes, finding->length, bytes, sizeof bytes);
	disassemble(finding->bytes, finding->length, finding->address, code, sizeof code);
	(void)fprintf(out, "    %s%s%s\n", bytes, code[0] == '\0' ? "" : "  ", code);
	print_place(out, &detail->place);
}

static void print_statistics(FILE *out, const struct result *result)
{
	const struct rfv_stats *stats = &result->report->stats;

	put_display(out, result->path);
	(void)fprintf(out,
	              ": text_bytes=%" PRIu32 " instructions=%" PRIu32 " functions=%" PRIu32
	              " blocks=%" PRIu32 " block_visits=%" PRIu64 " memory_bytes=%" PRIu64 " seconds=%.6f\n",
	              stats->text_bytes, stats->instructions, stats->functions, stats->blocks,
	              stats->block_visits, stats->memory_bytes, result->seconds);
}

static bool text_open(struct output *output)
{
	(void)output;
	return true;
}

static bool text_add(struct output *output, const struct result *result)
{
	FILE *out = output->out;

	if (result->error != NULL)
		return true; /* standard error has it */
	if (output->settings->quiet && result->verdict == RFV_ACCEPTED)
		return true;
	for (uint32_t i = 0; i < shown_findings(output, result); i++)
		print_finding(out, result->path, &result->details[i]);
	if (result->places_problem != NULL) {
		put_display(out, result->path);
		(void)fprintf(out, ": note: symbols and lines may be missing: %s\n", result->places_problem);
	}
	for (const char *const *vanished = result->vanished; result->baseline && *vanished != NULL;
	     vanished++) {
		put_display(out, result->path);
		(void)fputs(": note: in the baseline and no longer found: ", out);
		put_display(out, *vanished);
		(void)fputc('\n', out);
	}
	put_display(out, result->path);
	(void)fprintf(out, ": %s%s", verdict_name(result->verdict), result->report->total > 0 ? ", " : "");
	put_finding_count(out, output, result);
	(void)fputc('\n', out);
	if (output->settings->statistics)
		print_statistics(out, result);
	return true;
}

static bool text_close(struct output *output)
{
	(void)output;
	return true;
}

const struct format text_format = {
    .name = "text", .max_shown = 20, .open = text_open, .add = text_add, .close = text_close};
