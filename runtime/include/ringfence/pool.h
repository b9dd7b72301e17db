/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The slot pool: all packet memory of the process.
 *
 * One shared memory file, in 2 MiB hugepages where the system has them free,
 * in transparent ones or 4 KiB pages otherwise, cut into slots of
 * RF_SLOT_SIZE bytes. A slot is named by its index; everybody but its owner
 * forgets it. Owner is exactly one of: the free list, a slot cache, a port,
 * the runtime, a cell's burst.
 */
#ifndef RINGFENCE_POOL_H
#define RINGFENCE_POOL_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/contract.h>
#include <ringfence/error.h>

/* Never the index of a slot. */
#define RF_SLOT_NONE UINT32_MAX
/* Most slots of one pool: 4 GiB of packets. */
#define RF_POOL_SLOTS_MAX (1u << 20)

/* The first part is constant after rf_pool_create, so any thread may read it. */
struct rf_pool {
	uint8_t *memory;  /* slot i starts at memory + i * RF_SLOT_SIZE */
	size_t length;    /* bytes, a multiple of page_size; what a DMA driver maps */
	size_t page_size; /* 2 MiB or 4 KiB: physically contiguous in pieces of this size, which stay where
	                     they are if it is 2 MiB */
	size_t huge;    /* bytes that are in pages of 2 MiB: all or, if page_size is 4 KiB, the first ones, as
	                   far as the kernel had them */
	int fd;         /* the shared memory file, offset 0 = memory; owned by the pool */
	uint32_t slots; /* slots in use: length / RF_SLOT_SIZE or a few less */
	/* For each slot, whose cell may have left bytes in it; 0: nobody. The slot's owner may change it. */
	uint16_t *tenants;
	/* The free list, a stack: private. */
	pthread_mutex_t lock;
	uint32_t free_count;
	uint32_t *free;
};

/*
 * Makes a pool of at least `slots` slots (1 … RF_POOL_SLOTS_MAX), every byte
 * zero. Falls back to 4 KiB pages where no hugepages are free; `page_size`
 * tells. Errors: RF_ERR_USAGE for a bad count, RF_ERR_SYSTEM without memory.
 */
enum rf_status rf_pool_create(uint32_t slots, struct rf_pool **pool, struct rf_error *error);

/* Unmaps it. No port, cache or cell may still use it. Null is allowed. */
void rf_pool_destroy(struct rf_pool *pool);

static inline uint8_t *rf_pool_slot(const struct rf_pool *pool, uint32_t slot)
{
	return pool->memory + (size_t)slot * RF_SLOT_SIZE;
}

/*
 * Where a received frame starts in its slot. Staggered by cache line, or the
 * headers of all slots would compete for the same few L1 sets; in range with
 * RF_HEADROOM to spare below and 192 bytes above (RF_SLOT_HEAD_MAX).
 */
static inline uint16_t rf_slot_head(uint32_t slot)
{
	return (uint16_t)(RF_SLOT_HEAD_MIN + RF_HEADROOM + 64 * (slot & 7));
}

/* ---- Slot cache: one worker's free slots, last in first out -------------- */

#define RF_SLOT_CACHE_MAX 1024

/* Private to one thread: not locked. It refills from and spills to the pool in batches under a lock. */
struct rf_slot_cache {
	struct rf_pool *pool;
	uint32_t count;
	uint32_t slots[RF_SLOT_CACHE_MAX];
};

void rf_slot_cache_init(struct rf_slot_cache *cache, struct rf_pool *pool);

/* Gives every slot back to the pool. */
void rf_slot_cache_drain(struct rf_slot_cache *cache);

/*
 * Takes up to `count` slots into `slots`; the caller owns them now. Returns
 * how many: fewer than asked when the pool has no more.
 */
uint32_t rf_slot_take(struct rf_slot_cache *cache, uint32_t *slots, uint32_t count);

/* Gives one slot back; the caller must own it. */
void rf_slot_give(struct rf_slot_cache *cache, uint32_t slot);

/* Slots that are free in the pool itself, caches not counted. Any thread. */
uint32_t rf_pool_free(struct rf_pool *pool);

#endif
