/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A baseline lists findings by file and fingerprint:
 * {"ringfence-baseline": 1, "findings": [{"file", "fingerprint", "rule", "description"}]}.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "tool.h"

#define VERSION_KEY "ringfence-baseline"
#define VERSION 1
#define BASELINE_MAX (64u << 20)

struct baseline {
	json_t *files; /* file: {fingerprint: description} */
};

/* ---- Reading ------------------------------------------------------------ */

static json_t *member(json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (value == NULL) {
		value = json_object();
		if (json_object_set_new(object, key, value) != 0)
			return NULL;
	}
	return value;
}

static char *reason_of(const char *format, const char *text, int number)
{
	char *reason = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&reason, &size);

	if (out == NULL)
		return NULL;
	(void)fprintf(out, format, text, number);
	(void)fclose(out);
	return reason;
}

/* NULL if all entries are as they should be, else what is wrong. */
static char *take_entries(struct baseline *baseline, json_t *document)
{
	json_t *findings = json_object_get(document, "findings");
	json_t *version = json_object_get(document, VERSION_KEY);

	if (!json_is_integer(version) || !json_is_array(findings))
		return reason_of("it is not a baseline: '%s' or 'findings' is missing", VERSION_KEY, 0);
	if (json_integer_value(version) != VERSION)
		return reason_of("%s is not %d: it was written by another version", VERSION_KEY, VERSION);
	for (size_t i = 0; i < json_array_size(findings); i++) {
		json_t *entry = json_array_get(findings, i);
		const char *file = json_string_value(json_object_get(entry, "file"));
		const char *fingerprint = json_string_value(json_object_get(entry, "fingerprint"));
		json_t *description = json_object_get(entry, "description");
		json_t *known;

		if (file == NULL || fingerprint == NULL || !json_is_string(description))
			return reason_of("%s %d lacks 'file', 'fingerprint' or 'description'", "finding",
			                 (int)i);
		known = member(baseline->files, file);
		if (known == NULL || json_object_set(known, fingerprint, description) != 0)
			return reason_of("%s", "not enough memory", 0);
	}
	return NULL;
}

struct baseline *baseline_read(const char *path, char **reason)
{
	struct baseline *baseline = calloc(1, sizeof *baseline);
	struct contents contents;
	json_error_t error;
	json_t *document;

	*reason = NULL;
	if (baseline == NULL)
		return NULL;
	baseline->files = json_object();
	if (!read_file(path, &contents)) {
		*reason = reason_of("%m", "", 0);
		baseline_free(baseline);
		return NULL;
	}
	document = contents.size > BASELINE_MAX ? NULL
	                                        : json_loadb((const char *)contents.bytes, contents.size,
	                                                     JSON_REJECT_DUPLICATES, &error);
	if (contents.size > BASELINE_MAX)
		*reason = reason_of("%s", "it is over 64 MiB", 0);
	else if (document == NULL)
		*reason = reason_of("%s (line %d)", error.text, error.line);
	else
		*reason = take_entries(baseline, document);
	free(contents.bytes);
	json_decref(document);
	if (*reason == NULL && document != NULL)
		return baseline;
	baseline_free(baseline);
	return NULL;
}

void baseline_free(struct baseline *baseline)
{
	if (baseline == NULL)
		return;
	json_decref(baseline->files);
	free(baseline);
}

/* ---- Comparing ---------------------------------------------------------- */

static bool list_vanished(struct result *result, json_t *known, const json_t *seen)
{
	const char **list = calloc(json_object_size(known) + 1, sizeof *list);
	const char *fingerprint;
	json_t *description;
	size_t count = 0;

	result->vanished = list;
	if (list == NULL)
		return false;
	json_object_foreach(known, fingerprint, description)
	{
		if (json_object_get(seen, fingerprint) == NULL)
			list[count++] = json_string_value(description);
	}
	return true;
}

bool baseline_apply(const struct baseline *baseline, struct result *result, struct detail *details)
{
	char *key = utf8_copy(result->place);
	json_t *known = key == NULL ? NULL : json_object_get(baseline->files, key);
	json_t *seen = json_object();
	bool good = key != NULL && seen != NULL;

	result->baseline = true;
	for (uint32_t i = 0; good && i < result->report->stored; i++) {
		details[i].known = json_object_get(known, details[i].fingerprint) != NULL;
		result->known += details[i].known;
		good = json_object_set_new(seen, details[i].fingerprint, json_true()) == 0;
	}
	good = good && list_vanished(result, known, seen);
	json_decref(seen);
	free(key);
	return good;
}

void baseline_forget(struct result *result)
{
	free((void *)(uintptr_t)result->vanished);
	result->vanished = NULL;
}

/* ---- Writing ------------------------------------------------------------ */

static json_t *description_of(const struct detail *detail)
{
	char *text = describe_finding(detail, NULL);
	json_t *string = text == NULL ? NULL : json_string(text);

	free(text);
	return string;
}

static bool baseline_open(struct output *output)
{
	output->state = json_array();
	return output->state != NULL;
}

static bool baseline_add(struct output *output, const struct result *result)
{
	char *key = utf8_copy(result->place);
	bool good = key != NULL;

	if (result->error != NULL || result->verdict == RFV_NO_MEMORY)
		output->refusal = "not all files could be checked";
	else if (result->report->stored < result->report->total)
		output->refusal = "there are too many findings";
	for (uint32_t i = 0; good && output->refusal == NULL && i < result->report->stored; i++)
		good = json_array_append_new(
		           output->state, json_pack("{s:s, s:s, s:s, s:o}", "file", key, "fingerprint",
		                                    result->details[i].fingerprint, "rule",
		                                    rfv_rule_name(result->details[i].finding->rule),
		                                    "description", description_of(&result->details[i]))) == 0;
	free(key);
	return good;
}

static bool baseline_close(struct output *output)
{
	json_t *document =
	    json_pack("{s:i, s:s, s:o}", VERSION_KEY, VERSION, "comment",
	              "Known findings of rf-validate --baseline. A file that has one would not load.",
	              "findings", (json_t *)output->state);
	const bool good = document != NULL;

	if (good) {
		(void)json_dumpf(document, output->out, JSON_INDENT(2));
		(void)fputc('\n', output->out);
	}
	json_decref(document);
	return good;
}

const struct format baseline_format = {.name = "baseline",
                                       .needs_all = true,
                                       .open = baseline_open,
                                       .add = baseline_add,
                                       .close = baseline_close};
