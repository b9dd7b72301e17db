/* SPDX-License-Identifier: Apache-2.0 */
/* One run: each file is read, checked and handed to all outputs; then these are written. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tool.h"

/* The most that is kept for outputs that want to see every finding. */
#define FINDINGS_MAX 1000000

static void complain(const char *path, const char *format, ...)
{
	va_list arguments;

	(void)fputs("rf-validate: ", stderr);
	va_start(arguments, format);
	(void)vfprintf(stderr, format, arguments);
	va_end(arguments);
	if (path != NULL) {
		(void)fputc(' ', stderr);
		put_display(stderr, path);
	}
}

static double now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

/* ---- Outputs ------------------------------------------------------------ */

static bool open_outputs(struct output *outputs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct output *output = &outputs[i];

		output->out = output->path == NULL ? stdout : open_memstream(&output->buffer, &output->size);
		if (output->out == NULL || !output->format->open(output)) {
			complain(NULL, "not enough memory\n");
			return false;
		}
	}
	return true;
}

static bool add_result(struct output *outputs, size_t count, const struct result *result)
{
	bool good = true;

	for (size_t i = 0; i < count; i++)
		good = outputs[i].format->add(&outputs[i], result) && good;
	if (!good)
		complain(result->path, "not enough memory to report on");
	if (!good)
		(void)fputc('\n', stderr);
	return good;
}

static bool write_output(struct output *output)
{
	bool good = output->format->close(output);

	if (!good)
		complain(NULL, "not enough memory for the %s report\n", output->format->name);
	if (output->path == NULL) {
		if (fflush(stdout) == 0 && !ferror(stdout))
			return good;
		complain(NULL, "cannot write to standard output: %s\n", strerror(errno));
		return false;
	}
	good = fclose(output->out) == 0 && good;
	if (good && output->refusal != NULL) {
		complain(output->path, "no %s was written to", output->format->name);
		(void)fprintf(stderr, ": %s\n", output->refusal);
		good = false;
	} else if (good && !write_file(output->path, output->buffer, output->size)) {
		const int error = errno;

		complain(output->path, "cannot write");
		(void)fprintf(stderr, ": %s\n", strerror(error));
		good = false;
	}
	free(output->buffer);
	return good;
}

static bool needs_all(const struct output *outputs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (outputs[i].format->needs_all)
			return true;
	return false;
}

static bool writes_baseline(const struct output *outputs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (outputs[i].format == &baseline_format)
			return true;
	return false;
}

static uint32_t most_shown(const struct output *outputs, size_t count)
{
	uint32_t most = 0;

	for (size_t i = 0; i < count; i++)
		if (outputs[i].max_shown > most)
			most = outputs[i].max_shown;
	return most;
}

/* ---- One file ----------------------------------------------------------- */

static bool check(const struct contents *contents, struct result *result, struct rfv_report *report,
                  uint32_t capacity)
{
	free(report->findings);
	report->capacity = capacity;
	report->findings = calloc((size_t)capacity + 1, sizeof *report->findings);
	if (report->findings == NULL)
		return false;
	result->seconds = -now();
	result->verdict = rfv_check(contents->bytes, contents->size, report);
	result->seconds += now();
	return true;
}

/* Symbols and lines are looked up for findings only, in an ELF file that parsed. */
static bool add_details(const struct contents *contents, struct result *result, struct detail *details,
                        struct places *places)
{
	const struct rfv_report *report = result->report;
	const uint32_t count = result->verdict == RFV_REJECTED ? report->stored : 0;
	uint32_t *addresses = calloc((size_t)count + 1, sizeof *addresses);

	if (addresses == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++)
		addresses[i] = report->findings[i].address;
	places_find(places, contents->bytes, contents->size, addresses, count);
	free(addresses);
	result->places_problem = places->problem;
	for (uint32_t i = 0; i < report->stored; i++) {
		details[i].finding = &report->findings[i];
		if (i < count && places->places != NULL && report->findings[i].length > 0)
			details[i].place = places->places[i];
	}
	return fingerprint_all(details, report->stored);
}

