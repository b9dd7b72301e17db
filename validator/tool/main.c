/* SPDX-License-Identifier: Apache-2.0 */
/* rf-validate's command line. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <ringfence/contract.h>

#include "tool.h"

#define MAX_ERRORS_UNSET UINT32_MAX

static const char help[] =
    "Usage: rf-validate [OPTION]... FILE...\n"
    "Proves that network function binaries keep the Ringfence contract, or says where they do not.\n"
    "\n"
    "Reports:\n"
    "  --format=FORMAT[:FILE]  text (default), json, sarif, junit or github (annotations of a workflow\n"
    "                          run), to standard output or FILE; may be given once for each report wanted\n"
    "  -q, --quiet             write nothing but errors; the exit status is the answer\n"
    "  --stats                 add text_bytes, instructions, functions, blocks and seconds\n"
    "  --max-errors=N          show at most N findings a file (default: 20; sarif 5000, junit 1000)\n"
    "  --source-root=DIR       show names of files below DIR relative to it (default: here)\n"
    "  --annotate[=FUNCTION]   list the code with what is proven before each instruction; then as text\n"
    "  --attest=FILE           write an in-toto attestation of the result, unsigned\n"
    "\n"
    "Known findings:\n"
    "  --baseline=FILE         findings listed there do not fail the run. The runtime knows no\n"
    "                          baselines: a file with such a finding still would not load\n"
    "  --write-baseline=FILE   list all findings there\n"
    "\n"
    "Help:\n"
    "  --explain=RULE          what the rule demands, why, what breaks it and how to repair that\n"
    "  --list-rules            list the rule identifiers\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 all files accepted, or nothing found but what the baseline lists; 1 one was rejected;\n"
    "2 wrong usage; 3 one could not be read, a report not be written, or there was not enough memory.\n";

static int usage_error(void)
{
	(void)fputs("Try 'rf-validate --help'.\n", stderr);
	return EXIT_USAGE;
}

static bool parse_count(const char *text, uint32_t *count)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' || value > 1000000)
		return false;
	*count = (uint32_t)value;
	return true;
}

static void list_rules(void)
{
	for (int rule = RFV_RULE_NONE + 1; rule < RFV_RULE_COUNT; rule++)
		(void)printf("%-22s %s\n", rfv_rule_name((enum rfv_rule)rule),
		             rfv_rule_summary((enum rfv_rule)rule));
}

/* For what writes only help. */
static int finish_help(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_ACCEPTED;
	(void)fprintf(stderr, "rf-validate: cannot write to standard output: %s\n", strerror(errno));
	return EXIT_INTERNAL;
}

/* ---- Outputs ------------------------------------------------------------ */

struct request {
	struct output outputs[OUTPUTS_MAX];
	size_t count;
};

static bool add_output(struct request *request, const struct format *format, const char *path)
{
	if (request->count == OUTPUTS_MAX - 1) { /* one place for the default */
		(void)fprintf(stderr, "rf-validate: more than %d reports\n", OUTPUTS_MAX - 1);
		return false;
	}
	if (path != NULL && *path == '\0') {
		(void)fprintf(stderr, "rf-validate: the file for the %s report has no name\n", format->name);
		return false;
	}
	request->outputs[request->count++] =
	    (struct output){.format = format, .path = path, .max_shown = format->max_shown};
	return true;
}

/* FORMAT or FORMAT:FILE */
static bool add_format(struct request *request, const char *text)
{
	static const struct format *const formats[] = {&text_format, &json_format, &sarif_format,
	                                               &junit_format, &github_format};
	const size_t length = strcspn(text, ":");

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (strlen(formats[i]->name) == length && strncmp(formats[i]->name, text, length) == 0)
			return add_output(request, formats[i],
			                  text[length] == ':' ? text + length + 1 : NULL);
	(void)fputs("rf-validate: unknown format '", stderr);
	put_display(stderr, text);
	(void)fputs("' (text, json, sarif, junit, github)\n", stderr);
	return false;
}

static bool finish_request(struct request *request, const struct settings *settings, uint32_t max_errors)
{
	size_t to_stdout = 0;

	for (size_t i = 0; i < request->count; i++)
		to_stdout += request->outputs[i].path == NULL;
	if (to_stdout > 1) {
		(void)fputs("rf-validate: two reports for standard output; give one as FORMAT:FILE\n",
		            stderr);
		return false;
	}
	if (to_stdout == 0)
		request->outputs[request->count++] =
		    (struct output){.format = &text_format, .max_shown = text_format.max_shown};
	for (size_t i = 0; i < request->count; i++) {
		request->outputs[i].settings = settings;
		if (max_errors != MAX_ERRORS_UNSET)
			request->outputs[i].max_shown = max_errors;
	}
	return true;
}

/* ---- Options ------------------------------------------------------------ */

enum {
	OPTION_FORMAT = 256,
	OPTION_STATS,
	OPTION_MAX_ERRORS,
	OPTION_SOURCE_ROOT,
	OPTION_ANNOTATE,
	OPTION_ATTEST,
	OPTION_BASELINE,
	OPTION_WRITE_BASELINE,
	OPTION_EXPLAIN,
	OPTION_RULES,
	OPTION_HELP,
	OPTION_VERSION
};

