/* SPDX-License-Identifier: Apache-2.0 */
/* A cache with a least-recently-used order: hash chains and a doubly linked list through the same nodes. */
#include "kernel.h"

enum { ENTRIES = 2048, BUCKETS = 1024, REQUESTS = 120000, NAMES = 6000 };

struct entry {
	struct entry *newer, *older, *chain;
	uint32_t key, value;
};

static struct entry pool[ENTRIES], *bucket[BUCKETS];
static struct entry ends; /* ends.older: the newest, ends.newer: the oldest */
static uint32_t used;

static void reset(void)
{
	used = 0;
	ends.newer = ends.older = &ends;
	for (int i = 0; i < BUCKETS; i++)
		bucket[i] = NULL;
}

static void unlink_entry(struct entry *e)
{
	e->newer->older = e->older;
	e->older->newer = e->newer;
}

static void make_newest(struct entry *e)
{
	e->newer = &ends;
	e->older = ends.older;
	ends.older->newer = e;
	ends.older = e;
}

static struct entry **bucket_of(uint32_t key)
{
	return &bucket[(key * 2654435761u) >> 22];
}

static struct entry *evict_oldest(void)
{
	struct entry *e = ends.newer;
	struct entry **link = bucket_of(e->key);
	while (*link != e)
		link = &(*link)->chain;
	*link = e->chain;
	unlink_entry(e);
	return e;
}

/* Returns 1 for a hit. */
static int request(uint32_t key, uint32_t *value)
{
	struct entry **head = bucket_of(key);
	for (struct entry *e = *head; e; e = e->chain)
		if (e->key == key) {
			unlink_entry(e);
			make_newest(e);
			*value = e->value++;
			return 1;
		}
	struct entry *e = used < ENTRIES ? &pool[used++] : evict_oldest();
	e->key = key;
	e->value = key ^ 0x55;
	e->chain = *head;
	*head = e;
	make_newest(e);
	*value = e->value;
	return 0;
}

static int right(void)
{
	uint32_t value;
	reset();
	for (uint32_t i = 0; i < ENTRIES; i++)
		if (request(i, &value))
			return 0;
	if (!request(0, &value) || request(ENTRIES, &value)) /* evicts 1, not 0 */
		return 0;
	return request(0, &value) && request(2, &value) && !request(1, &value) && value == (1 ^ 0x55);
}

RF_EXPORT uint32_t lru(uint32_t n)
{
	if (n == 0)
		return (uint32_t)right();
	uint32_t state = n, digest = n;
	reset();
	for (uint32_t i = 0; i < REQUESTS; i++) {
		uint32_t r = next_random(&state), value;
		uint32_t key = r % (r & 0x40000000 ? NAMES : NAMES / 8);
		digest += (uint32_t)request(key, &value);
		digest = digest * 3 + value;
	}
	return digest;
}
