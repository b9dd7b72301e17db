/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a cell: laid out, mapped, started, called, started again. */
#include "cell_impl.h"
#include "memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUDGET_DEFAULT_MS 100
#define INIT_BUDGET_MIN_MS 2000
#define BUDGET_MAX_MS 3600000
/* Nothing of a cell's memory lies above. */
#define MEMORY_END 0xf0000000
/* Gaps between read-only pieces up to this size are mapped along (as zeros), to save mappings. */
#define READ_ONLY_GAP_MAX 0x100000

/* ---- Layout ---------------------------------------------------------------- */

/* Adds [start, end) behind all regions so far; to the last of them if it can be one mapping with it. */
static bool append(struct rf_space *space, uint64_t start, uint64_t end, bool writable)
{
	start = rf_page_down(start);
	end = rf_page_up(end);
	if (start == end)
		return true;
	space->writable += writable ? end - start : 0;
	struct rf_region *last = space->region_count > 0 ? &space->regions[space->region_count - 1] : NULL;
	/* The validator has seen to it that no two pieces share a page; without that, rights would leak. */
	if (end > MEMORY_END || (last != NULL && start < last->end))
		return false;
	/* Writable gaps are not filled: they would be memory beyond the limit. */
	if (last != NULL && last->writable == writable &&
	    start - last->end <= (writable ? 0 : READ_ONLY_GAP_MAX)) {
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
	uint64_t end = 0;
	for (uint32_t i = 0; i <= image->segment_count; i++) {
		const struct rfv_segment *segment = i < image->segment_count ? &image->segments[i] : NULL;
		if (image->data_stack_low >= end &&
		    (segment == NULL || image->data_stack_low < segment->address) &&
		    !append(space, image->data_stack_low, image->data_stack_high, true))
			return false;
		if (segment == NULL)
			break;
		end = (uint64_t)segment->address + segment->memory_size;
		if (!append(space, segment->address, end, segment->writable))
			return false;
	}
	return true;
}

/* Behind the image: heap, configuration text, and the packets of copy mode. */
static bool append_rest(struct rf_cell *cell)
{
	const uint64_t start = cell->space.regions[cell->space.region_count - 1].end;
	const uint64_t heap_end = start + rf_page_up(cell->is.heap_size);
	const uint64_t config_end = rf_page_up(heap_end + cell->config_size);
	const uint64_t copy_end = config_end + (cell->is.copy ? (uint64_t)RF_BURST_MAX * RF_SLOT_SIZE : 0);
	if (cell->is.heap_size > MEMORY_END || !append(&cell->space, start, copy_end, true))
		return false;
	cell->info = (struct rf_cell_info){.heap_start = (uint32_t)start, .heap_end = (uint32_t)heap_end};
	cell->config_start = (uint32_t)heap_end;
	cell->copy_start = (uint32_t)config_end;
	return true;
}

static enum rf_status lay_out(struct rf_cell *cell, struct rf_error *error)
{
	struct rf_space *space = &cell->space;
	if (!append_image(space, &cell->nf->image))
		return rf_fail(
		    error, RF_ERR_REJECTED,
		    "%s: its segments lie in more than %d pieces; link it with the SDK's linker script",
		    cell->name, RF_REGIONS_MAX);
	if (space->writable > RF_HEAP_DEFAULT && space->writable > cell->is.heap_size)
		return rf_fail(error, RF_ERR_REJECTED,
		               "%s: its variables and data stack take %llu KiB, more than the heap limit",
		               cell->name, (unsigned long long)space->writable >> 10);
	if (!append_rest(cell))
		return rf_fail(error, RF_ERR_USAGE, "%s: %llu bytes of heap do not fit into its memory",
		               cell->name, (unsigned long long)cell->is.heap_size);
	return RF_OK;
}

/* ---- Creation ---------------------------------------------------------------- */

static void prepare_context(struct rf_cell *cell)
{
	struct rf_control *control = cell->space.control;
	const uint64_t stack_top = (uint64_t)(uintptr_t)cell->space.stack + RF_STACK_TOP;
	cell->context = (struct rf_context){
	    .base = (uint64_t)(uintptr_t)cell->space.base,
	    .window = stack_top + RF_FAULT_SLOT,
	    .stack_top = stack_top,
	    .has_avx = __builtin_cpu_supports("avx") != 0,
	};
	control->host_vector[RF_HOST_LOG] = (uint64_t)(uintptr_t)rf_host_stub_log;
	control->host_vector[RF_HOST_ABORT] = (uint64_t)(uintptr_t)rf_host_stub_abort;
	control->host_vector[RF_HOST_TIME] = (uint64_t)(uintptr_t)rf_host_stub_time;
	control->context = (uint64_t)(uintptr_t)&cell->context;
	cell->window_used = RF_WINDOW_ENTRIES;
	rf_cell_close_window(cell, 0);
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
	cell->is = *options;
	cell->is.config = NULL;
	if (cell->is.budget_ms > BUDGET_MAX_MS)
		return rf_fail(error, RF_ERR_USAGE, "a time budget is at most %d ms", BUDGET_MAX_MS);
	if (cell->is.budget_ms == 0)
		cell->is.budget_ms = BUDGET_DEFAULT_MS;
	if (cell->is.heap_size == 0)
		cell->is.heap_size = RF_HEAP_DEFAULT;
	if (cell->is.huge_size == 0)
		cell->is.huge_size = RF_HUGE_DEFAULT;
	if (cell->is.tenant == 0)
		cell->is.tenant = next_tenant();
	snprintf(cell->name, sizeof(cell->name), "%s",
	         options->name != NULL ? options->name : cell->nf->name);
	const char *config = options->config != NULL ? options->config : "";
	cell->config_size = strlen(config) + 1;
	if (cell->config_size > RF_CONFIG_MAX + 1)
		return rf_fail(error, RF_ERR_USAGE, "%s: a configuration is at most %zu bytes", cell->name,
		               RF_CONFIG_MAX);
	cell->is.config = strdup(config);
	if (cell->is.config == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "%s: no memory for its configuration", cell->name);
	return RF_OK;
}

enum rf_status rf_cell_create(struct rf_nf *nf, const struct rf_cell_options *options,
                              struct rf_cell **result, struct rf_error *error)
{
	struct rf_cell *cell = calloc(1, sizeof(*cell));
	if (cell == NULL)
		return rf_fail(error, RF_ERR_SYSTEM, "no memory for a cell");
	cell->nf = nf;
	atomic_fetch_add(&nf->references, 1);
	enum rf_status status = apply_options(cell, options, error);
	if (status == RF_OK)
		status = lay_out(cell, error);
	if (status == RF_OK)
		status = rf_space_map(&cell->space, nf, error);
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
	free((char *)cell->is.config);
	free(cell);
}

/* ---- Start and calls -------------------------------------------------------- */

/* The page of 2 MiB in which the variables begin, or the heap where there are none. */
static uint64_t huge_start(const struct rf_cell *cell)
{
	const struct rfv_image *image = &cell->nf->image;
	uint64_t start = cell->info.heap_start;
	for (uint32_t i = 0; i < image->segment_count; i++)
		if (image->segments[i].writable && image->segments[i].address < start)
			start = image->segments[i].address;
	return rf_huge_page_down(start);
}

/* Touches all memory that the host will write during bursts, too: here it may fail. */
static bool initialise_memory(struct rf_cell *cell)
{
	const struct rf_nf *nf = cell->nf;
	struct rf_space *space = &cell->space;
	if (!rf_space_clear(space))
		return false;
	cell->huge = rf_space_make_huge(space, huge_start(cell), cell->is.huge_size);
	for (uint32_t i = 0; i < nf->image.segment_count; i++) {
		const struct rfv_segment *segment = &nf->image.segments[i];
		if (segment->writable &&
		    !rf_space_write(space, segment->address, nf->bytes + segment->file_offset,
		                    segment->file_size))
			return false;
	}
	return rf_space_write(space, cell->config_start, cell->is.config, cell->config_size) &&
	       rf_space_write(space, nf->image.info, &cell->info, sizeof(cell->info)) &&
	       rf_populate(cell->burst, sizeof(*cell->burst), MADV_POPULATE_WRITE) &&
	       (!cell->is.copy || rf_populate(space->base + cell->copy_start,
	                                      (size_t)RF_BURST_MAX * RF_SLOT_SIZE, MADV_POPULATE_WRITE));
}

void rf_cell_close_window(struct rf_cell *cell, uint32_t from)
{
	for (uint32_t i = from; i < cell->window_used; i++)
		cell->space.control->window[i] = cell->context.window;
	cell->window_used = from;
}

/* For an export that there need not be: result 0 then. */
static enum rf_status run_export(struct rf_cell *cell, const char *name, uint32_t argument, uint32_t *result,
                                 struct rf_error *error)
{
	char text[320];
	const uint32_t function = rf_nf_export(cell->nf, name);
	const uint32_t budget =
	    cell->is.budget_ms > INIT_BUDGET_MIN_MS ? cell->is.budget_ms : INIT_BUDGET_MIN_MS;
	*result = 0;
	if (function == 0 || rf_thread_run(cell, function, argument, budget, result))
		return RF_OK;
	rf_fault_describe(&cell->fault, text, sizeof(text));
	return rf_fail(error, RF_ERR_REJECTED, "%s: %s failed: %s", cell->name, name, text);
}

enum rf_status rf_cell_start(struct rf_cell *cell, struct rf_error *error)
{
	uint32_t result;
	rf_cell_close_window(cell, 0);
	cell->fault = (struct rf_fault){.kind = RF_FAULT_NOT_STARTED};
	if (!initialise_memory(cell))
		return rf_fail(error, RF_ERR_SYSTEM, "%s: cannot set up its memory: %s", cell->name,
		               strerror(errno));
	enum rf_status status = run_export(cell, "_rf_start", 0, &result, error);
	if (status == RF_OK)
		status = run_export(cell, "init", cell->config_start, &result, error);
	if (status == RF_OK && result != 0)
		return rf_fail(error, RF_ERR_REJECTED, "%s: init failed: it returned %d", cell->name,
		               (int32_t)result);
	if (status == RF_OK)
		cell->fault = (struct rf_fault){0};
	return status;
}

bool rf_cell_call(struct rf_cell *cell, uint32_t function, uint32_t argument, uint32_t *result)
{
	if (cell->fault.kind != RF_FAULT_NONE)
		return false;
	rf_cell_close_window(cell, 0);
	return rf_thread_run(cell, function, argument, cell->is.budget_ms, result);
}

const struct rf_fault *rf_cell_fault(const struct rf_cell *cell)
{
	return &cell->fault;
}

const char *rf_cell_name(const struct rf_cell *cell)
{
	return cell->name;
}

uint64_t rf_cell_huge(const struct rf_cell *cell)
{
	return cell->huge;
}

struct rf_cell_place rf_cell_place(const struct rf_cell *cell)
{
	return (struct rf_cell_place){.text = (uint64_t)(uintptr_t)cell->nf->text,
	                              .base = cell->context.base,
	                              .text_address = cell->nf->image.text.address};
}
