/* SPDX-License-Identifier: Apache-2.0 */
/* Loading, many cells, threads, and faults that are not a cell's. */
#include <criterion/criterion.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ringfence/drivers.h>
#include <ringfence/runtime.h>

#include "burst.h"

static struct rf_error error;

static struct rf_nf *load(const char *name)
{
	char path[512];
	struct rf_nf *nf = NULL;
	snprintf(path, sizeof(path), "%s/%s.nf", RF_TEST_NFS, name);
	cr_assert_eq(rf_nf_load(path, &nf, &error), RF_OK, "%s", error.text);
	return nf;
}

static struct rf_cell *start(struct rf_nf *nf, const struct rf_cell_options *options)
{
	struct rf_cell *cell = NULL;
	cr_assert_eq(rf_cell_create(nf, options, &cell, &error), RF_OK, "%s", error.text);
	cr_assert_eq(rf_cell_start(cell, &error), RF_OK, "%s", error.text);
	return cell;
}

static long count_mappings(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	long lines = 0;
	for (int c; (c = getc(maps)) != EOF;)
		lines += c == '\n';
	fclose(maps);
	return lines;
}

static uint8_t *read_file(const char *name, size_t *size)
{
	char path[512];
	snprintf(path, sizeof(path), "%s/%s.nf", RF_TEST_NFS, name);
	FILE *file = fopen(path, "r");
	cr_assert_not_null(file);
	uint8_t *bytes = malloc(1 << 20);
	*size = fread(bytes, 1, 1 << 20, file);
	fclose(file);
	return bytes;
}

/* ---- Loading ---------------------------------------------------------------- */

Test(load, from_memory_and_cut_at_every_length)
{
	size_t size;
	uint8_t *bytes = read_file("calls", &size);
	struct rf_nf *nf = NULL;
	cr_assert_eq(rf_nf_load_bytes("calls", bytes, size, &nf, &error), RF_OK, "%s", error.text);
	cr_assert_neq(rf_nf_export(nf, "twice"), 0);
	cr_assert_eq(rf_nf_export(nf, "thrice"), 0);
	rf_nf_release(nf);
	/* Section headers at the end are not needed; without the text nothing loads. */
	for (size_t length = 0; length < size; length += length < 0x400 ? 1 : 61) {
		nf = NULL;
		const enum rf_status status = rf_nf_load_bytes("cut", bytes, length, &nf, &error);
		cr_assert(status == RF_ERR_REJECTED || (status == RF_OK && length > 0x3000), "%zu", length);
		rf_nf_release(nf);
	}
	free(bytes);
}

Test(load, the_callers_bytes_may_change_afterwards)
{
	size_t size;
	uint8_t *bytes = read_file("calls", &size);
	struct rf_nf *nf = NULL;
	cr_assert_eq(rf_nf_load_bytes("calls", bytes, size, &nf, &error), RF_OK);
	memset(bytes, 0x90, size);
	free(bytes);
	cr_assert_eq(rf_thread_begin(&error), RF_OK);
	struct rf_cell *cell = start(nf, &(struct rf_cell_options){0});
	uint32_t result;
	cr_assert(rf_cell_call(cell, rf_nf_export(nf, "twice"), 4, &result));
	cr_assert_eq(result, 8);
	rf_cell_destroy(cell);
	rf_nf_release(nf);
	rf_thread_end();
}

Test(load, missing_and_odd_files)
{
	struct rf_nf *nf = NULL;
	cr_assert_eq(rf_nf_load("/nonexistent", &nf, &error), RF_ERR_SYSTEM);
	cr_assert_not_null(strstr(error.text, "/nonexistent: No such file"));
	cr_assert_eq(rf_nf_load("/tmp", &nf, &error), RF_ERR_SYSTEM);
	cr_assert_eq(rf_nf_load("/proc/self/exe", &nf, &error), RF_ERR_REJECTED);
	cr_assert_null(nf);
}

/* ---- Cells --------------------------------------------------------------------- */

