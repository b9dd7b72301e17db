/* SPDX-License-Identifier: Apache-2.0 */
/*
 * embed GOOD BAD: what another program does with librfv, in several threads at once. Checks both
 * files many times in an arena that was sized before, and fails if anything is allocated meanwhile.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/validator.h>

#define THREADS 4
#define ROUNDS 50

/* ---- Counts allocations: these stand before the C library's own --------- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

static __thread int watched;
static __thread unsigned long allocations;

void *malloc(size_t size)
{
	allocations += watched != 0;
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	allocations += watched != 0;
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	allocations += watched != 0;
	return __libc_realloc(old, size);
}

int posix_memalign(void **result, size_t alignment, size_t size)
{
	allocations += watched != 0;
	*result = __libc_memalign(alignment, size);
	return *result == NULL ? 12 : 0;
}

void *aligned_alloc(size_t alignment, size_t size)
{
	allocations += watched != 0;
	return __libc_memalign(alignment, size);
}

/* ---- One thread --------------------------------------------------------- */

struct file {
	char *bytes;
	size_t size;
	enum rfv_verdict verdict;
};

static struct file files[2];

static void fail(const char *what)
{
	(void)fprintf(stderr, "embed: %s\n", what);
	exit(1);
}

static void show_nothing(void *context, uint32_t address, const struct rfv_state *state)
{
	char words[16];

	(void)address;
	*(size_t *)context += rfv_format_state(state, words, sizeof words);
}

static void check_one(const struct file *file, void *arena, size_t arena_size)
{
	struct rfv_finding findings[3];
	size_t words = 0;
	struct rfv_report report = {
	    .findings = findings, .capacity = 3, .trace = show_nothing, .trace_context = &words};
	enum rfv_verdict verdict;

	watched = 1;
	verdict = rfv_check_in(file->bytes, file->size, &report, arena, arena_size);
	watched = 0;
	if (verdict != file->verdict)
		fail("another verdict in the arena");
	if (report.stored != (verdict == RFV_ACCEPTED ? 0 : 1) || report.total != report.stored)
		fail("another number of findings");
	if (report.stored == 1 && strcmp(rfv_rule_name(findings[0].rule), "memory-base") != 0)
		fail("another finding");
	if (words == 0)
		fail("no trace");
	if (rfv_image_find_export(&report.image, "f") == 0)
		fail("the export is not found");
}

static void *run(void *unused)
{
	size_t size = 0;
	void *arena;

	for (int i = 0; i < 2; i++)
		if (rfv_arena_size(files[i].bytes, files[i].size) > size)
			size = rfv_arena_size(files[i].bytes, files[i].size);
	arena = malloc(size);
	if (arena == NULL)
		fail("no memory");
	for (int i = 0; i < ROUNDS; i++)
		check_one(&files[i % 2], arena, size);
	free(arena);
	return allocations == 0 ? unused : NULL;
}

/* ---- All of them -------------------------------------------------------- */

static void read_file(const char *path, enum rfv_verdict verdict, struct file *file)
{
	FILE *stream = fopen(path, "rb");

	file->bytes = malloc(1 << 20);
	if (stream == NULL || file->bytes == NULL)
		fail(path);
	file->size = fread(file->bytes, 1, 1 << 20, stream);
	file->verdict = verdict;
	(void)fclose(stream);
}

/* That the counters above do count. */
static void count_one(void)
{
	struct rfv_report report = {0};

	watched = 1;
	(void)rfv_check(files[0].bytes, files[0].size, &report);
	watched = 0;
	if (allocations != 1)
		fail("rfv_check does not allocate just once");
	allocations = 0;
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];
	void *result;

	if (argc != 3)
		return 2;
	read_file(argv[1], RFV_ACCEPTED, &files[0]);
	read_file(argv[2], RFV_REJECTED, &files[1]);
	count_one();
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, run, files) != 0)
			fail("no thread");
	for (int i = 0; i < THREADS; i++) {
		(void)pthread_join(threads[i], &result);
		if (result == NULL)
			fail("rfv_check_in allocates");
	}
	(void)printf("librfv %s\n", rfv_version());
	return 0;
}
