/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a cell: laid out, mapped, started, called, started again. */
#include "cell_impl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_DEFAULT_MS 100
#define INIT_BUDGET_DEFAULT_MS 2000
#define BUDGET_MAX_MS 3600000
/* Nothing of a cell's memory lies above. */
#define MEMORY_END 0xf0000000
/* Gaps between read-only pieces up to this size are mapped along (as zeros), to save mappings. */
#define READ_ONLY_GAP_MAX 0x100000

static uint64_t page_up(uint64_t size)
{
	return (size + RF_PAGE_SIZE - 1) & ~(uint64_t)(RF_PAGE_SIZE - 1);
}

/* ---- Layout ---------------------------------------------------------------- */

static bool joins(const struct rf_region *last, uint64_t start, bool writable)
{
	if (last->writable != writable)
		return false;
	/* Writable gaps are not filled: they would be memory beyond the limit. */
	return start - last->end <= (writable ? 0 : READ_ONLY_GAP_MAX);
}

/* Adds [start, end) behind all regions so far. */
static bool append(struct rf_space *space, uint64_t start, uint64_t end, bool writable)
{
	start &= ~(uint64_t)(RF_PAGE_SIZE - 1);
	end = page_up(end);
	if (start == end)
		return true;
	struct rf_region *last = space->region_count > 0 ? &space->regions[space->region_count - 1] : NULL;
	/* The validator has seen to it that no two pieces share a page; without that, rights would leak. */
	if (end > MEMORY_END || (last != NULL && start < last->end))
		return false;
	if (last != NULL && joins(last, start, writable)) {
		last->end = (uint32_t)end;
		return true;
	}
	if (space->region_count == RF_REGIONS_MAX)
		return false;
	space->regions[space->region_count++] = (struct rf_region){(uint32_t)start, (uint32_t)end, writable};
	return true;
}

/* Segments and the data stack, in order of address. */
static bool append_image(struct rf_space *space, const struct rfv_image *image)
{
	bool stack_done = image->data_stack_low == image->data_stack_high;
	for (uint32_t i = 0; i < image->segment_count; i++) {
		const struct rfv_segment *segment = &image->segments[i];
		if (!stack_done && image->data_stack_low < segment->address) {
			stack_done = true;
			if (!append(space, image->data_stack_low, image->data_stack_high, true))
				return false;
		}
		if (!append(space, segment->address, (uint64_t)segment->address + segment->memory_size,
		            segment->writable))
			return false;
	}
	return stack_done || append(space, image->data_stack_low, image->data_stack_high, true);
}

/* Behind the image: heap, configuration text, and the packets of copy mode. */
static bool append_heap(struct rf_cell *cell, struct rf_space *space, uint64_t heap_size)
{
	const uint64_t start = space->region_count > 0 ? space->regions[space->region_count - 1].end : 0;
	const uint64_t heap_end = start + page_up(heap_size);
	const uint64_t config_end = page_up(heap_end + cell->config_length + 1);
	const uint64_t copy_end = config_end + (cell->copy ? (uint64_t)RF_BURST_MAX * RF_SLOT_SIZE : 0);
	if (heap_size > MEMORY_END || copy_end > MEMORY_END)
		return false;
	cell->heap_start = (uint32_t)start;
	cell->heap_end = (uint32_t)heap_end;
	cell->config_start = (uint32_t)heap_end;
	cell->copy_start = (uint32_t)config_end;
	return append(space, start, copy_end, true);
}

/* ---- Creation ---------------------------------------------------------------- */

static void prepare_context(struct rf_cell *cell)
{
	struct rf_control *control = cell->space.control;
	cell->context = (struct rf_context){
	    .base = (uint64_t)(uintptr_t)cell->space.base,
	    .window = rf_space_fault_slot(&cell->space),
	    .stack_top = rf_space_stack_top(&cell->space),
	    .has_avx = __builtin_cpu_supports("avx") ? 1 : 0,
	};
	control->host_vector[RF_HOST_LOG] = (uint64_t)(uintptr_t)rf_host_stub_log;
	control->host_vector[RF_HOST_ABORT] = (uint64_t)(uintptr_t)rf_host_stub_abort;
	control->host_vector[RF_HOST_TIME] = (uint64_t)(uintptr_t)rf_host_stub_time;
	control->context = (uint64_t)(uintptr_t)&cell->context;
	for (uint32_t i = 0; i < RF_WINDOW_ENTRIES; i++)
		control->window[i] = cell->context.window;
}

static uint16_t next_tenant(void)
{
	/* From the top, out of the way of numbers that callers choose; after 32,768 cells they repeat, which
	 * only matters to slots that both have used. */
	static _Atomic uint16_t counter;
	return (uint16_t)(0x8000 | counter++);
}

