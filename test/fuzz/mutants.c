/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mutants: makes programs that are nearly valid, and runs whatever the
 * validator accepts under supervision. docs/testing.md has the commands.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "choose.h"
#include "emulate.h"
#include "generate.h"
#include "mutate.h"
#include "native.h"

#define SPECIMENS_MAX 32
#define PROGRESS_SECONDS 60
/* What Unicorn has translated stays in memory, and when that is full, after some 200,000 programs, it
 * crashes. */
#define EMULATOR_PROGRAMS 20000
#define CHILD_PROGRAMS 2000 /* that one process runs natively */

struct options {
	uint64_t seed;
	uint64_t count; /* programs; 0: no limit */
	uint64_t seconds;
	uint32_t runs; /* of each accepted program */
	bool native;
	bool generate;
	bool keep_going;  /* after an escape */
	const char *save; /* folder for what escaped */
	struct specimen specimens[SPECIMENS_MAX];
	struct emulator *emulators[SPECIMENS_MAX];
	uint32_t specimen_count;
};

struct totals {
	uint64_t programs;
	uint64_t flawed;
	uint64_t accepted;
	uint64_t accepted_flawed;
	uint64_t runs;
	uint64_t outcomes[OUTCOMES];
	uint64_t native_outcomes[NATIVE_ESCAPED + 1];
};

static struct options options = {.seed = 1, .runs = 3, .generate = true};
static struct totals totals;
static struct emulator *generated_emulator;
static time_t started;

static double hours(void)
{
	return (double)(time(NULL) - started) / 3600;
}

static void print_totals(FILE *file)
{
	const double elapsed = hours();

	fprintf(file,
	        "programs %" PRIu64 " (%" PRIu64 " with flaws), accepted %" PRIu64 " (%" PRIu64
	        "), runs %" PRIu64 ": returned %" PRIu64 ", faulted %" PRIu64 ", stopped %" PRIu64
	        ", gave up %" PRIu64 ", escaped %" PRIu64,
	        totals.programs, totals.flawed, totals.accepted, totals.accepted_flawed, totals.runs,
	        totals.outcomes[OUTCOME_RETURNED] + totals.native_outcomes[NATIVE_RETURNED],
	        totals.outcomes[OUTCOME_FAULTED] + totals.native_outcomes[NATIVE_FAULTED],
	        totals.outcomes[OUTCOME_STOPPED] + totals.native_outcomes[NATIVE_REFUSED],
	        totals.outcomes[OUTCOME_BROKEN],
	        totals.outcomes[OUTCOME_ESCAPED] + totals.native_outcomes[NATIVE_ESCAPED]);
	if (elapsed > 0.01)
		fprintf(file, "; accepted per hour %.0f", (double)totals.accepted / elapsed);
	fputc('\n', file);
	(void)fflush(file);
}

/* ---- What escaped --------------------------------------------------------------- */

static void save(const void *bytes, size_t size, uint64_t number)
{
	char path[512];
	FILE *file;

	if (options.save == NULL)
		return;
	(void)snprintf(path, sizeof path, "%s/escape-%" PRIu64 ".nf", options.save, number);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, size, file) != size)
		fprintf(stderr, "mutants: %s: %s\n", path, strerror(errno));
	if (file != NULL)
		(void)fclose(file);
}

static void report_escape(const char *what, uint64_t number, const char *text, const void *bytes, size_t size)
{
	printf("ESCAPE: %s, program %" PRIu64 ": %s\n", what, number, text);
	(void)fflush(stdout);
	save(bytes, size, number);
}

/* ---- Running ---------------------------------------------------------------------- */

static bool accepted(const void *bytes, size_t size, struct rfv_image *image)
{
	struct rfv_report report = {.capacity = 0};
	const bool good = rfv_check(bytes, size, &report) == RFV_ACCEPTED;

	*image = report.image;
	return good;
}

static void run_emulated(struct emulator *emulator, const char *what, const void *bytes, size_t size,
                         const struct rfv_image *image, uint32_t function, uint64_t number)
{
	char text[200];

	for (uint32_t i = 0; i < options.runs; i++) {
		const enum outcome outcome = emulate(
		    emulator, image, function, options.seed * 1000003 + number * 17 + i, text, sizeof text);

		totals.runs++;
		totals.outcomes[outcome]++;
		if (outcome == OUTCOME_BROKEN)
			fprintf(stderr, "mutants: the emulator gave up in program %" PRIu64 " (%s): %s\n",
			        number, what, text);
		if (outcome == OUTCOME_ESCAPED) {
			report_escape(what, number, text, bytes, size);
			return;
		}
	}
}