/* In the tests' own pool: count packets of 64 bytes, all of whose bytes are `fill`. */
static void make_packets(struct rf_pool *pool, struct rf_packet *packets, uint32_t count, int fill)
{
	for (uint32_t i = 0; i < count; i++) {
		packets[i] =
		    (struct rf_packet){.slot = i, .head = rf_slot_head(i), .length = 64, .wire_length = 64};
		memset(rf_pool_slot(pool, i) + packets[i].head, fill, 64);
	}
}

Test(cells, a_thousand_in_one_process, .timeout = 100)
{
	enum { CELLS = 1000, PACKETS = 32 };
	static struct rf_cell *cells[CELLS];
	struct rf_pool *pool = NULL;
	struct rf_packet packets[PACKETS];
	uint8_t verdicts[PACKETS], ports[PACKETS];
	uint64_t cycles = 0;

	cr_assert_eq(rf_pool_create(64, &pool, &error), RF_OK);
	cr_assert_eq(rf_thread_begin(&error), RF_OK);
	struct rf_nf *nf = load("pass");
	const long before = count_mappings();
	for (int i = 0; i < CELLS; i++)
		cells[i] = start(nf, &(struct rf_cell_options){.huge_size = RF_HUGE_NONE});
	const long each = (count_mappings() - before) / CELLS;
	cr_assert_leq(each, 45, "%ld mappings a cell", each);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < CELLS; i++) {
			make_packets(pool, packets, PACKETS, i);
			cr_assert(
			    rf_cell_process(cells[i], pool, 1, packets, PACKETS, verdicts, ports, &cycles));
			for (int p = 0; p < PACKETS; p++)
				cr_assert_eq(verdicts[p], RF_NEXT);
		}
	}
	for (int i = 0; i < CELLS; i++)
		rf_cell_destroy(cells[i]);
	rf_nf_release(nf);
	cr_assert_leq(count_mappings() - before, 5);
	rf_pool_destroy(pool);
	rf_thread_end();
}

/* Memory of one is not memory of another. */
Test(cells, are_apart)
{
	cr_assert_eq(rf_thread_begin(&error), RF_OK);
	struct rf_nf *nf = load("calls");
	struct rf_cell *a = start(nf, &(struct rf_cell_options){0}),
	               *b = start(nf, &(struct rf_cell_options){0});
	const uint32_t count = rf_nf_export(nf, "count");
	uint32_t result;
	for (uint32_t i = 1; i <= 5; i++) {
		cr_assert(rf_cell_call(a, count, 0, &result));
		cr_assert_eq(result, i);
	}
	cr_assert(rf_cell_call(b, count, 0, &result));
	cr_assert_eq(result, 1);
	/* Started again, it is as new. */
	cr_assert_eq(rf_cell_start(a, &error), RF_OK);
	cr_assert(rf_cell_call(a, count, 0, &result));
	cr_assert_eq(result, 1);
	rf_cell_destroy(a);
	rf_cell_destroy(b);
	rf_nf_release(nf);
	rf_thread_end();
}

Test(cells, fail_and_come_back)
{
	cr_assert_eq(rf_thread_begin(&error), RF_OK);
	struct rf_nf *nf = load("hostile");
	struct rf_cell *cell = start(nf, &(struct rf_cell_options){.budget_ms = 20});
	const uint32_t spin = rf_nf_export(nf, "spin_forever"), count = rf_nf_export(nf, "burst_count");
	uint32_t result;
	for (int i = 0; i < 5; i++) {
		cr_assert_not(rf_cell_call(cell, spin, 0, &result));
		cr_assert_eq(rf_cell_fault(cell)->kind, RF_FAULT_TIMEOUT);
		/* Failed is failed, until it is started. */
		cr_assert_not(rf_cell_call(cell, count, 0, &result));
		cr_assert_eq(rf_cell_start(cell, &error), RF_OK);
		cr_assert_eq(rf_cell_fault(cell)->kind, RF_FAULT_NONE);
		cr_assert(rf_cell_call(cell, count, 0, &result));
		cr_assert_eq(result, 1);
	}
	rf_cell_destroy(cell);
	rf_nf_release(nf);
	rf_thread_end();
}

