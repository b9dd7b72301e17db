/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rf-cc: clang for network functions. Hands its arguments to clang together
 * with Ringfence's configuration, then has rf-validate prove what clang
 * linked. All that it needs stands at a fixed place relative to itself, in
 * the build tree as in the installation prefix.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ringfence/contract.h>

#include "process.h"

static const char help[] =
    "Usage: rf-cc [OPTION]... FILE...\n"
    "Compiles C into network functions for the Ringfence sandbox, and validates what it links.\n"
    "\n"
    "rf-cc is clang with Ringfence's configuration: it takes all of clang's options and does\n"
    "with -c, -S, -E, -M, -v and -### what clang does (see clang-22 --help).\n"
    "\n"
    "  rf-cc -O2 fw.c -o fw.nf             compile and link\n"
    "  rf-cc -O2 -g -c a.c                 compile only\n"
    "  rf-cc a.o b.o -lfoo -o fw.nf        link only\n"
    "\n"
    "Options of its own:\n"
    "  --rf-no-validate   keep what was linked without a proof (the runtime checks it anyway)\n"
    "  --help             show this text\n"
    "  --version          show the versions of rf-cc and clang\n"
    "\n"
    "Useful linker options:\n"
    "  -Wl,--defsym=__rf_stack_size=N      bytes of data stack (default 1 MiB)\n"
    "\n"
    "Exit status: clang's if clang fails; else 0 if the validator accepted the result, 1 if it\n"
    "rejected it (nothing is left at the output name then), 3 if something could not be run.\n";

/* What the arguments ask for, as far as rf-cc must know. */
struct request {
	const char *output; /* NULL: clang's default, a.out */
	bool links;
	bool validates;
	bool help;
	bool version;
};

/* A file as it was at one time, to tell whether clang wrote it. */
struct snapshot {
	bool exists;
	struct stat status;
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Options with which clang does not link, or not to something that can run. */
static bool prevents_link(const char *argument)
{
	static const char *const exact[] = {"-c",
	                                    "-S",
	                                    "-E",
	                                    "-M",
	                                    "-MM",
	                                    "-###",
	                                    "-r",
	                                    "-Wl,-r",
	                                    "-cc1",
	                                    "--analyze",
	                                    "-emit-ast",
	                                    "-help",
	                                    "-dumpmachine",
	                                    "-dumpversion",
	                                    "-fsyntax-only",
	                                    "-fdriver-only",
	                                    "--precompile",
	                                    "--preprocess",
	                                    "--compile",
	                                    "--assemble"};
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		if (strcmp(argument, exact[i]) == 0)
			return true;
	return starts_with(argument, "-print-") || starts_with(argument, "--print-");
}

static struct request read_arguments(int count, char **arguments)
{
	struct request request = {.links = true, .validates = true};
	for (int i = 1; i < count; i++) {
		const char *argument = arguments[i];
		if (strcmp(argument, "--help") == 0)
			request.help = true;
		else if (strcmp(argument, "--version") == 0)
			request.version = true;
		else if (strcmp(argument, "--rf-no-validate") == 0)
			request.validates = false;
		else if (prevents_link(argument))
			request.links = false;
		else if ((strcmp(argument, "-o") == 0 || strcmp(argument, "--output") == 0) && i + 1 < count)
			request.output = arguments[++i];
		else if (starts_with(argument, "--output="))
			request.output = argument + strlen("--output=");
		else if (starts_with(argument, "-o"))
			request.output = argument + strlen("-o");
	}
	return request;
}

static int run_clang(int count, char **arguments, const char *directory)
{
	char config[PATH_MAX];
	tool_path(config, sizeof(config), directory, RF_SHARE_FROM_BIN "/ringfence.cfg");
	if (access(config, R_OK) != 0) {
		fprintf(stderr, "rf-cc: cannot read %s: %s; is the installation complete?\n", config,
		        strerror(errno));
		return EXIT_INTERNAL;
	}
	char option[sizeof("--config=") + PATH_MAX];
	snprintf(option, sizeof(option), "--config=%s", config);

	char **call = calloc((size_t)count + 2, sizeof(*call));
	if (call == NULL) {
		fprintf(stderr, "rf-cc: out of memory\n");
		return EXIT_INTERNAL;
	}
	size_t used = 0;
	char program[] = RF_CLANG;
	call[used++] = program;
	call[used++] = option;
	for (int i = 1; i < count; i++)
		if (strcmp(arguments[i], "--rf-no-validate") != 0)
			call[used++] = arguments[i];
	const int status = tool_run(call, false);
	free(call);
	return status;
}

static struct snapshot look_at(const char *path)
{
	struct snapshot file = {0};
	file.exists = stat(path, &file.status) == 0;
	return file;
}

static bool was_written(const struct snapshot *before, const struct snapshot *after)
{
	if (!after->exists || !S_ISREG(after->status.st_mode))
		return false;
	return !before->exists || before->status.st_ino != after->status.st_ino ||
	       before->status.st_mtim.tv_sec != after->status.st_mtim.tv_sec ||
	       before->status.st_mtim.tv_nsec != after->status.st_mtim.tv_nsec;
}

/* Whether the file is an executable, not for instance an object file. */
static bool is_executable(const char *path)
{
	Elf32_Ehdr header;
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return false;
	const ssize_t length = read(file, &header, sizeof(header));
	close(file);
	return length == (ssize_t)sizeof(header) && memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
	       header.e_type == ET_EXEC;
}

static int validate(const char *output, const char *directory)
{
	char program[PATH_MAX];
	tool_path(program, sizeof(program), directory, "rf-validate");
	/* A name that starts with a dash must not become an option. */
	char *name = strdup(output);
	char quiet[] = "-q", end[] = "--";
	if (name == NULL) {
		fprintf(stderr, "rf-cc: out of memory\n");
		return EXIT_INTERNAL;
	}
	char *call[] = {program, quiet, end, name, NULL};
	const int status = tool_run(call, true);
	free(name);
	if (status == 0)
		return 0;
	if (unlink(output) != 0)
		fprintf(stderr, "rf-cc: cannot remove %s: %s\n", output, strerror(errno));
	if (status == 1)
		fprintf(stderr, "rf-cc: error: the validator rejects %s; it has been removed\n", output);
	else
		fprintf(stderr, "rf-cc: error: %s could not be validated; it has been removed\n", output);
	return status;
}

int main(int count, char **arguments)
{
	const struct request request = read_arguments(count, arguments);
	if (request.help) {
		fputs(help, stdout);
		return 0;
	}
	if (request.version) {
		printf("rf-cc %s (sandbox contract %d)\n", RF_VERSION, RF_CONTRACT_VERSION);
		fflush(stdout);
	}

	char directory[PATH_MAX];
	if (!tool_directory(directory, sizeof(directory)))
		return EXIT_INTERNAL;
	const char *output = request.output != NULL ? request.output : "a.out";
	const struct snapshot before = look_at(output);
	const int status = run_clang(count, arguments, directory);
	if (status != 0 || request.version || !request.links || !request.validates)
		return status;
	const struct snapshot after = look_at(output);
	if (!was_written(&before, &after) || !is_executable(output))
		return 0;
	return validate(output, directory);
}
