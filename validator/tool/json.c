/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for programs: {"version", "contract", "files": [{"file", "verdict", "findings": [...]}]}. */
#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#include <ringfence/contract.h>

#include "tool.h"

struct json_output {
	json_t *files;
};

struct json_output *json_open(void)
{
	struct json_output *output = calloc(1, sizeof *output);

	if (output == NULL)
		return NULL;
	output->files = json_array();
	if (output->files == NULL) {
		free(output);
		return NULL;
	}
	return output;
}

/* Paths and names are the user's bytes; JSON wants UTF-8. */
static json_t *text(const char *bytes)
{
	json_t *string = json_string(bytes);

	return string != NULL ? string : json_string("(not UTF-8)");
}

static json_t *finding_object(const struct rfv_finding *finding, struct places *places)
{
	json_t *object = json_pack("{s:s, s:s, s:I}", "rule", rfv_rule_name(finding->rule), "message",
	                           finding->message, "file_offset", (json_int_t)finding->file_offset);
	char bytes[3 * RFV_INSTRUCTION_MAX + 1];
	char code[160];
	struct place place;

	if (object == NULL || finding->length == 0)
		return object;
	format_bytes(finding, bytes, sizeof bytes);
	disassemble(finding, code, sizeof code);
	place = places_find(places, finding->address);
	(void)json_object_set_new(object, "address", json_integer(finding->address));
	(void)json_object_set_new(object, "bytes", json_string(bytes));
	(void)json_object_set_new(object, "disassembly", json_string(code));
	if (place.symbol != NULL) {
		(void)json_object_set_new(object, "symbol", text(place.symbol));
		(void)json_object_set_new(object, "symbol_offset", json_integer(place.symbol_offset));
	}
	if (place.file != NULL) {
		(void)json_object_set_new(object, "source", text(place.file));
		(void)json_object_set_new(object, "line", json_integer(place.line));
	}
	return object;
}

static json_t *statistics_object(const struct result *result)
{
	const struct rfv_stats *stats = &result->report->stats;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:f}", "text_bytes", (json_int_t)stats->text_bytes,
	                 "instructions", (json_int_t)stats->instructions, "functions",
	                 (json_int_t)stats->functions, "blocks", (json_int_t)stats->blocks, "block_visits",
	                 (json_int_t)stats->block_visits, "memory_bytes", (json_int_t)stats->memory_bytes,
	                 "seconds", result->seconds);
}

bool json_add(struct json_output *output, const struct result *result, struct places *places, bool statistics)
{
	const struct rfv_report *report = result->report;
	json_t *findings = json_array();
	json_t *file = json_pack("{s:o, s:s, s:I, s:o}", "file", text(result->path), "verdict",
	                         verdict_name(result->verdict), "finding_count", (json_int_t)report->total,
	                         "findings", findings);

	for (uint32_t i = 0; i < report->stored; i++)
		if (json_array_append_new(findings, finding_object(&report->findings[i], places)) != 0)
			return false;
	if (statistics && json_object_set_new(file, "statistics", statistics_object(result)) != 0)
		return false;
	return json_array_append_new(output->files, file) == 0;
}

bool json_add_unreadable(struct json_output *output, const char *path, const char *error)
{
	json_t *file =
	    json_pack("{s:o, s:s, s:s}", "file", text(path), "verdict", "unreadable", "error", error);

	return json_array_append_new(output->files, file) == 0;
}

bool json_close(struct json_output *output, FILE *out)
{
	json_t *document = json_pack("{s:s, s:i, s:o}", "version", rfv_version(), "contract",
	                             RF_CONTRACT_VERSION, "files", output->files);
	bool good =
	    document != NULL && json_dumpf(document, out, JSON_INDENT(2)) == 0 && fputc('\n', out) != EOF;

	json_decref(document);
	free(output);
	return good;
}
