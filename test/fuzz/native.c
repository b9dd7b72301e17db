/* SPDX-License-Identifier: Apache-2.0 */
#include "native.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include <ringfence/runtime.h>

#include "burst.h"
#include "choose.h"

#define PACKETS 2
#define POOL_SLOTS 16
#define CANARY_SIZE ((size_t)1 << 20)

static struct rf_pool *pool;
static uint8_t *canary; /* memory of the host that nobody has a reason to touch */
static uint8_t slots_before[POOL_SLOTS * RF_SLOT_SIZE];
static struct rf_error error;

bool native_open(void)
{
	if (rf_pool_create(POOL_SLOTS, &pool, &error) != RF_OK || rf_thread_begin(&error) != RF_OK)
		return false;
	canary = mmap(NULL, CANARY_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (canary == MAP_FAILED)
		return false;
	memset(canary, 0x5a, CANARY_SIZE);
	return true;
}

void native_close(void)
{
	(void)munmap(canary, CANARY_SIZE);
	rf_thread_end();
	rf_pool_destroy(pool);
}

static void silent(void *user, const char *cell, const char *text)
{
	(void)user;
	(void)cell;
	(void)text;
}

/* The function may have the slots of its packets, which are not next to each other, and no other. */
static void make_packets(struct rf_packet *packets, uint64_t *seed)
{
	for (uint32_t i = 0; i < PACKETS; i++)
		packets[i] =
		    (struct rf_packet){.slot = 3 + 5 * i, .head = 512, .length = 64, .wire_length = 64};
	for (uint32_t i = 0; i < POOL_SLOTS * RF_SLOT_SIZE / 8; i++) {
		const uint64_t value = choose_any(seed);

		memcpy(pool->memory + 8 * (size_t)i, &value, 8);
	}
	memcpy(slots_before, pool->memory, sizeof slots_before);
}

static bool slots_intact(void)
{
	for (uint32_t slot = 0; slot < POOL_SLOTS; slot++) {
		const size_t at = (size_t)slot * RF_SLOT_SIZE;

		if (slot != 3 && slot != 8 && memcmp(pool->memory + at, slots_before + at, RF_SLOT_SIZE) != 0)
			return false;
	}
	return true;
}

static bool canary_intact(void)
{
	return canary[0] == 0x5a && memcmp(canary, canary + 1, CANARY_SIZE - 1) == 0;
}

/* A memory fault that is neither in the cell nor above the outermost frame. */
static bool fault_is_elsewhere(const struct rf_fault *fault, const struct rf_cell *cell)
{
	const uint64_t address = cell->context.base + (uint64_t)fault->address;
	const uint64_t top = cell->context.stack_top;

	return fault->kind == RF_FAULT_OUTSIDE && (uint64_t)fault->address >= RF_CELL_SIZE &&
	       (fault->write || address - top > 8 + RF_INCOMING_ARGS_MAX);
}

static bool run_cell(struct rf_cell *cell, uint64_t *seed)
{
	struct rf_packet packets[PACKETS];
	uint8_t verdicts[PACKETS];
	uint8_t ports[PACKETS];
	uint64_t cycles = 0;
	uint32_t function;
	uint32_t result;
	const char *name;

	make_packets(packets, seed);
	if (cell->process != 0)
		return rf_cell_process(cell, pool, 1, packets, PACKETS, verdicts, ports, &cycles);
	if (cell->nf->image.exports.count == 0)
		return true;
	rfv_image_export(&cell->nf->image, choose(seed, cell->nf->image.exports.count), &name, &function);
	return rf_cell_call(cell, function, (uint32_t)choose_hostile(seed), &result);
}

enum native_outcome native_run(const void *bytes, size_t size, uint64_t seed, char *text, uint32_t text_size)
{
	const struct rf_cell_options options = {.heap_size = 0x10000, .budget_ms = 20, .log = silent};
	enum native_outcome outcome = NATIVE_REFUSED;
	struct rf_nf *nf = NULL;
	struct rf_cell *cell = NULL;

	text[0] = 0;
	if (rf_nf_load_bytes("mutant", bytes, size, &nf, &error) == RF_OK &&
	    rf_cell_create(nf, &options, &cell, &error) == RF_OK) {
		if (rf_cell_start(cell, &error) == RF_OK)
			outcome = run_cell(cell, &seed) ? NATIVE_RETURNED : NATIVE_FAULTED;
		else
			memcpy(slots_before, pool->memory, sizeof slots_before);
		if (!slots_intact() || !canary_intact()) {
			outcome = NATIVE_ESCAPED;
			(void)snprintf(text, text_size, "%s was changed",
			               canary_intact() ? "a foreign slot" : "memory of the host");
		} else if (fault_is_elsewhere(rf_cell_fault(cell), cell)) {
			outcome = NATIVE_ESCAPED;
			rf_fault_describe(rf_cell_fault(cell), text, text_size);
		}
	}
	rf_cell_destroy(cell);
	rf_nf_release(nf);
	return outcome;
}
