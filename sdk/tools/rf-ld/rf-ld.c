/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rf-ld: the linker of network functions. Without bitcode among its inputs it
 * is ld.lld. With it (-flto) there are two steps, because ld.lld takes the
 * bitcode of x86-64 for 64-bit ELF only: first a relocatable link of all bitcode,
 * which optimises it as a whole with Ringfence's passes (ringfence.cfg names the
 * plugin) and ends in assembly, then ld.lld's link with the assembled result in
 * the place of the bitcode.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "process.h"

#define MAGIC_SIZE 8
#define ARCHIVE_MAGIC "!<arch>\n"
#define ARCHIVE_HEADER 60 /* of a member; its size in decimal at 48 */
#define ARCHIVE_SIZE_AT 48
#define ARCHIVE_SIZE_WIDTH 10

/* What a file holds: flags. Neither where the linker has to judge it (scripts, damage). */
enum { HOLDS_BITCODE = 1, HOLDS_OTHER = 2 };

/* A command line being built. */
struct words {
	char **at;
	size_t count;
};

/* The link: what the linker was called with, and what comes of it. */
struct link {
	int count;
	char **arguments;
	struct words optimise; /* the first step */
	struct words finish;   /* the second */
	size_t place;          /* in the second, of the first step's results */
	unsigned bitcode;      /* files of bitcode */
	char work[PATH_MAX];   /* directory of temporary files, "" while there is none */
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static _Noreturn void out_of_memory(void)
{
	fprintf(stderr, "rf-ld: out of memory\n");
	exit(EXIT_INTERNAL);
}

static void add(struct words *words, const char *word)
{
	char **at = realloc(words->at, (words->count + 2) * sizeof(*at));
	if (at == NULL || (at[words->count] = strdup(word)) == NULL)
		out_of_memory();
	at[++words->count] = NULL;
	words->at = at;
}

static void clear(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->at[i]);
	free(words->at);
	*words = (struct words){0};
}

static int kind_of(const uint8_t *magic)
{
	static const uint8_t raw[] = {'B', 'C', 0xc0, 0xde}, wrapped[] = {0xde, 0xc0, 0x17, 0x0b};
	const bool bitcode = memcmp(magic, raw, 4) == 0 || memcmp(magic, wrapped, 4) == 0;
	return bitcode ? HOLDS_BITCODE : HOLDS_OTHER;
}

/* What the members of an archive are, its index and its table of names left out. */
static int kind_of_members(int file)
{
	char header[ARCHIVE_HEADER];
	int kinds = 0;
	for (off_t at = MAGIC_SIZE; pread(file, header, sizeof(header), at) == sizeof(header);) {
		uint8_t magic[MAGIC_SIZE];
		char size[ARCHIVE_SIZE_WIDTH + 1] = {0};
		memcpy(size, header + ARCHIVE_SIZE_AT, ARCHIVE_SIZE_WIDTH);
		if (header[0] != '/' || (header[1] >= '0' && header[1] <= '9'))
			if (pread(file, magic, sizeof(magic), at + ARCHIVE_HEADER) == sizeof(magic))
				kinds |= kind_of(magic);
		const unsigned long long length = strtoull(size, NULL, 10);
		at += ARCHIVE_HEADER + (off_t)(length + length % 2);
	}
	return kinds;
}

static int kinds_in(const char *path)
{
	uint8_t magic[MAGIC_SIZE];
	int kinds = 0;
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		return 0; /* the linker reports it */
	if (pread(file, magic, sizeof(magic), 0) == sizeof(magic)) {
		if (memcmp(magic, ARCHIVE_MAGIC, sizeof(magic)) == 0)
			kinds = kind_of_members(file);
		else
			kinds = kind_of(magic);
	}
	close(file);
	return kinds;
}

