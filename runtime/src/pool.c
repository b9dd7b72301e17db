/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include <ringfence/pool.h>

#include <errno.h>
#include <linux/memfd.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE_SIZE ((size_t)2 << 20)
#define SLOT_BATCH (RF_SLOT_CACHE_MAX / 2)

/* What the public part does not show: the free list, a stack under a lock. */
struct pool {
	struct rf_pool public;
	pthread_mutex_t lock;
	uint32_t free_count;
	uint32_t free[];
};

static struct pool *whole(const struct rf_pool *pool)
{
	return (struct pool *)pool;
}

static int map_pages(struct rf_pool *pool, size_t page_size, unsigned memfd_flags, int map_flags)
{
	const size_t wanted = (size_t)pool->slots * RF_SLOT_SIZE;
	pool->page_size = page_size;
	pool->length = (wanted + page_size - 1) & ~(page_size - 1);
	pool->fd = memfd_create("ringfence-pool", MFD_CLOEXEC | memfd_flags);
	if (pool->fd < 0)
		return -1;
	if (ftruncate(pool->fd, (off_t)pool->length) == 0) {
		/* Populated now: a hugepage that is missing later would be a SIGBUS on a packet. */
		pool->memory = mmap(NULL, pool->length, PROT_READ | PROT_WRITE,
		                    MAP_SHARED | MAP_POPULATE | map_flags, pool->fd, 0);
		if (pool->memory != MAP_FAILED)
			return 0;
	}
	const int saved = errno;
	close(pool->fd);
	errno = saved;
	return -1;
}

static int map_memory(struct rf_pool *pool)
{
	/* hugetlbfs reserves at mmap (no MAP_NORESERVE), so success means that the pages are there. */
	if (map_pages(pool, HUGE_PAGE_SIZE, MFD_HUGETLB | MFD_HUGE_2MB, 0) == 0)
		return 0;
	return map_pages(pool, RF_PAGE_SIZE, 0, 0);
}

enum rf_status rf_pool_create(uint32_t slots, struct rf_pool **result, struct rf_error *error)
{
	if (slots == 0 || slots > RF_POOL_SLOTS_MAX)
		return rf_fail(error, RF_ERR_USAGE, "a pool has 1 to %u slots, not %u", RF_POOL_SLOTS_MAX,
		               slots);
	struct pool *pool = calloc(1, sizeof(*pool) + (size_t)slots * sizeof(pool->free[0]));
	uint16_t *tenants = calloc(slots, sizeof(*tenants));
	if (pool == NULL || tenants == NULL) {
		free(pool);
		free(tenants);
		return rf_fail(error, RF_ERR_SYSTEM, "no memory for the list of %u slots", slots);
	}
	pool->public.slots = slots;
	pool->public.tenants = tenants;
	if (map_memory(&pool->public) != 0) {
		const int cause = errno;
		free(tenants);
		free(pool);
		return rf_fail(error, RF_ERR_SYSTEM, "cannot map %u packet slots of 4 KiB: %s", slots,
		               strerror(cause));
	}
	pthread_mutex_init(&pool->lock, NULL);
	/* Lowest index on top. */
	for (uint32_t i = 0; i < slots; i++)
		pool->free[i] = slots - 1 - i;
	pool->free_count = slots;
	*result = &pool->public;
	return RF_OK;
}

void rf_pool_destroy(struct rf_pool *public)
{
	if (public == NULL)
		return;
	struct pool *pool = whole(public);
	munmap(public->memory, public->length);
	close(public->fd);
	pthread_mutex_destroy(&pool->lock);
	free(public->tenants);
	free(pool);
}

uint32_t rf_pool_free(const struct rf_pool *public)
{
	struct pool *pool = whole(public);
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
	struct pool *pool = whole(cache->pool);
	pthread_mutex_lock(&pool->lock);
	while (cache->count < SLOT_BATCH && pool->free_count > 0)
		cache->slots[cache->count++] = pool->free[--pool->free_count];
	pthread_mutex_unlock(&pool->lock);
}

static void spill(struct rf_slot_cache *cache, uint32_t keep)
{
	struct pool *pool = whole(cache->pool);
	pthread_mutex_lock(&pool->lock);
	/* A slot given twice would make the list overflow: never write past it. */
	while (cache->count > keep && pool->free_count < pool->public.slots)
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