static enum rf_status apply_options(struct rf_cell *cell, const struct rf_cell_options *options,
                                    struct rf_error *error)
{
	if (options->budget_ms > BUDGET_MAX_MS || options->init_budget_ms > BUDGET_MAX_MS)
		return rf_fail(error, RF_ERR_USAGE, "a time budget is at most %d ms", BUDGET_MAX_MS);
	snprintf(cell->name, sizeof(cell->name), "%s",
	         options->name != NULL ? options->name : cell->nf->name);
	cell->copy = options->copy;
	cell->tenant = options->tenant != 0 ? options->tenant : next_tenant();
	cell->budget_ms = options->budget_ms != 0 ? options->budget_ms : BUDGET_DEFAULT_MS;
	cell->init_budget_ms = options->init_budget_ms;
	if (cell->init_budget_ms == 0)
		cell->init_budget_ms =
		    cell->budget_ms > INIT_BUDGET_DEFAULT_MS ? cell->budget_ms : INIT_BUDGET_DEFAULT_MS;
	cell->log = options->log;
	cell->log_user = options->log_user;
	const char *config = options->config != NULL ? options->config : "";
	cell->config_length = strlen(config);
	if (cell->config_length > RF_CONFIG_MAX)
		return rf_fail(error, RF_ERR_USAGE, "%s: a configuration is at most %zu bytes", cell->name,
		               RF_CONFIG_MAX);
	cell->config = strdup(config);
	if (cell->config == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: no memory for its configuration", cell->name);
	return RF_OK;
}

static enum rf_status build(struct rf_cell *cell, const struct rf_cell_options *options,
                            struct rf_error *error)
{
	const enum rf_status status = apply_options(cell, options, error);
	if (status != RF_OK)
		return status;
	struct rf_space layout = {0};
	if (!append_image(&layout, &cell->nf->image))
		return rf_fail(
		    error, RF_ERR_REJECTED,
		    "%s: its segments lie in more than %d pieces; link it with the SDK's linker script",
		    cell->name, RF_REGIONS_MAX);
	const uint64_t heap = options->heap_size != 0 ? options->heap_size : RF_HEAP_DEFAULT;
	if (!append_heap(cell, &layout, heap))
		return rf_fail(error, RF_ERR_USAGE, "%s: %llu bytes of heap do not fit into its memory",
		               cell->name, (unsigned long long)heap);
	return rf_space_map(&cell->space, cell->nf, layout.regions, layout.region_count, error);
}

enum rf_status rf_cell_create(struct rf_nf *nf, const struct rf_cell_options *options,
                              struct rf_cell **result, struct rf_error *error)
{
	struct rf_cell *cell = calloc(1, sizeof(*cell));
	if (cell == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "no memory for a cell");
	cell->nf = nf;
	rf_nf_retain(nf);
	const enum rf_status status = build(cell, options, error);
	if (status != RF_OK) {
		rf_cell_destroy(cell);
		return status;
	}
	prepare_context(cell);
	cell->fault.kind = RF_FAULT_NOT_STARTED;
	cell->process = rf_nf_export(nf, "process");
	/* In a writable segment and aligned, as the validator has checked. */
	cell->burst = (struct rf_burst *)(void *)(cell->space.base + nf->image.burst);
	*result = cell;
	return RF_OK;
}

void rf_cell_destroy(struct rf_cell *cell)
{
	if (cell == NULL)
		return;
	rf_space_unmap(&cell->space);
	rf_nf_release(cell->nf);
	free(cell->config);
	free(cell);
}

/* ---- Start and calls -------------------------------------------------------- */

static bool initialise_memory(struct rf_cell *cell)
{
	const struct rf_nf *nf = cell->nf;
	if (!rf_space_clear(&cell->space))
		return false;
	for (uint32_t i = 0; i < nf->image.segment_count; i++) {
		const struct rfv_segment *segment = &nf->image.segments[i];
		if (segment->writable)
			memcpy(cell->space.base + segment->address, nf->bytes + segment->file_offset,
			       segment->file_size);
	}
	memcpy(cell->space.base + cell->config_start, cell->config, cell->config_length + 1);
	const struct rf_cell_info info = {.heap_start = cell->heap_start, .heap_end = cell->heap_end};
	memcpy(cell->space.base + nf->image.info, &info, sizeof(info));
	return true;
}

/* No packet is in the window of a cell that is called for anything but a burst. */
static void close_window(struct rf_cell *cell)
{
	for (uint32_t i = 0; i < cell->window_used; i++)
		cell->space.control->window[i] = cell->context.window;
	cell->window_used = 0;
}

static enum rf_status start_failed(struct rf_cell *cell, const char *what, struct rf_error *error)
{
	char text[320];
	rf_fault_describe(&cell->fault, text, sizeof(text));
	return rf_fail(error, RF_ERR_REJECTED, "%s: %s failed: %s", cell->name, what, text);
}

enum rf_status rf_cell_start(struct rf_cell *cell, struct rf_error *error)
{
	close_window(cell);
	cell->fault = (struct rf_fault){.kind = RF_FAULT_NOT_STARTED};
	if (!initialise_memory(cell))
		return rf_fail(error, RF_ERR_SYSTEM, "%s: cannot clear its memory", cell->name);
	uint32_t result = 0;
	const uint32_t start = rf_nf_export(cell->nf, "_rf_start");
	if (start != 0 && !rf_thread_run(cell, start, 0, cell->init_budget_ms, &result))
		return start_failed(cell, "_rf_start", error);
	const uint32_t init = rf_nf_export(cell->nf, "init");
	if (init != 0) {
		if (!rf_thread_run(cell, init, cell->config_start, cell->init_budget_ms, &result))
			return start_failed(cell, "init", error);
		if (result != 0)
			return rf_fail(error, RF_ERR_REJECTED, "%s: init failed: it returned %d", cell->name,
			               (int32_t)result);
	}
	cell->fault = (struct rf_fault){0};
	return RF_OK;
}

bool rf_cell_call(struct rf_cell *cell, uint32_t function, uint32_t argument, uint32_t *result)
{
	if (cell->fault.kind != RF_FAULT_NONE)
		return false;
	close_window(cell);
	return rf_thread_run(cell, function, argument, cell->budget_ms, result);
}

const struct rf_fault *rf_cell_fault(const struct rf_cell *cell)
{
	return &cell->fault;
}

const char *rf_cell_name(const struct rf_cell *cell)
{
	return cell->name;
}
