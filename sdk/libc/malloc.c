/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap: two-level segregated fit (Masmano et al., "TLSF: a New Dynamic
 * Memory Allocator for Real-Time Systems", ECRTS 2004). Allocating and
 * freeing take constant time; free neighbours are merged at once.
 *
 * Blocks lie side by side from the heap's start to a sentinel at its end. A
 * block's header is 8 bytes before the payload, of which the first four
 * belong to the previous block's payload while that is in use: so the cost is
 * four bytes a block. Addresses and sizes are 32 bits wide.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/host.h>
#include <ringfence/nf_abi.h>

/* Not of ISO C: a program may have functions of these names. */
#pragma weak reallocarray
#pragma weak posix_memalign
#pragma weak memalign
#pragma weak malloc_usable_size

extern struct rf_cell_info __rf_info;

#define ALIGNMENT 16u
#define HEADER 8u
#define OVERHEAD 4u /* bytes of a block that its user may not touch */
#define BLOCK_MIN 16u

/* In block.size, whose value is a multiple of 16. */
#define FREE 1u
#define PREVIOUS_FREE 2u
#define FLAGS 15u

struct block {
	uint32_t previous_size; /* valid if PREVIOUS_FREE */
	uint32_t size;          /* from this header to the next one, and flags */
	/* In the payload of a free block: its neighbours in the list of its bin, 0 for none. */
	uint32_t next;
	uint32_t previous;
};

/*
 * Bins: sizes below 256 have one each; above, each power of two is divided
 * into 16. `classes` has a bit for each row that is not empty, `used` one for
 * each bin of a row.
 */
#define SUB_BITS 4
#define SUBS (1u << SUB_BITS)
#define SMALL_BITS 8 /* log2 of the first size of row 1 */
#define ROWS (32 - SMALL_BITS + 1)

static struct {
	uint32_t start; /* address of the first block; 0: the heap is not set up */
	uint32_t end;   /* address of the sentinel */
	uint32_t rows;
	uint32_t used[ROWS];
	uint32_t bin[ROWS][SUBS]; /* address of the first free block, or 0 */
} heap;

struct bin {
	uint32_t row;
	uint32_t sub;
};

static inline struct block *at(uint32_t address)
{
	return (struct block *)(uintptr_t)address;
}

static inline uint32_t address_of(const void *block)
{
	return (uint32_t)(uintptr_t)block;
}

static inline uint32_t size_of(const struct block *block)
{
	return block->size & ~FLAGS;
}

static inline struct block *next_of(struct block *block)
{
	return at(address_of(block) + size_of(block));
}

static inline void *payload_of(struct block *block)
{
	return (char *)block + HEADER;
}

/* The bin that a block of `size` bytes belongs to. */
static inline struct bin bin_of(uint32_t size)
{
	if (size < 1u << SMALL_BITS)
		return (struct bin){0, size / ALIGNMENT};
	const uint32_t log2 = 31 - (uint32_t)__builtin_clz(size);

	return (struct bin){log2 - SMALL_BITS + 1, (size >> (log2 - SUB_BITS)) & (SUBS - 1)};
}

__attribute__((noreturn, cold)) static void corrupt(const char *what)
{
	rf_abort(what);
}

static void insert(struct block *block)
{
	const struct bin bin = bin_of(size_of(block));
	const uint32_t head = heap.bin[bin.row][bin.sub];

	block->next = head;
	block->previous = 0;
	if (head)
		at(head)->previous = address_of(block);
	heap.bin[bin.row][bin.sub] = address_of(block);
	heap.rows |= 1u << bin.row;
	heap.used[bin.row] |= 1u << bin.sub;
}

static void take_out(struct block *block)
{
	const struct bin bin = bin_of(size_of(block));
	const uint32_t self = address_of(block);
	uint32_t *const link = block->previous ? &at(block->previous)->next : &heap.bin[bin.row][bin.sub];

	if (*link != self || (block->next && at(block->next)->previous != self))
		corrupt("heap: a free block was overwritten");
	*link = block->next;
	if (block->next)
		at(block->next)->previous = block->previous;
	if (heap.bin[bin.row][bin.sub])
		return;
	heap.used[bin.row] &= ~(1u << bin.sub);
	if (!heap.used[bin.row])
		heap.rows &= ~(1u << bin.row);
}

/* Marks the block of `size` bytes at `block` free, tells its successor, and lists it. */
static void make_free(struct block *block, uint32_t size)
{
	struct block *next;

	block->size = size | FREE | (block->size & PREVIOUS_FREE);
	next = next_of(block);
	next->previous_size = size;
	next->size |= PREVIOUS_FREE;
	insert(block);
}

/* Cuts the block in use down to `size` bytes; what is left becomes a free block, merged with a free
 * successor. */
static void cut(struct block *block, uint32_t size)
{
	uint32_t rest = size_of(block) - size;
	struct block *next = next_of(block);

	if (rest < BLOCK_MIN)
		return;
	block->size = size | (block->size & FLAGS);
	if (next->size & FREE) {
		take_out(next);
		rest += size_of(next);
	}
	next_of(block)->size = 0; /* its predecessor, `block`, is in use */
	make_free(next_of(block), rest);
}

static bool set_up(void)
{
	const uint32_t start = (__rf_info.heap_start + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
	const uint32_t end = __rf_info.heap_end & ~(ALIGNMENT - 1);

	if (start < __rf_info.heap_start || end <= start || end - start < 4 * BLOCK_MIN)
		return false;
	/* Headers are at 8 modulo 16, payloads at 0. */
	heap.start = start + HEADER;
	heap.end = end - HEADER;
	at(heap.end)->size = 0;
	at(heap.start)->size = 0;
	make_free(at(heap.start), heap.end - heap.start);
	return true;
}

/* The first block of a bin in which all are at least `size` bytes; NULL if there is none. */
static struct block *find_in_larger_bin(uint32_t size)
{
	uint32_t rounded = size, subs, rows;
	struct bin bin;

	if (size >= 1u << SMALL_BITS) {
		rounded += (1u << (31 - SUB_BITS - (uint32_t)__builtin_clz(size))) - 1;
		if (rounded < size)
			return NULL;
	}
	bin = bin_of(rounded);
	subs = heap.used[bin.row] & (~0u << bin.sub);
	if (!subs) {
		rows = heap.rows & (~0u << bin.row << 1);
		if (!rows)
			return NULL;
		bin.row = (uint32_t)__builtin_ctz(rows);
		subs = heap.used[bin.row];
	}
	return at(heap.bin[bin.row][__builtin_ctz(subs)]);
}

/*
 * When no larger bin has a block, one in the very bin of `size` may still
 * fit. The search is bounded, so that a nearly full heap stays fast.
 */
static struct block *find_in_same_bin(uint32_t size)
{
	const struct bin bin = bin_of(size);
	uint32_t address = heap.bin[bin.row][bin.sub];

	for (uint32_t seen = 0; address && seen < 64; seen++) {
		if (size_of(at(address)) >= size)
			return at(address);
		address = at(address)->next;
	}
	return NULL;
}

/* The block size for a request, or 0 if that is beyond any heap. */
static inline uint32_t block_size(size_t request)
{
	if (request > 0xfffff000u)
		return 0;
	const uint32_t size = ((uint32_t)request + OVERHEAD + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

	return size < BLOCK_MIN ? BLOCK_MIN : size;
}

void *malloc(size_t request)
{
	const uint32_t size = block_size(request);
	struct block *block;

	if (!size || (!heap.start && !set_up())) {
		errno = ENOMEM;
		return NULL;
	}
	block = find_in_larger_bin(size);
	if (!block)
		block = find_in_same_bin(size);
	if (!block) {
		errno = ENOMEM;
		return NULL;
	}
	take_out(block);
	block->size &= ~FREE;
	next_of(block)->size &= ~PREVIOUS_FREE;
	cut(block, size);
	return payload_of(block);
}

/* The block in use whose payload this is; ends the cell if there is none. */
static struct block *block_in_use(void *payload)
{
	const uint32_t address = address_of(payload) - HEADER;
	struct block *const block = at(address);

	if (((uintptr_t)payload & (ALIGNMENT - 1)) || address < heap.start || address >= heap.end)
		corrupt("heap: free or realloc of a pointer that malloc did not return");
	if (block->size & FREE)
		corrupt("heap: free or realloc of a block that is free");
	if (size_of(block) < BLOCK_MIN || size_of(block) > heap.end - address ||
	    (next_of(block)->size & PREVIOUS_FREE))
		corrupt("heap: a block's header was overwritten");
	return block;
}

void free(void *payload)
{
	struct block *block, *next;
	uint32_t size;

	if (!payload)
		return;
	block = block_in_use(payload);
	size = size_of(block);
	next = next_of(block);
	if (next->size & FREE) {
		take_out(next);
		size += size_of(next);
	}
	if (block->size & PREVIOUS_FREE) {
		const uint32_t before = block->previous_size;

		if (before > address_of(block) - heap.start)
			corrupt("heap: a block's header was overwritten");
		block = at(address_of(block) - before);
		if (block->size != (before | FREE))
			corrupt("heap: a block's header was overwritten");
		take_out(block);
		size += before;
	}
	make_free(block, size);
}

size_t malloc_usable_size(void *payload)
{
	return payload ? size_of(block_in_use(payload)) - OVERHEAD : 0;
}

/* Grows the block into a free successor; false if that does not give `size` bytes. */
static bool grow(struct block *block, uint32_t size)
{
	struct block *const next = next_of(block);

	if (!(next->size & FREE) || size_of(block) + size_of(next) < size)
		return false;
	take_out(next);
	block->size += size_of(next);
	next_of(block)->size &= ~PREVIOUS_FREE;
	return true;
}

void *realloc(void *payload, size_t request)
{
	const uint32_t size = block_size(request);
	struct block *block;
	void *moved;

	if (!payload)
		return malloc(request);
	block = block_in_use(payload);
	if (size && (size_of(block) >= size || grow(block, size))) {
		cut(block, size);
		return payload;
	}
	moved = malloc(request);
	if (!moved)
		return NULL;
	memcpy(moved, payload, size_of(block) - OVERHEAD);
	free(payload);
	return moved;
}

void *calloc(size_t count, size_t size)
{
	size_t bytes;
	void *block;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	block = malloc(bytes);
	return block ? memset(block, 0, bytes) : NULL;
}

void *reallocarray(void *payload, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return realloc(payload, bytes);
}

/* Gives the first `gap` bytes of a block in use back and returns the rest. */
static struct block *drop_front(struct block *block, uint32_t gap)
{
	struct block *const rest = at(address_of(block) + gap);

	rest->size = size_of(block) - gap;
	/* Never merges: what precedes a block that malloc returned is in use, or would have been merged. */
	block->size = gap | (block->size & FLAGS);
	make_free(block, gap);
	return rest;
}

void *aligned_alloc(size_t alignment, size_t request)
{
	struct block *block;
	uint32_t gap, size;
	void *payload;

	if (!alignment || alignment & (alignment - 1)) {
		errno = EINVAL;
		return NULL;
	}
	if (alignment <= ALIGNMENT)
		return malloc(request);
	if (alignment > 0x80000000u || request > 0xfffff000u - alignment) {
		errno = ENOMEM;
		return NULL;
	}
	size = block_size(request);
	payload = malloc(request + alignment);
	if (!payload)
		return NULL;
	block = at(address_of(payload) - HEADER);
	gap = (uint32_t)(-address_of(payload) & (alignment - 1));
	if (gap)
		block = drop_front(block, gap);
	cut(block, size);
	return payload_of(block);
}

void *memalign(size_t alignment, size_t size)
{
	return aligned_alloc(alignment, size);
}

int posix_memalign(void **block, size_t alignment, size_t size)
{
	void *const allocated = aligned_alloc(alignment, size);

	if (!allocated)
		return errno;
	*block = allocated;
	return 0;
}