static enum exit_code exit_code_of(const struct result *result, bool recorded)
{
	const bool excused = (result->baseline && result->known == result->report->total) || recorded;

	if (result->verdict == RFV_ACCEPTED)
		return EXIT_ACCEPTED;
	if (result->verdict == RFV_NO_MEMORY)
		return EXIT_INTERNAL;
	return excused ? EXIT_ACCEPTED : EXIT_REJECTED;
}

static bool report_file(const struct settings *settings, struct output *outputs, size_t output_count,
                        const struct contents *contents, struct result *result)
{
	struct detail *details = calloc((size_t)result->report->stored + 1, sizeof *details);
	struct places places = {0};
	bool good = details != NULL && add_details(contents, result, details, &places);

	result->details = details;
	result->size = contents->size;
	if (contents->whole)
		sha256_hex(contents->bytes, contents->size, result->sha256);
	if (good && settings->baseline != NULL)
		good = baseline_apply(settings->baseline, result, details);
	if (good)
		good = add_result(outputs, output_count, result);
	else
		complain(NULL, "not enough memory\n");
	baseline_forget(result);
	places_free(&places);
	free(details);
	return good;
}

static enum exit_code check_file(const struct settings *settings, struct output *outputs, size_t output_count,
                                 const char *path)
{
	char *place = relative_path(settings->root, settings->here, path);
	struct rfv_report report = {0};
	struct result result = {.path = path, .place = place, .report = &report};
	const bool all = needs_all(outputs, output_count) || settings->baseline != NULL;
	enum exit_code code = EXIT_INTERNAL;
	struct contents contents;
	bool good;

	if (place == NULL) {
		complain(NULL, "not enough memory\n");
		return EXIT_INTERNAL;
	}
	if (!read_file(path, &contents)) {
		result.error = strerror(errno);
		complain(path, "cannot read");
		(void)fprintf(stderr, ": %s\n", result.error);
		(void)add_result(outputs, output_count, &result);
		free(place);
		return EXIT_INTERNAL;
	}
	good = check(&contents, &result, &report, most_shown(outputs, output_count));
	if (good && all && report.stored < report.total && report.stored < FINDINGS_MAX)
		good = check(&contents, &result, &report,
		             report.total < FINDINGS_MAX ? (uint32_t)report.total : FINDINGS_MAX);
	if (!good) {
		complain(path, "not enough memory for the findings in");
		(void)fputc('\n', stderr);
	} else if (report_file(settings, outputs, output_count, &contents, &result)) {
		code = exit_code_of(&result, writes_baseline(outputs, output_count));
	}
	if (good && result.verdict == RFV_NO_MEMORY) {
		complain(path, "not enough memory to check");
		(void)fputc('\n', stderr);
	}
	free(report.findings);
	free(contents.bytes);
	free(place);
	return code;
}

enum exit_code run(const struct settings *settings, struct output *outputs, size_t output_count, char **paths)
{
	enum exit_code worst = EXIT_ACCEPTED;

	if (!open_outputs(outputs, output_count))
		return EXIT_INTERNAL;
	for (; *paths != NULL; paths++) {
		const enum exit_code code = check_file(settings, outputs, output_count, *paths);

		if (code > worst)
			worst = code;
	}
	for (size_t i = 0; i < output_count; i++) {
		if (!write_output(&outputs[i]))
			worst = EXIT_INTERNAL;
		else if (outputs[i].misused && worst < EXIT_USAGE)
			worst = EXIT_USAGE;
	}
	if (writes_baseline(outputs, output_count) && worst == EXIT_ACCEPTED)
		complain(NULL, "wrote the baseline; a file with a finding in it still would not load\n");
	return worst;
}
