/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for programs: {"version", "contract", "files": [{"file", "verdict", "findings": [...]}]}. */
#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#include <ringfence/contract.h>

#include "tool.h"

/* Paths and names are the user's bytes; JSON wants UTF-8. NULL if there is no memory. */
static json_t *text(const char *bytes)
{
	char *copy = utf8_copy(bytes);
	json_t *string = copy == NULL ? NULL : json_string(copy);

	free(copy);
	return string;
}

static json_t *finding_object(const struct result *result, const struct detail *detail)
{
	const struct rfv_finding *finding = detail->finding;
	const struct place *place = &detail->place;
	json_t *object = json_pack("{s:s, s:s, s:I, s:s}", "rule", rfv_rule_name(finding->rule), "message",
	                           finding->message, "file_offset", (json_int_t)finding->file_offset,
	                           "fingerprint", detail->fingerprint);
	char bytes[3 * RFV_INSTRUCTION_MAX + 1];
	char code[160];

	if (object != NULL && result->baseline)
		(void)json_object_set_new(object, "known", json_boolean(detail->known));
	if (object == NULL || finding->length == 0)
		return object;
	format_bytes(finding->bytes, finding->length, bytes, sizeof bytes);
	disassemble(finding->bytes, finding->length, finding->address, code, sizeof code);
	(void)json_object_set_new(object, "address", json_integer(finding->address));
	(void)json_object_set_new(object, "bytes", json_string(bytes));
	(void)json_object_set_new(object, "disassembly", json_string(code));
	if (place->symbol != NULL) {
		(void)json_object_set_new(object, "symbol", text(place->symbol));
		(void)json_object_set_new(object, "symbol_offset", json_integer(place->symbol_offset));
	}
	if (place->file != NULL) {
		(void)json_object_set_new(object, "source", text(place->file));
		(void)json_object_set_new(object, "line", json_integer(place->line));
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

static void add_notes(json_t *file, const struct result *result)
{
	if (result->places_problem != NULL)
		(void)json_object_set_new(file, "debug_information_problem",
		                          json_string(result->places_problem));
	if (!result->baseline)
		return;
	(void)json_object_set_new(file, "known_count", json_integer((json_int_t)result->known));
	(void)json_object_set_new(file, "vanished", json_array());
	for (const char *const *vanished = result->vanished; *vanished != NULL; vanished++)
		(void)json_array_append_new(json_object_get(file, "vanished"), text(*vanished));
}

static bool json_open(struct output *output)
{
	output->state = json_array();
	return output->state != NULL;
}

static bool json_add(struct output *output, const struct result *result)
{
	const struct rfv_report *report = result->report;
	json_t *findings;
	json_t *file;

	if (result->error != NULL) {
		file = json_pack("{s:o, s:s, s:s}", "file", text(result->path), "verdict", "unreadable",
		                 "error", result->error);
		return json_array_append_new(output->state, file) == 0;
	}
	if (output->settings->quiet && result->verdict == RFV_ACCEPTED)
		return true;
	findings = json_array();
	file = json_pack("{s:o, s:s, s:I, s:o}", "file", text(result->path), "verdict",
	                 verdict_name(result->verdict), "finding_count", (json_int_t)report->total,
	                 "findings", findings);
	if (file == NULL)
		return false;
	add_notes(file, result);
	for (uint32_t i = 0; i < shown_findings(output, result); i++)
		if (json_array_append_new(findings, finding_object(result, &result->details[i])) != 0) {
			json_decref(file);
			return false;
		}
	if (output->settings->statistics)
		(void)json_object_set_new(file, "statistics", statistics_object(result));
	return json_array_append_new(output->state, file) == 0;
}

static bool json_close(struct output *output)
{
	json_t *document = json_pack("{s:s, s:i, s:o}", "version", rfv_version(), "contract",
	                             RF_CONTRACT_VERSION, "files", (json_t *)output->state);
	/* A failure to write shows in the stream. */
	const bool good = document != NULL;

	if (good) {
		(void)json_dumpf(document, output->out, JSON_INDENT(2));
		(void)fputc('\n', output->out);
	}
	json_decref(document);
	return good;
}

const struct format json_format = {
    .name = "json", .max_shown = 20, .open = json_open, .add = json_add, .close = json_close};