static void run_native(const char *what, const void *bytes, size_t size, uint64_t number)
{
	char text[200];
	const enum native_outcome outcome = native_run(bytes, size, options.seed + number, text, sizeof text);

	totals.runs++;
	totals.native_outcomes[outcome]++;
	if (outcome == NATIVE_ESCAPED)
		report_escape(what, number, text, bytes, size);
}

/* The function gets packets, too. */
static void export_as_process(struct nf_file *file)
{
	file->constants.exports[1] = file->constants.exports[0];
	file->constants.exports[1].name += 2;
	memcpy(file->constants.names, "f\0process", sizeof "f\0process");
	file->note.body.exports[1] += sizeof(struct rf_nf_export);
}

static void try_generated(uint64_t number)
{
	static struct nf_file file;
	uint64_t seed = options.seed ^ number << 20;
	const uint32_t allowed = choose(&seed, 3); /* none, one, two */
	const uint32_t flaws = generate(&file, choose_any(&seed), allowed);
	struct rfv_image image;
	uint32_t function;

	if (options.native)
		export_as_process(&file);
	totals.programs++;
	totals.flawed += flaws != 0;
	if (!accepted(&file, nf_size(&file), &image))
		return;
	totals.accepted++;
	totals.accepted_flawed += flaws != 0;
	if (options.native) {
		run_native("generated", &file, nf_size(&file), number);
		return;
	}
	if (generated_emulator == NULL)
		generated_emulator = emulator_open(&image, NF_TEXT_MAX);
	if (generated_emulator == NULL) {
		fputs("mutants: no memory\n", stderr);
		exit(3);
	}
	function = one_in(&seed, 3) ? rfv_image_table_entry(&image, &image.function_table, 1) : RF_TEXT_ADDR;
	run_emulated(generated_emulator, "generated", &file, nf_size(&file), &image, function, number);
}

static void try_mutant(uint64_t number)
{
	uint64_t seed = options.seed ^ number << 20;
	const uint32_t which = choose(&seed, options.specimen_count);
	struct specimen *specimen = &options.specimens[which];
	const struct specimen *donor = &options.specimens[choose(&seed, options.specimen_count)];
	const uint32_t function =
	    mutate(specimen, donor, choose(&seed, specimen->function_count), choose_any(&seed));
	struct rfv_image image;

	totals.programs++;
	totals.flawed++;
	if (!accepted(specimen->bytes, specimen->size, &image))
		return;
	totals.accepted++;
	totals.accepted_flawed++;
	if (options.native) {
		run_native(specimen->name, specimen->bytes, specimen->size, number);
		return;
	}
	if (options.emulators[which] == NULL)
		options.emulators[which] = emulator_open(&image, image.text.size);
	if (options.emulators[which] == NULL) {
		fputs("mutants: no memory\n", stderr);
		exit(3);
	}
	run_emulated(options.emulators[which], specimen->name, specimen->bytes, specimen->size, &image,
	             function, number);
}

static bool escaped(void)
{
	return totals.outcomes[OUTCOME_ESCAPED] + totals.native_outcomes[NATIVE_ESCAPED] != 0;
}

static bool finished(uint64_t number, uint64_t limit)
{
	if (escaped() && !options.keep_going)
		return true;
	return (limit != 0 && number >= limit) ||
	       (options.seconds != 0 && (uint64_t)(time(NULL) - started) >= options.seconds);
}

/* The next program that needs one makes it anew. */
static void close_emulators(void)
{
	for (uint32_t i = 0; i < options.specimen_count; i++) {
		emulator_close(options.emulators[i]);
		options.emulators[i] = NULL;
	}
	emulator_close(generated_emulator);
	generated_emulator = NULL;
}

static uint64_t work(uint64_t number, uint64_t limit)
{
	time_t shown = time(NULL);

	for (; !finished(number, limit); number++) {
		if (number % EMULATOR_PROGRAMS == 0)
			close_emulators();
		if (options.specimen_count == 0 || (options.generate && number % 2 == 0))
			try_generated(number);
		else
			try_mutant(number);
		if (time(NULL) - shown >= PROGRESS_SECONDS) {
			shown = time(NULL);
			print_totals(stderr);
		}
	}
	return number;
}

/* ---- Native runs: in a child, which an escape may end --------------------------------- */

struct message {
	struct totals totals;
	uint64_t number;
};

