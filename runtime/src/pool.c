/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <ringfence/pool.h>

#include <linux/memfd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define SLOT_BATCH (RF_SLOT_CACHE_MAX / 2)

/* All at once: packets must not wait for it, and here it may fail. */
static bool populate(struct rf_pool *pool)
{
	pool->huge = pool->page_size == RF_HUGE_PAGE_SIZE ? pool->length : 0;
	while (pool->length - pool->huge >= RF_HUGE_PAGE_SIZE && rf_make_huge(pool->memory + pool->huge))
		pool->huge += RF_HUGE_PAGE_SIZE;
	return rf_populate(pool->memory, pool->length, MADV_POPULATE_WRITE);
}

static bool map_file(struct rf_pool *pool)
{
	/* hugetlbfs reserves its pages at mmap (no MAP_NORESERVE): success means that they are there. */
	void *where = rf_reserve(pool->length, 0, RF_HUGE_PAGE_SIZE);
	if (where == NULL)
		return false;
	pool->memory = mmap(where, pool->length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, pool->fd, 0);
	if (pool->memory != MAP_FAILED && populate(pool))
		return true;
	munmap(where, pool->length);
	return false;
}

static bool map_pages(struct rf_pool *pool, size_t page_size, unsigned flags)
{
	const size_t wanted = (size_t)pool->slots * RF_SLOT_SIZE;
	pool->page_size = page_size;
	pool->length = (wanted + page_size - 1) & ~(page_size - 1);
	pool->fd = memfd_create("ringfence-pool", MFD_CLOEXEC | flags);
	if (pool->fd < 0)
		return false;
	if (ftruncate(pool->fd, (off_t)pool->length) == 0 && map_file(pool))
		return true;
	close(pool->fd);
	return false;
}

enum rf_status rf_pool_create(uint32_t slots, struct rf_pool **result, struct rf_error *error)
{
	if (slots == 0 || slots > RF_POOL_SLOTS_MAX)
		return rf_fail(error, RF_ERR_USAGE, "a pool has 1 to %u slots, not %u", RF_POOL_SLOTS_MAX,
		               slots);
	struct rf_pool *pool = calloc(1, sizeof(*pool));
	uint16_t *tenants = calloc(slots, sizeof(*tenants));
	uint32_t *free_list = malloc(slots * sizeof(*free_list));
	if (pool != NULL && tenants != NULL && free_list != NULL) {
		*pool = (struct rf_pool){
		    .slots = slots, .tenants = tenants, .free = free_list, .free_count = slots};
		if (map_pages(pool, RF_HUGE_PAGE_SIZE, MFD_HUGETLB | MFD_HUGE_2MB) ||
		    map_pages(pool, RF_PAGE_SIZE, 0)) {
			pthread_mutex_init(&pool->lock, NULL);
			/* Lowest index on top. */
			for (uint32_t i = 0; i < slots; i++)
				free_list[i] = slots - 1 - i;
			*result = pool;
			return RF_OK;
		}
	}
	const int cause = errno;
	free(free_list);
	free(tenants);
	free(pool);
	return rf_fail(error, RF_ERR_SYSTEM, "cannot map %u packet slots of 4 KiB: %s", slots,
	               strerror(cause));
}

void rf_pool_destroy(struct rf_pool *pool)
{
	if (pool == NULL)
		return;
	munmap(pool->memory, pool->length);
	close(pool->fd);
	pthread_mutex_destroy(&pool->lock);
	free(pool->free);
	free(pool->tenants);
	free(pool);
}

uint32_t rf_pool_free(struct rf_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	const uint32_t count = pool->free_count;
	pthread_mutex_unlock(&pool->lock);
	return count;
}

void rf_slot_cache_init(struct rf_slot_cache *cache, struct rf_pool *pool)
{
	cache->pool = pool;
	cache->count = 0;
}

static void refill(struct rf_slot_cache *cache)
{
	struct rf_pool *pool = cache->pool;
	pthread_mutex_lock(&pool->lock);
	while (cache->count < SLOT_BATCH && pool->free_count > 0)
		cache->slots[cache->count++] = pool->free[--pool->free_count];
	pthread_mutex_unlock(&pool->lock);
}

static void spill(struct rf_slot_cache *cache, uint32_t keep)
{
	struct rf_pool *pool = cache->pool;
	pthread_mutex_lock(&pool->lock);
	/* A slot given twice would make the list overflow: never write past it. */
	while (cache->count > keep && pool->free_count < pool->slots)
		pool->free[pool->free_count++] = cache->slots[--cache->count];
	pthread_mutex_unlock(&pool->lock);
}

void rf_slot_cache_drain(struct rf_slot_cache *cache)
{
	spill(cache, 0);
}

uint32_t rf_slot_take(struct rf_slot_cache *cache, uint32_t *slots, uint32_t count)
{
	uint32_t taken = 0;
	while (taken < count) {
		if (cache->count == 0)
			refill(cache);
		if (cache->count == 0)
			break;
		slots[taken++] = cache->slots[--cache->count];
	}
	return taken;
}

void rf_slot_give(struct rf_slot_cache *cache, uint32_t slot)
{
	if (cache->count == RF_SLOT_CACHE_MAX)
		spill(cache, RF_SLOT_CACHE_MAX - SLOT_BATCH);
	if (cache->count == RF_SLOT_CACHE_MAX || slot >= cache->pool->slots)
		abort(); /* a slot was given twice or never existed: ownership is lost, so nothing can be
		            trusted */
	cache->slots[cache->count++] = slot;
}