Test(cells, run_only_where_faults_are_contained)
{
	struct rf_nf *nf = load("calls");
	struct rf_cell *cell = NULL;
	uint32_t result;
	cr_assert_eq(rf_cell_create(nf, &(struct rf_cell_options){0}, &cell, &error), RF_OK);
	/* Neither started nor on a prepared thread. */
	cr_assert_not(rf_cell_call(cell, rf_nf_export(nf, "twice"), 1, &result));
	cr_assert_eq(rf_cell_fault(cell)->kind, RF_FAULT_NOT_STARTED);
	rf_cell_destroy(cell);
	rf_nf_release(nf);
}

Test(cells, refuse_options_that_do_not_fit)
{
	struct rf_nf *nf = load("calls");
	struct rf_cell *cell = NULL;
	cr_assert_eq(rf_cell_create(nf, &(struct rf_cell_options){.heap_size = UINT64_MAX}, &cell, &error),
	             RF_ERR_USAGE);
	cr_assert_eq(
	    rf_cell_create(nf, &(struct rf_cell_options){.heap_size = (uint64_t)4 << 30}, &cell, &error),
	    RF_ERR_USAGE);
	cr_assert_eq(rf_cell_create(nf, &(struct rf_cell_options){.budget_ms = 3600001}, &cell, &error),
	             RF_ERR_USAGE);
	cr_assert_null(cell);
	rf_nf_release(nf);
}

/* ---- Huge pages --------------------------------------------------------------- */

#define HUGE_PAGE ((size_t)2 << 20)

/* Of this process, in maps of pages of 2 MiB, by the kernel's own account. */
static uint64_t count_huge_bytes(void)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	uint64_t sum = 0, kib;
	cr_assert_not_null(maps);
	for (char line[512]; fgets(line, sizeof(line), maps) != NULL;)
		if (sscanf(line, "ShmemPmdMapped: %lu", &kib) == 1)
			sum += kib << 10;
	fclose(maps);
	return sum;
}

/* Whether this kernel can: asked of it in another way than the runtime does. */
static bool kernel_makes_huge_pages(void)
{
	uint8_t *const room =
	    mmap(NULL, 2 * HUGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint8_t *const page = room + (-(uintptr_t)room & (HUGE_PAGE - 1));
	memset(page, 1, HUGE_PAGE);
	const bool can = madvise(page, HUGE_PAGE, 25) == 0; /* MADV_COLLAPSE */
	munmap(room, 2 * HUGE_PAGE);
	return can;
}

Test(cells, have_as_much_in_huge_pages_as_they_ask_for)
{
	static const struct {
		uint64_t asked, heap, given;
	} cases[] = {
	    {0, 0, RF_HUGE_DEFAULT},
	    {RF_HUGE_NONE, 0, 0},
	    {HUGE_PAGE - 1, 0, 0},
	    {HUGE_PAGE, 0, HUGE_PAGE},
	    {5 * HUGE_PAGE + 1, 0, 5 * HUGE_PAGE},
	    /* No more than whole pages of its own: the image takes less than the first. */
	    {UINT64_MAX, 7 * HUGE_PAGE, 6 * HUGE_PAGE},
	    {UINT64_MAX, RF_PAGE_SIZE, 0},
	};
	struct rf_nf *nf = load("calls");
	cr_assert_eq(rf_thread_begin(&error), RF_OK);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rf_cell *cell = start(
		    nf, &(struct rf_cell_options){.heap_size = cases[i].heap, .huge_size = cases[i].asked});
		const uint64_t given = rf_cell_huge(cell);
		cr_assert_eq(count_huge_bytes(), given, "case %zu", i);
		/* Less only where the kernel has no more. */
		cr_assert(given == cases[i].given || (given < cases[i].given && !kernel_makes_huge_pages()),
		          "case %zu", i);
		rf_cell_destroy(cell);
	}
	rf_nf_release(nf);
	rf_thread_end();
}

