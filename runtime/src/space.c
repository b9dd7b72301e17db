/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The address space of a cell (docs/contract.md): its memory, a memory file
 * of 4 GiB that exists only where it is touched, appears at B, nine times
 * above it and once below; the control block appears read-only below B and
 * writable where only the host looks.
 *
 * Mappings are what limits the number of cells (vm.max_map_count), so pieces
 * with equal rights are one mapping and no descriptor stays open.
 */
#define _GNU_SOURCE
#include "cell_impl.h"
#include "memory.h"

#include <linux/memfd.h>
#include <string.h>
#include <unistd.h>

#define BELOW ((size_t)(-(int64_t)RF_CONTROL_OFFSET))
#define RESERVATION (BELOW + (size_t)RF_CELL_SIZE * RF_CELL_COPIES)
/* Where the part of the control block that all cells of an NF share begins. */
#define CONTROL_TABLES RF_IN_CONTROL(RF_FUNCTION_TABLE_OFFSET)
#define STACK_MAPPING (RF_STACK_TOP + RF_CONTROL_STACK_GUARD_HIGH)

/* r15 is reached upwards by at most cell value + 8 * index + displacement + operand. */
_Static_assert((uint64_t)RF_CELL_SIZE *RF_CELL_COPIES >=
                   (uint64_t)RF_CELL_SIZE + 8 * (uint64_t)RF_CELL_SIZE + 0x80000000 + 64,
               "the reservation covers all that an operand can reach");
_Static_assert(RF_FAULT_SLOT + RF_WINDOW_LOW >= 8 + RF_INCOMING_ARGS_MAX + 64 &&
                   RF_FAULT_SLOT + RF_WINDOW_HIGH <= RF_CONTROL_STACK_GUARD_HIGH,
               "the fault slot lies wholly in the guard, apart from stack arguments");

static bool map_at(uint8_t *where, size_t length, int protection, int fd, uint64_t offset)
{
	return mmap(where, length, protection, MAP_SHARED | MAP_FIXED, fd, (off_t)offset) != MAP_FAILED;
}

static bool map_region(struct rf_space *space, int fd, const struct rf_region *region)
{
	const int protection = PROT_READ | (region->writable ? PROT_WRITE : 0);
	for (size_t copy = 0; copy < RF_CELL_COPIES; copy++)
		if (!map_at(space->base + copy * RF_CELL_SIZE + region->start, region->end - region->start,
		            protection, fd, region->start))
			return false;
	/* Below B shows the top of the memory, down to the control block. */
	const uint64_t lowest = (uint64_t)(RF_CELL_SIZE + RF_DATA_OFFSET_MIN);
	const uint64_t start = region->start > lowest ? region->start : lowest;
	if (start >= region->end)
		return true;
	return map_at(space->base - (RF_CELL_SIZE - start), region->end - start, protection, fd, start);
}

static bool map_control(struct rf_space *space, const struct rf_nf *nf, int fd)
{
	uint8_t *seen_by_cell = space->reservation;
	void *seen_by_host =
	    mmap(NULL, RF_CONTROL_PRIVATE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, RF_CELL_SIZE);
	if (seen_by_host == MAP_FAILED)
		return false;
	space->control = seen_by_host;
	return rf_populate(seen_by_host, RF_CONTROL_PRIVATE, MADV_POPULATE_WRITE) &&
	       map_at(seen_by_cell, RF_CONTROL_PRIVATE, PROT_READ, fd, RF_CELL_SIZE) &&
	       map_at(seen_by_cell + CONTROL_TABLES, nf->tables_length, PROT_READ, nf->tables_fd, 0);
}

