/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include <ringfence/pool.h>

static struct rf_pool *make(uint32_t slots)
{
	struct rf_error error;
	struct rf_pool *pool = NULL;
	cr_assert_eq(rf_pool_create(slots, &pool, &error), RF_OK, "%s", error.text);
	return pool;
}

Test(pool, sizes)
{
	static const uint32_t sizes[] = {1, 511, 512, 513, 5000};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct rf_pool *pool = make(sizes[i]);
		cr_assert_eq(pool->slots, sizes[i]);
		cr_assert_geq(pool->length, (size_t)sizes[i] * RF_SLOT_SIZE);
		cr_assert_eq(pool->length % pool->page_size, 0);
		cr_assert_eq((uintptr_t)pool->memory % RF_SLOT_SIZE, 0);
		cr_assert_leq(pool->huge, pool->length);
		cr_assert_eq(pool->huge % ((size_t)2 << 20), 0);
		cr_assert_eq(rf_pool_free(pool), sizes[i]);
		/* The last byte of the last slot is there, and the memory is zero. */
		cr_assert_eq(rf_pool_slot(pool, sizes[i] - 1)[RF_SLOT_SIZE - 1], 0);
		rf_pool_destroy(pool);
	}
}

Test(pool, refuses_bad_sizes)
{
	struct rf_pool *pool = NULL;
	struct rf_error error;
	cr_assert_eq(rf_pool_create(0, &pool, &error), RF_ERR_USAGE);
	cr_assert_eq(rf_pool_create(RF_POOL_SLOTS_MAX + 1, &pool, &error), RF_ERR_USAGE);
	cr_assert_eq(rf_pool_create(UINT32_MAX, &pool, NULL), RF_ERR_USAGE);
	cr_assert_null(pool);
	rf_pool_destroy(NULL);
}

/* Every slot exactly once, then none; and all of them again after they came back. */
Test(pool, hands_out_each_slot_once)
{
	const uint32_t count = 3000;
	struct rf_pool *pool = make(count);
	struct rf_slot_cache cache;
	rf_slot_cache_init(&cache, pool);
	for (int round = 0; round < 3; round++) {
		bool seen[3000] = {false};
		uint32_t slots[256], total = 0, taken;
		static uint32_t all[3000];
		while ((taken = rf_slot_take(&cache, slots, 256)) > 0) {
			for (uint32_t i = 0; i < taken; i++) {
				cr_assert_lt(slots[i], count);
				cr_assert_not(seen[slots[i]]);
				seen[slots[i]] = true;
				all[total++] = slots[i];
			}
		}
		cr_assert_eq(total, count);
		cr_assert_eq(rf_pool_free(pool), 0);
		for (uint32_t i = 0; i < count; i++)
			rf_slot_give(&cache, all[i]);
	}
	rf_slot_cache_drain(&cache);
	cr_assert_eq(rf_pool_free(pool), count);
	rf_pool_destroy(pool);
}

/* The slot that was used last is still warm: it is the next one. */
Test(pool, last_in_first_out)
{
	struct rf_pool *pool = make(64);
	struct rf_slot_cache cache;
	uint32_t slots[8], again;
	rf_slot_cache_init(&cache, pool);
	cr_assert_eq(rf_slot_take(&cache, slots, 8), 8);
	rf_slot_give(&cache, slots[5]);
	cr_assert_eq(rf_slot_take(&cache, &again, 1), 1);
	cr_assert_eq(again, slots[5]);
	rf_pool_destroy(pool);
}

Test(pool, a_slot_that_never_existed_ends_the_process, .signal = SIGABRT)
{
	struct rf_pool *pool = make(8);
	struct rf_slot_cache cache;
	rf_slot_cache_init(&cache, pool);
	rf_slot_give(&cache, 8);
}

/* What an NF may reach around the first byte of a frame stays inside the slot, and heads differ by cache
 * line. */
Test(pool, heads)
{
	bool lines[64] = {false};
	for (uint32_t slot = 0; slot < 64; slot++) {
		const int head = rf_slot_head(slot);
		cr_assert_geq(head, RF_SLOT_HEAD_MIN + RF_HEADROOM);
		cr_assert_leq(head, RF_SLOT_HEAD_MAX);
		cr_assert_geq(head + RF_WINDOW_LOW, 0);
		cr_assert_leq(head + RF_WINDOW_HIGH, RF_SLOT_SIZE);
		if (slot < 8) {
			cr_assert_not(lines[head / 64]);
			lines[head / 64] = true;
		}
	}
}