Test(cells, are_zero_again_in_huge_pages)
{
	struct rf_nf *nf = load("huge");
	uint32_t result;
	cr_assert_eq(rf_thread_begin(&error), RF_OK);
	struct rf_cell *cell = start(nf, &(struct rf_cell_options){0});
	for (int i = 0; i < 3; i++) {
		cr_assert(rf_cell_call(cell, rf_nf_export(nf, "count"), 0, &result));
		cr_assert_eq(result, 1);
		cr_assert(rf_cell_call(cell, rf_nf_export(nf, "count"), 0, &result));
		cr_assert_eq(result, 2);
		cr_assert_eq(rf_cell_start(cell, &error), RF_OK);
		cr_assert_eq(rf_cell_huge(cell), kernel_makes_huge_pages() ? RF_HUGE_DEFAULT : 0);
	}
	rf_cell_destroy(cell);
	rf_nf_release(nf);
	rf_thread_end();
}

static void make_vectors_dirty(void)
{
#define FILL(n) "vpcmpeqd %%ymm" #n ", %%ymm" #n ", %%ymm" #n "\n\t"
	if (__builtin_cpu_supports("avx2"))
		__asm__ volatile(FILL(0) FILL(1) FILL(2) FILL(3) FILL(4) FILL(5) FILL(6) FILL(7) FILL(8)
		                     FILL(9) FILL(10) FILL(11) FILL(12) FILL(13) FILL(14) FILL(15)::
		                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
		                           "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
		                           "xmm15");
}

/* Nothing of the host's registers goes in, and the host's own modes are as they were, however the cell ends.
 */
Test(cells, state_of_the_processor)
{
	cr_assert_eq(rf_thread_begin(&error), RF_OK);
	struct rf_nf *nf = load("hostile");
	struct rf_cell *cell = start(nf, &(struct rf_cell_options){.budget_ms = 20});
	const uint32_t third = rf_nf_export(nf, "third");
	uint32_t result;
	cr_assert_eq(fesetround(FE_DOWNWARD), 0);
	for (int i = 0; i < 3; i++) {
		make_vectors_dirty();
		cr_assert(rf_cell_call(cell, rf_nf_export(nf, "entry_state"), 0, &result));
		cr_assert_eq(result, 0);
		cr_assert(rf_cell_call(cell, third, 0, &result));
		cr_assert_eq(result, 0x3eaaaaab, "0x%x", result);
		cr_assert_eq(fegetround(), FE_DOWNWARD);
		if (__builtin_cpu_supports("avx2")) {
			make_vectors_dirty();
			cr_assert(rf_cell_call(cell, rf_nf_export(nf, "entry_uppers"), 0, &result));
			cr_assert_eq(result, 0);
		}
		cr_assert_not(rf_cell_call(cell, rf_nf_export(nf, "spin_forever"), 0, &result));
		cr_assert_eq(fegetround(), FE_DOWNWARD);
		/* Direction and alignment-check flags: SDM volume 1, 3.4.3. */
		cr_assert_eq(__builtin_ia32_readeflags_u64() & (1 << 10 | 1 << 18), 0);
		cr_assert_eq(rf_cell_start(cell, &error), RF_OK);
	}
	fesetround(FE_TONEAREST);
	rf_cell_destroy(cell);
	rf_nf_release(nf);
	rf_thread_end();
}

/* What the host copies to and from a cell: all of it there, or an error and no fault of the host. */
Test(cells, host_accesses_end_at_what_is_mapped)
{
	struct rf_nf *nf = load("calls");
	struct rf_cell *cell = NULL;
	char byte = 1;
	cr_assert_eq(rf_cell_create(nf, &(struct rf_cell_options){0}, &cell, &error), RF_OK);
	for (uint32_t i = 0; i < cell->space.region_count; i++) {
		const struct rf_region *region = &cell->space.regions[i];
		cr_assert(rf_space_read(&cell->space, region->start, 1, &byte));
		cr_assert(rf_space_read(&cell->space, region->end - 1, 1, &byte));
		cr_assert(rf_space_read(&cell->space, region->end - 1, 0, &byte));
		cr_assert_not(rf_space_read(&cell->space, region->end - 1, 2, &byte));
		cr_assert_not(rf_space_read(&cell->space, region->start, UINT32_MAX, &byte));
		cr_assert_not(rf_space_read(&cell->space, region->start - 1, 2, &byte));
		cr_assert(!region->writable || rf_space_write(&cell->space, region->end - 1, &byte, 1));
	}
	cr_assert_not(rf_space_read(&cell->space, 0, 1, &byte));
	rf_cell_destroy(cell);
	rf_nf_release(nf);
}

