/* SPDX-License-Identifier: Apache-2.0 */
/* rf-validate: the library's verdict on files. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <ringfence/contract.h>

#include "tool.h"

enum exit_code { EXIT_ACCEPTED = 0, EXIT_REJECTED = 1, EXIT_USAGE = 2, EXIT_INTERNAL = 3 };

struct settings {
	bool quiet;
	bool statistics;
	uint32_t max_errors;
	struct json_output *json; /* NULL: text */
};

static const char help[] =
    "Usage: rf-validate [OPTION]... FILE...\n"
    "Proves that network function binaries keep the Ringfence contract, or says where they do not.\n"
    "\n"
    "  --format=text|json  how findings are written to standard output (default: text)\n"
    "  -q, --quiet         write nothing but errors; the exit status is the answer\n"
    "  --stats             add text_bytes, instructions, functions, blocks and seconds\n"
    "  --max-errors=N      show at most N findings a file (default: 20; 0: none)\n"
    "  --list-rules        list the rule identifiers; docs/rules.md explains them\n"
    "  --help, --version\n"
    "\n"
    "Exit status: 0 all files accepted, 1 one was rejected, 2 wrong usage, 3 one could not be read\n"
    "or there was not enough memory.\n";

/* Reads the whole file; a device or pipe is read to its end or RFV_FILE_MAX. */
static uint8_t *read_file(const char *path, size_t *size, int *error)
{
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t capacity = 1 << 16;
	uint8_t *bytes = NULL;
	struct stat status;

	*size = 0;
	if (file < 0 || fstat(file, &status) != 0)
		goto failed;
	if (status.st_size > 0 && status.st_size <= RFV_FILE_MAX)
		capacity = (size_t)status.st_size + 1;
	bytes = malloc(capacity);
	while (bytes != NULL && *size <= RFV_FILE_MAX) {
		ssize_t got;

		if (*size == capacity) {
			uint8_t *larger = realloc(bytes, capacity *= 2);
			if (larger == NULL)
				goto failed;
			bytes = larger;
		}
		got = read(file, bytes + *size, capacity - *size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			goto failed;
		if (got == 0)
			break;
		*size += (size_t)got;
	}
	if (bytes == NULL)
		goto failed;
	(void)close(file);
	return bytes;
failed:
	*error = errno;
	free(bytes);
	if (file >= 0)
		(void)close(file);
	return NULL;
}

static double now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

static enum exit_code exit_code_of(enum rfv_verdict verdict)
{
	if (verdict == RFV_ACCEPTED)
		return EXIT_ACCEPTED;
	return verdict == RFV_NO_MEMORY ? EXIT_INTERNAL : EXIT_REJECTED;
}

static enum exit_code unreadable(const struct settings *settings, const char *path, int error)
{
	(void)fprintf(stderr, "rf-validate: cannot read %s: %s\n", path, strerror(error));
	if (settings->json != NULL)
		(void)json_add_unreadable(settings->json, path, strerror(error));
	return EXIT_INTERNAL;
}

static bool show(const struct settings *settings, const struct result *result, const void *bytes, size_t size)
{
	/* Symbols and lines are read for findings only, from an ELF file that parsed. */
	const bool wanted = result->report->stored > 0 && result->verdict == RFV_REJECTED;
	struct places *places = wanted ? places_open(bytes, size) : NULL;
	bool good = true;

	if (settings->json != NULL)
		good = json_add(settings->json, result, places, settings->statistics);
	else
		print_text(stdout, result, places, settings->statistics);
	places_close(places);
	return good;
}

static enum exit_code check_file(const struct settings *settings, const char *path)
{
	struct rfv_report report = {.capacity = settings->max_errors};
	struct result result = {.path = path, .report = &report};
	enum exit_code code = EXIT_INTERNAL;
	int error = 0;
	size_t size;
	uint8_t *bytes = read_file(path, &size, &error);

	if (bytes == NULL)
		return unreadable(settings, path, error);
	report.findings = calloc((size_t)report.capacity + 1, sizeof *report.findings);
	if (report.findings == NULL) {
		(void)fprintf(stderr, "rf-validate: not enough memory for %u findings\n", report.capacity);
		goto done;
	}
	result.seconds = -now();
	result.verdict = rfv_check(bytes, size, &report);
	result.seconds += now();
	code = exit_code_of(result.verdict);
	if (result.verdict == RFV_NO_MEMORY)
		(void)fprintf(stderr, "rf-validate: not enough memory to check %s\n", path);
	if (!(settings->quiet && code == EXIT_ACCEPTED) && !show(settings, &result, bytes, size))
		code = EXIT_INTERNAL;
done:
	free(report.findings);
	free(bytes);
	return code;
}

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

static enum exit_code check_files(struct settings *settings, char **paths, bool json)
{
	enum exit_code worst = EXIT_ACCEPTED;

	if (json) {
		settings->json = json_open();
		if (settings->json == NULL)
			return EXIT_INTERNAL;
	}
	for (; *paths != NULL; paths++) {
		const enum exit_code code = check_file(settings, *paths);

		if (code > worst)
			worst = code;
	}
	if (settings->json != NULL && !json_close(settings->json, stdout))
		worst = EXIT_INTERNAL;
	if (fflush(stdout) != 0 || ferror(stdout)) {
		(void)fprintf(stderr, "rf-validate: cannot write to standard output: %s\n", strerror(errno));
		worst = EXIT_INTERNAL;
	}
	return worst;
}

int main(int argc, char **argv)
{
	enum {
		OPTION_FORMAT = 256,
		OPTION_STATS,
		OPTION_MAX_ERRORS,
		OPTION_RULES,
		OPTION_HELP,
		OPTION_VERSION
	};
	static const struct option options[] = {
	    {"format", required_argument, NULL, OPTION_FORMAT},
	    {"quiet", no_argument, NULL, 'q'},
	    {"stats", no_argument, NULL, OPTION_STATS},
	    {"max-errors", required_argument, NULL, OPTION_MAX_ERRORS},
	    {"list-rules", no_argument, NULL, OPTION_RULES},
	    {"help", no_argument, NULL, OPTION_HELP},
	    {"version", no_argument, NULL, OPTION_VERSION},
	    {0},
	};
	struct settings settings = {.max_errors = 20};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "q", options, NULL)) != -1) {
		switch (option) {
		case OPTION_FORMAT:
			json = strcmp(optarg, "json") == 0;
			if (!json && strcmp(optarg, "text") != 0) {
				(void)fprintf(stderr, "rf-validate: unknown format '%s' (text, json)\n",
				              optarg);
				return usage_error();
			}
			break;
		case 'q':
			settings.quiet = true;
			break;
		case OPTION_STATS:
			settings.statistics = true;
			break;
		case OPTION_MAX_ERRORS:
			if (!parse_count(optarg, &settings.max_errors)) {
				(void)fprintf(
				    stderr,
				    "rf-validate: --max-errors takes a number up to 1000000, not '%s'\n",
				    optarg);
				return usage_error();
			}
			break;
		case OPTION_RULES:
			list_rules();
			return EXIT_ACCEPTED;
		case OPTION_HELP:
			(void)fputs(help, stdout);
			return EXIT_ACCEPTED;
		case OPTION_VERSION:
			(void)printf("rf-validate %s (contract %d)\n", rfv_version(), RF_CONTRACT_VERSION);
			return EXIT_ACCEPTED;
		default:
			return usage_error();
		}
	}
	if (optind == argc) {
		(void)fputs("rf-validate: no file given\n", stderr);
		return usage_error();
	}
	return (int)check_files(&settings, argv + optind, json);
}