static const struct option options[] = {
    {"format", required_argument, NULL, OPTION_FORMAT},
    {"quiet", no_argument, NULL, 'q'},
    {"stats", no_argument, NULL, OPTION_STATS},
    {"max-errors", required_argument, NULL, OPTION_MAX_ERRORS},
    {"source-root", required_argument, NULL, OPTION_SOURCE_ROOT},
    {"annotate", optional_argument, NULL, OPTION_ANNOTATE},
    {"attest", required_argument, NULL, OPTION_ATTEST},
    {"baseline", required_argument, NULL, OPTION_BASELINE},
    {"write-baseline", required_argument, NULL, OPTION_WRITE_BASELINE},
    {"explain", required_argument, NULL, OPTION_EXPLAIN},
    {"list-rules", no_argument, NULL, OPTION_RULES},
    {"help", no_argument, NULL, OPTION_HELP},
    {"version", no_argument, NULL, OPTION_VERSION},
    {0},
};

struct arguments {
	struct request request;
	struct settings settings;
	uint32_t max_errors;
	const char *root;
	const char *baseline;
};

/* The exit code, or -1 to go on. */
static int take_option(struct arguments *arguments, int option)
{
	switch (option) {
	case OPTION_FORMAT:
		return add_format(&arguments->request, optarg) ? -1 : usage_error();
	case 'q':
		arguments->settings.quiet = true;
		return -1;
	case OPTION_STATS:
		arguments->settings.statistics = true;
		return -1;
	case OPTION_MAX_ERRORS:
		if (parse_count(optarg, &arguments->max_errors))
			return -1;
		(void)fputs("rf-validate: --max-errors takes a number up to 1000000, not '", stderr);
		put_display(stderr, optarg);
		(void)fputs("'\n", stderr);
		return usage_error();
	case OPTION_SOURCE_ROOT:
		arguments->root = optarg;
		return -1;
	case OPTION_ANNOTATE:
		arguments->settings.annotate = optarg;
		return add_output(&arguments->request, &annotate_format, NULL) ? -1 : usage_error();
	case OPTION_ATTEST:
		return add_output(&arguments->request, &attest_format, optarg) ? -1 : usage_error();
	case OPTION_BASELINE:
		arguments->baseline = optarg;
		return -1;
	case OPTION_WRITE_BASELINE:
		return add_output(&arguments->request, &baseline_format, optarg) ? -1 : usage_error();
	case OPTION_EXPLAIN:
		return explain(optarg) ? finish_help() : EXIT_USAGE;
	case OPTION_RULES:
		list_rules();
		return finish_help();
	case OPTION_HELP:
		(void)fputs(help, stdout);
		return finish_help();
	case OPTION_VERSION:
		(void)printf("rf-validate %s (contract %d)\n", rfv_version(), RF_CONTRACT_VERSION);
		return finish_help();
	default:
		return usage_error();
	}
}

static void complain_about(const char *what, const char *path, const char *reason)
{
	(void)fprintf(stderr, "rf-validate: %s ", what);
	put_display(stderr, path);
	(void)fprintf(stderr, ": %s\n", reason == NULL ? "not enough memory" : reason);
}

/* Its absolute path without a slash at the end: nothing for the root. */
static char *directory(const char *path)
{
	char *absolute = realpath(path, NULL);

	if (absolute != NULL && strcmp(absolute, "/") == 0)
		*absolute = '\0';
	return absolute;
}

static int start(struct arguments *arguments, char **paths)
{
	char *here = directory(".");
	char *root = directory(arguments->root);
	struct baseline *baseline = NULL;
	char *reason = NULL;
	int code = EXIT_INTERNAL;

	if (root == NULL || here == NULL) {
		complain_about("no such directory:", root == NULL ? arguments->root : ".", strerror(errno));
		free(here);
		free(root);
		return EXIT_INTERNAL;
	}
	arguments->settings.root = root;
	arguments->settings.here = here;
	if (arguments->baseline != NULL)
		baseline = baseline_read(arguments->baseline, &reason);
	arguments->settings.baseline = baseline;
	if (arguments->baseline != NULL && baseline == NULL)
		complain_about("cannot use the baseline", arguments->baseline, reason);
	else
		code = (int)run(&arguments->settings, arguments->request.outputs, arguments->request.count,
		                paths);
	baseline_free(baseline);
	free(reason);
	free(here);
	free(root);
	return code;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.max_errors = MAX_ERRORS_UNSET, .root = "."};
	int option;

	while ((option = getopt_long(argc, argv, "q", options, NULL)) != -1) {
		const int code = take_option(&arguments, option);

		if (code >= 0)
			return code;
	}
	if (optind == argc) {
		(void)fputs("rf-validate: no file given\n", stderr);
		return usage_error();
	}
	if (!finish_request(&arguments.request, &arguments.settings, arguments.max_errors))
		return usage_error();
	return start(&arguments, argv + optind);
}
