/* SPDX-License-Identifier: Apache-2.0 */
/* JUnit XML as Jenkins and GitLab read it: a file is a suite, a rule is a test case. */
#include <inttypes.h>
#include <stdlib.h>

#include "tool.h"

enum outcome { PASSED, FAILED, KNOWN, UNKNOWN, OUTCOMES };

struct junit {
	FILE *suites; /* what comes inside of the root, whose totals are known last */
	char *buffer;
	size_t size;
	uint64_t tests, failures, errors, skipped;
	double seconds;
};

static bool junit_open(struct output *output)
{
	struct junit *junit = calloc(1, sizeof *junit);

	if (junit == NULL)
		return false;
	junit->suites = open_memstream(&junit->buffer, &junit->size);
	if (junit->suites == NULL) {
		free(junit);
		return false;
	}
	output->state = junit;
	return true;
}

static void rule_outcomes(const struct result *result, enum outcome outcomes[RFV_RULE_COUNT])
{
	for (int rule = 0; rule < RFV_RULE_COUNT; rule++)
		outcomes[rule] = all_rules_decided(result) ? PASSED : UNKNOWN;
	for (uint32_t i = 0; i < result->report->stored; i++) {
		enum outcome *outcome = &outcomes[result->details[i].finding->rule];

		if (!result->details[i].known)
			*outcome = FAILED;
		else if (*outcome != FAILED)
			*outcome = KNOWN;
	}
}

static void put_finding(FILE *out, const struct detail *detail)
{
	const struct rfv_finding *finding = detail->finding;
	char code[160];

	if (finding->length == 0) {
		(void)fprintf(out, "file offset 0x%" PRIx32 ": ", finding->file_offset);
		put_xml(out, finding->message);
		(void)fputc('\n', out);
		return;
	}
	disassemble(finding->bytes, finding->length, finding->address, code, sizeof code);
	(void)fprintf(out, "0x%" PRIx32, finding->address);
	if (detail->place.symbol != NULL) {
		(void)fputs(" in ", out);
		put_xml(out, detail->place.symbol);
	}
	if (detail->place.file != NULL) {
		(void)fputs(" at ", out);
		put_xml(out, detail->place.file);
		(void)fprintf(out, ":%d", detail->place.line);
	}
	(void)fputs(": ", out);
	put_xml(out, finding->message);
	if (code[0] != '\0') {
		(void)fputs(": ", out);
		put_xml(out, code);
	}
	(void)fputs(detail->known ? " (in the baseline)\n" : "\n", out);
}

static void put_findings(FILE *out, const struct output *output, const struct result *result,
                         enum rfv_rule rule)
{
	const uint32_t shown = shown_findings(output, result);

	for (uint32_t i = 0; i < shown; i++)
		if (result->details[i].finding->rule == rule)
			put_finding(out, &result->details[i]);
	if (shown < result->report->total)
		(void)fprintf(out, "(%" PRIu32 " of the file's %" PRIu64 " findings are shown)\n", shown,
		              result->report->total);
}

static void put_case(const struct output *output, const struct result *result, enum rfv_rule rule,
                     enum outcome outcome)
{
	struct junit *junit = output->state;
	FILE *out = junit->suites;

	(void)fprintf(out, "    <testcase name=\"%s\" classname=\"", rfv_rule_name(rule));
	put_xml(out, result->path);
	(void)fputs("\">", out);
	if (outcome == FAILED) {
		(void)fprintf(out, "<failure type=\"%s\" message=\"", rfv_rule_name(rule));
		put_xml(out, rfv_rule_summary(rule));
		(void)fputs("\">", out);
		put_findings(out, output, result, rule);
		(void)fputs("</failure>", out);
	} else if (outcome == KNOWN) {
		(void)fputs("<skipped message=\"all findings are in the baseline; the file would not load\"/>"
		            "<system-out>",
		            out);
		put_findings(out, output, result, rule);
		(void)fputs("</system-out>", out);
	} else if (outcome == UNKNOWN) {
		(void)fputs(result->verdict == RFV_MALFORMED
		                ? "<skipped message=\"not examined: the file is malformed\"/>"
		                : "<skipped message=\"not known: there are too many findings\"/>",
		            out);
	}
	(void)fputs("</testcase>\n", out);
}

static void put_suite(FILE *out, const char *path, uint64_t tests, const uint64_t counts[OUTCOMES],
                      uint64_t errors, double seconds)
{
	(void)fputs("  <testsuite name=\"", out);
	put_xml(out, path);
	(void)fprintf(out,
	              "\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64 "\" errors=\"%" PRIu64
	              "\" skipped=\"%" PRIu64 "\" time=\"%.6f\">\n",
	              tests, counts[FAILED], errors, counts[KNOWN] + counts[UNKNOWN], seconds);
}

/* A file without a verdict is a suite with one test case, in error. */
static void add_error(struct junit *junit, const char *path, const char *type, const char *message)
{
	static const uint64_t none[OUTCOMES] = {0};

	put_suite(junit->suites, path, 1, none, 1, 0);
	(void)fputs("    <testcase name=\"verdict\" classname=\"", junit->suites);
	put_xml(junit->suites, path);
	(void)fprintf(junit->suites, "\"><error type=\"%s\" message=\"", type);
	put_xml(junit->suites, message);
	(void)fputs("\"/></testcase>\n  </testsuite>\n", junit->suites);
	junit->tests++;
	junit->errors++;
}

static bool junit_add(struct output *output, const struct result *result)
{
	enum outcome outcomes[RFV_RULE_COUNT];
	uint64_t counts[OUTCOMES] = {0};
	struct junit *junit = output->state;

	if (result->error != NULL || result->verdict == RFV_NO_MEMORY) {
		add_error(junit, result->path, result->error != NULL ? "unreadable" : "undecided",
		          result->error != NULL ? result->error : "not enough memory to check it");
		return true;
	}
	rule_outcomes(result, outcomes);
	for (int rule = RFV_RULE_NONE + 1; rule < RFV_RULE_COUNT; rule++)
		counts[outcomes[rule]]++;
	put_suite(junit->suites, result->path, RFV_RULE_COUNT - 1, counts, 0, result->seconds);
	for (int rule = RFV_RULE_NONE + 1; rule < RFV_RULE_COUNT; rule++)
		put_case(output, result, (enum rfv_rule)rule, outcomes[rule]);
	(void)fputs("  </testsuite>\n", junit->suites);
	junit->tests += RFV_RULE_COUNT - 1;
	junit->failures += counts[FAILED];
	junit->skipped += counts[KNOWN] + counts[UNKNOWN];
	junit->seconds += result->seconds;
	return true;
}

static bool junit_close(struct output *output)
{
	struct junit *junit = output->state;
	const bool good = fclose(junit->suites) == 0;

	if (good) {
		(void)fprintf(output->out,
		              "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		              "<testsuites name=\"rf-validate\" tests=\"%" PRIu64 "\" failures=\"%" PRIu64
		              "\" errors=\"%" PRIu64 "\" skipped=\"%" PRIu64 "\" time=\"%.6f\">\n",
		              junit->tests, junit->failures, junit->errors, junit->skipped, junit->seconds);
		(void)fwrite(junit->buffer, 1, junit->size, output->out);
		(void)fputs("</testsuites>\n", output->out);
	}
	free(junit->buffer);
	free(junit);
	return good;
}

const struct format junit_format = {.name = "junit",
                                    .max_shown = 1000,
                                    .needs_all = true,
                                    .open = junit_open,
                                    .add = junit_add,
                                    .close = junit_close};