static void child(int out, uint64_t number, uint64_t limit)
{
	struct message message;

	if (!native_open())
		_exit(3);
	message.number = work(number, limit);
	message.totals = totals;
	native_close();
	_exit(write(out, &message, sizeof message) == sizeof message ? 0 : 3);
}

static uint64_t work_in_children(void)
{
	uint64_t number = 0;

	while (!finished(number, options.count)) {
		const uint64_t end = number + CHILD_PROGRAMS;
		const uint64_t limit = options.count != 0 && options.count < end ? options.count : end;
		struct message message;
		int pipes[2];
		int status = 0;
		pid_t pid;
		bool good;

		(void)fflush(NULL);
		if (pipe(pipes) != 0 || (pid = fork()) < 0) {
			perror("mutants");
			exit(3);
		}
		if (pid == 0)
			child(pipes[1], number, limit);
		(void)close(pipes[1]);
		good = read(pipes[0], &message, sizeof message) == sizeof message;
		(void)close(pipes[0]);
		(void)waitpid(pid, &status, 0);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 3) {
			fputs("mutants: cannot run cells here\n", stderr);
			exit(3);
		}
		if (good) {
			totals = message.totals;
		} else {
			printf("ESCAPE: the process died, signal %d, in programs %" PRIu64 " ... %" PRIu64
			       "\n",
			       WIFSIGNALED(status) ? WTERMSIG(status) : 0, number, limit - 1);
			totals.native_outcomes[NATIVE_ESCAPED]++;
		}
		number = limit;
	}
	return number;
}

/* ---- Command line ------------------------------------------------------------------------ */

static int usage(int status)
{
	fputs("usage: mutants [--seed N] [--count N] [--seconds N] [--runs N] [--native] [--no-generate]\n"
	      "               [--first N] [--save FOLDER] [--keep-going] [FILE.nf ...]\n"
	      "Generates nearly valid programs, mutates the given ones, and runs what the validator accepts\n"
	      "under supervision in an emulator or, with --native, in a cell of this processor.\n"
	      "  --count N      this many programs; --seconds N: for this long (default: 10000 programs)\n"
	      "  --first N      start with program N, to see one again: --first N --count N+1\n"
	      "  --runs N       runs of each accepted program (default 3)\n"
	      "  --save FOLDER  where binaries that escape are kept; --keep-going: do not stop at the first\n"
	      "Exit status: 0 nothing escaped, 1 something did or nothing was accepted, 2 usage, 3 cannot "
	      "run here.\n",
	      status == 0 ? stdout : stderr);
	return status;
}

static bool parse(const char *text, uint64_t *number)
{
	char *end;

	if (text == NULL || *text == 0)
		return false;
	*number = strtoull(text, &end, 10);
	return *end == 0;
}

int main(int argc, char **argv)
{
	uint64_t first = 0;
	uint64_t runs = 3;

	for (int i = 1; i < argc; i++) {
		uint64_t *number = strcmp(argv[i], "--seed") == 0      ? &options.seed
		                   : strcmp(argv[i], "--count") == 0   ? &options.count
		                   : strcmp(argv[i], "--seconds") == 0 ? &options.seconds
		                   : strcmp(argv[i], "--runs") == 0    ? &runs
		                   : strcmp(argv[i], "--first") == 0   ? &first
		                                                       : NULL;

		if (number != NULL) {
			if (!parse(argv[++i], number))
				return usage(2);
		} else if (strcmp(argv[i], "--help") == 0) {
			return usage(0);
		} else if (strcmp(argv[i], "--native") == 0) {
			options.native = true;
		} else if (strcmp(argv[i], "--keep-going") == 0) {
			options.keep_going = true;
		} else if (strcmp(argv[i], "--no-generate") == 0) {
			options.generate = false;
		} else if (strcmp(argv[i], "--save") == 0 && i + 1 < argc) {
			options.save = argv[++i];
		} else if (argv[i][0] == '-' || options.specimen_count == SPECIMENS_MAX) {
			return usage(2);
		} else if (!specimen_load(&options.specimens[options.specimen_count++], argv[i])) {
			return 3;
		}
	}
	if (runs < 1 || runs > 1000 || (!options.generate && options.specimen_count == 0))
		return usage(2);
	options.runs = (uint32_t)runs;
	if (options.count == 0 && options.seconds == 0)
		options.count = 10000;
	started = time(NULL);
	if (options.native)
		(void)work_in_children();
	else
		(void)work(first, options.count);
	print_totals(stdout);
	close_emulators();
	for (uint32_t i = 0; i < options.specimen_count; i++)
		specimen_free(&options.specimens[i]);
	return escaped() || totals.runs == 0;
}