static void *spin_in_thread(void *argument)
{
	struct rf_nf *nf = argument;
	uint32_t result;
	cr_assert_eq(rf_thread_begin(NULL), RF_OK);
	struct rf_cell *cell = start(nf, &(struct rf_cell_options){.budget_ms = 30});
	for (int i = 0; i < 3; i++) {
		cr_assert_not(rf_cell_call(cell, rf_nf_export(nf, "spin_forever"), 0, &result));
		cr_assert_eq(rf_cell_fault(cell)->kind, RF_FAULT_TIMEOUT);
		cr_assert_eq(rf_cell_start(cell, NULL), RF_OK);
	}
	rf_cell_destroy(cell);
	rf_thread_end();
	return NULL;
}

/* Each thread finds its own cell's hang, whatever the others do. */
Test(cells, hang_in_several_threads)
{
	pthread_t threads[4];
	struct rf_nf *nf = load("hostile");
	for (int i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, spin_in_thread, nf), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	rf_nf_release(nf);
}

/* ---- The host's own faults --------------------------------------------------------- */

static volatile int *nowhere;

Test(host, its_own_fault_is_not_swallowed)
{
	const pid_t child = fork();
	if (child == 0) {
		/* Whatever a sanitizer prints about it. */
		fclose(stderr);
		const struct rlimit none = {0, 0};
		setrlimit(RLIMIT_CORE, &none);
		if (rf_thread_begin(NULL) != RF_OK)
			_exit(0);
		*nowhere = 1;
		_exit(0);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

static void own_handler(int number)
{
	_exit(number == SIGFPE ? 42 : 1);
}

Test(host, an_earlier_handler_still_gets_its_signals)
{
	const pid_t child = fork();
	if (child == 0) {
		signal(SIGFPE, own_handler);
		if (rf_thread_begin(NULL) != RF_OK)
			_exit(0);
		raise(SIGFPE);
		_exit(0);
	}
	int status;
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 42);
}

static volatile int handled;

static void counting_handler(int number)
{
	(void)number;
	handled++;
}

/* A handler that was there first and returns takes nothing from the containment, nor does a blocked signal.
 */
Test(host, containment_outlasts_an_earlier_handler)
{
	struct rf_pool *pool = NULL;
	struct rf_packet packet;
	uint8_t verdict, port;
	uint64_t cycles = 0;
	sigset_t all;
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, NULL);
	signal(SIGFPE, counting_handler);
	cr_assert_eq(rf_thread_begin(&error), RF_OK);
	struct rf_nf *nf = load("hostile");
	struct rf_cell *cell = start(nf, &(struct rf_cell_options){.budget_ms = 20});
	cr_assert_eq(rf_pool_create(8, &pool, &error), RF_OK);
	for (int i = 1; i <= 3; i++) {
		raise(SIGFPE);
		cr_assert_eq(handled, i);
		/* What hostile.S does: 39 divides by zero, 40 never ends. */
		for (int act = 39; act <= 40; act++) {
			make_packets(pool, &packet, 1, act);
			cr_assert_not(rf_cell_process(cell, pool, 1, &packet, 1, &verdict, &port, &cycles));
			cr_assert_eq(rf_cell_fault(cell)->kind,
			             act == 39 ? RF_FAULT_DIVIDE : RF_FAULT_TIMEOUT);
			cr_assert_eq(rf_cell_start(cell, &error), RF_OK);
		}
	}
	cr_assert_eq(handled, 3);
	rf_cell_destroy(cell);
	rf_nf_release(nf);
	rf_pool_destroy(pool);
	rf_thread_end();
}