/* The file that -l NAME means, found as the linker finds it. False if there is none. */
static bool find_library(const struct link *link, const char *name, char *path, size_t size)
{
	for (int i = 1; i < link->count; i++) {
		const char *folder = link->arguments[i];
		int length;
		if (!starts_with(folder, "-L"))
			continue;
		folder += 2;
		if (*folder == '\0' && i + 1 < link->count)
			folder = link->arguments[i + 1];
		if (name[0] == ':')
			length = snprintf(path, size, "%s/%s", folder, name + 1);
		else
			length = snprintf(path, size, "%s/lib%s.a", folder, name);
		if (length > 0 && (size_t)length < size && access(path, R_OK) == 0)
			return true;
	}
	return false;
}

static void make_work(struct link *link)
{
	const char *parent = getenv("TMPDIR");
	if (parent == NULL || *parent == '\0')
		parent = "/tmp";
	tool_path(link->work, sizeof(link->work), parent, "rf-ld-XXXXXX");
	if (mkdtemp(link->work) != NULL)
		return;
	fprintf(stderr, "rf-ld: cannot make a directory in %s: %s\n", parent, strerror(errno));
	exit(EXIT_INTERNAL);
}

static void remove_work(const struct link *link)
{
	DIR *folder = link->work[0] != '\0' ? opendir(link->work) : NULL;
	if (folder == NULL)
		return;
	for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
		unlinkat(dirfd(folder), entry->d_name, 0);
	closedir(folder);
	rmdir(link->work);
}

static _Noreturn void give_up(const struct link *link, int status)
{
	remove_work(link);
	exit(status);
}

/*
 * Gives bitcode to the first step. By a name of our own: ld.lld writes what it
 * makes of a file beside that file.
 */
static void take_bitcode(struct link *link, const char *path)
{
	char full[PATH_MAX], name[PATH_MAX], ours[PATH_MAX];
	if (link->bitcode == 0) {
		make_work(link);
		link->place = link->finish.count;
	}
	const char *base = strrchr(path, '/');
	snprintf(name, sizeof(name), "%u-%s", link->bitcode, base != NULL ? base + 1 : path);
	tool_path(ours, sizeof(ours), link->work, name);
	if (realpath(path, full) == NULL || symlink(full, ours) != 0) {
		fprintf(stderr, "rf-ld: cannot link to %s: %s\n", path, strerror(errno));
		give_up(link, EXIT_INTERNAL);
	}
	add(&link->optimise, ours);
	link->bitcode++;
}

/* An input file: to the step that it belongs to, as the word that named it. */
static void take_input(struct link *link, const char *path, const char *word)
{
	switch (kinds_in(path)) {
	case HOLDS_BITCODE:
		take_bitcode(link, path);
		break;
	case HOLDS_BITCODE | HOLDS_OTHER:
		fprintf(stderr,
		        "rf-ld: error: %s holds both bitcode (-flto) and machine code; an archive must be "
		        "all of one kind\n",
		        path);
		give_up(link, 1);
	default:
		add(&link->finish, word);
	}
}

/* Options that say how to optimise, or how to take the archives that follow. */
static bool for_both_steps(const char *word)
{
	static const char *const prefixes[] = {
	    "-plugin-opt=", "--plugin-opt=", "--lto-",    "--thinlto-",
	    "-mllvm=",      "--mllvm=",      "--threads", "--load-pass-plugin"};
	static const char *const exact[] = {"--whole-archive",   "-whole-archive", "--no-whole-archive",
	                                    "-no-whole-archive", "--start-lib",    "--end-lib"};
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (starts_with(word, prefixes[i]))
			return true;
	for (size_t i = 0; i < sizeof(exact) / sizeof(exact[0]); i++)
		if (strcmp(word, exact[i]) == 0)
			return true;
	return false;
}