static bool map_stack(struct rf_space *space)
{
	void *memory = mmap(NULL, STACK_MAPPING, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return false;
	space->stack = memory;
	return mprotect(space->stack + RF_CONTROL_STACK_GUARD_LOW, RF_CONTROL_STACK_SIZE,
	                PROT_READ | PROT_WRITE) == 0;
}

/* Read-only contents are written through the file: nothing ever maps them writable. */
static bool write_read_only(const struct rf_nf *nf, int fd)
{
	for (uint32_t i = 0; i < nf->image.segment_count; i++) {
		const struct rfv_segment *segment = &nf->image.segments[i];
		if (!segment->writable && pwrite(fd, nf->bytes + segment->file_offset, segment->file_size,
		                                 segment->address) != (ssize_t)segment->file_size)
			return false;
	}
	return true;
}

/* Compiled code relies on it that B is a multiple of the cell's size: then the lower half of a pointer is its
 * offset. */
static bool reserve(struct rf_space *space)
{
	space->reservation = rf_reserve(RESERVATION, BELOW, (size_t)RF_CELL_SIZE);
	if (space->reservation == NULL)
		return false;
	space->base = space->reservation + BELOW;
	return true;
}

static bool map_all(struct rf_space *space, const struct rf_nf *nf, int fd)
{
	if (ftruncate(fd, (off_t)(RF_CELL_SIZE + RF_CONTROL_PRIVATE)) != 0 || !write_read_only(nf, fd))
		return false;
	if (!reserve(space))
		return false;
	for (uint32_t i = 0; i < space->region_count; i++)
		if (!map_region(space, fd, &space->regions[i]))
			return false;
	return map_control(space, nf, fd) && map_stack(space);
}

enum rf_status rf_space_map(struct rf_space *space, const struct rf_nf *nf, struct rf_error *error)
{
	const int fd = memfd_create("ringfence-cell", MFD_CLOEXEC);
	const bool mapped = fd >= 0 && map_all(space, nf, fd);
	const int cause = errno;
	if (fd >= 0)
		close(fd);
	if (mapped)
		return RF_OK;
	return rf_fail(
	    error, RF_ERR_SYSTEM, "%s: cannot map its cell: %s%s", nf->name, strerror(cause),
	    cause == ENOMEM ? " (40 mappings, 42 GiB of addresses: see vm.max_map_count and ulimit -v)" : "");
}

void rf_space_unmap(struct rf_space *space)
{
	if (space->reservation != NULL)
		munmap(space->reservation, RESERVATION);
	if (space->control != NULL)
		munmap(space->control, RF_CONTROL_PRIVATE);
	if (space->stack != NULL)
		munmap(space->stack, STACK_MAPPING);
}

bool rf_space_clear(struct rf_space *space)
{
	for (uint32_t i = 0; i < space->region_count; i++) {
		const struct rf_region *region = &space->regions[i];
		/* Punches a hole into the file, so all mirrors are cleared at once. */
		if (region->writable &&
		    madvise(space->base + region->start, region->end - region->start, MADV_REMOVE) != 0)
			return false;
	}
	return madvise(space->stack + RF_CONTROL_STACK_GUARD_LOW, RF_CONTROL_STACK_SIZE, MADV_DONTNEED) == 0;
}

uint64_t rf_space_make_huge(struct rf_space *space, uint64_t from, uint64_t size)
{
	uint64_t made = 0;
	for (uint32_t i = 0; i < space->region_count; i++) {
		const struct rf_region *region = &space->regions[i];
		uint64_t page = rf_huge_page_up(from > region->start ? from : region->start);
		for (; region->writable && page + RF_HUGE_PAGE_SIZE <= region->end &&
		       size - made >= RF_HUGE_PAGE_SIZE;
		     page += RF_HUGE_PAGE_SIZE) {
			/* Where memory is short, asking on could use up what is left. */
			if (!rf_make_huge(space->base + page))
				return made;
			made += RF_HUGE_PAGE_SIZE;
		}
	}
	return made;
}

bool rf_space_write(struct rf_space *space, uint32_t address, const void *from, size_t length)
{
	if (!rf_populate(space->base + address, length, MADV_POPULATE_WRITE))
		return false;
	memcpy(space->base + address, from, length);
	return true;
}

bool rf_space_read(const struct rf_space *space, uint32_t address, uint32_t length, void *to)
{
	for (uint32_t i = 0; i < space->region_count; i++) {
		const struct rf_region *region = &space->regions[i];
		if (address < region->start || address >= region->end || length > region->end - address)
			continue;
		if (!rf_populate(space->base + address, length, MADV_POPULATE_READ))
			return false;
		memcpy(to, space->base + address, length);
		return true;
	}
	return false;
}