/* Options whose value is the next word, so that the value is no input. */
static bool takes_value(const char *word)
{
	static const char *const options[] = {"-o",      "-m",      "-T",       "-L",       "-z",
	                                      "-e",      "-u",      "-y",       "-Map",     "-mllvm",
	                                      "--mllvm", "-plugin", "--defsym", "--script", "--output",
	                                      "-soname", "-rpath",  "-init",    "-fini"};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (strcmp(word, options[i]) == 0)
			return true;
	return false;
}

static void sort_words(struct link *link)
{
	char path[PATH_MAX];
	for (int i = 1; i < link->count; i++) {
		const char *word = link->arguments[i];
		if (takes_value(word) && i + 1 < link->count) {
			const bool both = strcmp(word, "-mllvm") == 0 || strcmp(word, "--mllvm") == 0;
			add(&link->finish, word);
			add(&link->finish, link->arguments[i + 1]);
			if (both) {
				add(&link->optimise, word);
				add(&link->optimise, link->arguments[i + 1]);
			}
			i++;
		} else if (starts_with(word, "-l") && word[2] != '\0') {
			if (find_library(link, word + 2, path, sizeof(path)))
				take_input(link, path, word);
			else
				add(&link->finish, word);
		} else if (word[0] != '-') {
			take_input(link, word, word);
		} else {
			if (for_both_steps(word))
				add(&link->optimise, word);
			add(&link->finish, word);
		}
	}
}

static void run_step(const struct link *link, const struct words *command)
{
	const int status = tool_run(command->at, false);
	if (status != 0)
		give_up(link, status);
}

static void begin_optimise(struct link *link)
{
	const char *const words[] = {RF_LLD, "-m", "elf_x86_64", "-r", "--lto-emit-asm"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		add(&link->optimise, words[i]);
}

static void assemble(const struct link *link, const char *source, const char *object)
{
	struct words command = {0};
	const char *const words[] = {
	    RF_CLANG, "--target=x86_64-unknown-none-gnux32", "-c", "-x", "assembler", source, "-o", object};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		add(&command, words[i]);
	run_step(link, &command);
	clear(&command);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_assembly(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');
	return dot != NULL && strcmp(dot, ".s") == 0;
}

/* The second step's command line, with the first one's results in the place of the bitcode. */
static struct words finish_command(const struct link *link)
{
	struct words command = {0};
	struct dirent **entries = NULL;
	char source[PATH_MAX], object[PATH_MAX];
	for (size_t i = 0; i < link->place; i++)
		add(&command, link->finish.at[i]);
	const int count = scandir(link->work, &entries, is_assembly, by_name);
	for (int i = 0; i < count; i++) {
		tool_path(source, sizeof(source), link->work, entries[i]->d_name);
		tool_path(object, sizeof(object), link->work, entries[i]->d_name);
		object[strlen(object) - 1] = 'o';
		assemble(link, source, object);
		add(&command, object);
		free(entries[i]);
	}
	free(entries);
	for (size_t i = link->place; i < link->finish.count; i++)
		add(&command, link->finish.at[i]);
	return command;
}

static int link_bitcode(struct link *link)
{
	char result[PATH_MAX];
	/* The temporary files go also where the terminal ends what we run. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	tool_path(result, sizeof(result), link->work, "lto");
	add(&link->optimise, "-o");
	add(&link->optimise, result);
	run_step(link, &link->optimise);
	struct words command = finish_command(link);
	run_step(link, &command);
	clear(&command);
	remove_work(link);
	return 0;
}

int main(int count, char **arguments)
{
	struct link link = {.count = count, .arguments = arguments};
	begin_optimise(&link);
	add(&link.finish, RF_LLD);
	sort_words(&link);
	if (link.bitcode > 0) {
		const int status = link_bitcode(&link);
		clear(&link.optimise);
		clear(&link.finish);
		return status;
	}
	execvp(RF_LLD, link.finish.at);
	fprintf(stderr, "rf-ld: cannot run %s: %s\n", RF_LLD, strerror(errno));
	return EXIT_INTERNAL;
}
