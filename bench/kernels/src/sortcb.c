/* SPDX-License-Identifier: Apache-2.0 */
/* A generic sort in the manner of qsort: elements of any size, order by a callback. */
#include "kernel.h"

enum { COUNT = 12000 };

typedef int compare(const void *a, const void *b);

struct record {
	uint32_t key, serial;
	uint8_t name[8];
};

static struct record records[COUNT];

static void swap_elements(uint8_t *a, uint8_t *b, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		uint8_t t = a[i];
		a[i] = b[i];
		b[i] = t;
	}
}

static void insertion_sort(uint8_t *base, size_t count, size_t size, compare *order)
{
	for (size_t i = 1; i < count; i++)
		for (size_t k = i; k > 0 && order(base + (k - 1) * size, base + k * size) > 0; k--)
			swap_elements(base + (k - 1) * size, base + k * size, size);
}

static void sift_down(uint8_t *base, size_t root, size_t count, size_t size, compare *order)
{
	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && order(base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (order(base + root * size, base + child * size) >= 0)
			return;
		swap_elements(base + root * size, base + child * size, size);
	}
}

static void heap_sort(void *array, size_t count, size_t size, compare *order)
{
	uint8_t *base = array;
	for (size_t i = count / 2; i-- > 0;)
		sift_down(base, i, count, size, order);
	for (size_t i = count; i-- > 1;) {
		swap_elements(base, base + i * size, size);
		sift_down(base, 0, i, size, order);
	}
}

/* Median of three, smaller part first by recursion, depth bounded by falling back to a heap sort. */
static void quick_sort(uint8_t *base, size_t count, size_t size, compare *order, int depth)
{
	while (count > 12) {
		if (depth-- == 0) {
			heap_sort(base, count, size, order);
			return;
		}
		uint8_t *mid = base + count / 2 * size, *last = base + (count - 1) * size;
		if (order(base, mid) > 0)
			swap_elements(base, mid, size);
		if (order(mid, last) > 0)
			swap_elements(mid, last, size);
		if (order(base, mid) > 0)
			swap_elements(base, mid, size);
		swap_elements(mid, base + size, size);
		uint8_t *pivot = base + size;
		size_t low = 1, high = count - 1;
		for (;;) {
			do
				low++;
			while (low < count - 1 && order(base + low * size, pivot) < 0);
			do
				high--;
			while (order(base + high * size, pivot) > 0);
			if (low >= high)
				break;
			swap_elements(base + low * size, base + high * size, size);
		}
		swap_elements(pivot, base + high * size, size);
		size_t right_count = count - high - 1;
		if (high < right_count) {
			quick_sort(base, high, size, order, depth);
			base += (high + 1) * size;
			count = right_count;
		} else {
			quick_sort(base + (high + 1) * size, right_count, size, order, depth);
			count = high;
		}
	}
	insertion_sort(base, count, size, order);
}

static int by_key(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	return (x->key > y->key) - (x->key < y->key);
}

static int by_name(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	for (int i = 0; i < 8; i++)
		if (x->name[i] != y->name[i])
			return x->name[i] - y->name[i];
	return (x->serial > y->serial) - (x->serial < y->serial);
}

static void fill(uint32_t seed)
{
	uint32_t state = seed;
	for (uint32_t i = 0; i < COUNT; i++) {
		records[i].key = next_random(&state);
		records[i].serial = i;
		for (int k = 0; k < 8; k++)
			records[i].name[k] = (uint8_t)('a' + (next_random(&state) >> 8) % 3);
	}
}

static int sorted(compare *order)
{
	for (uint32_t i = 1; i < COUNT; i++)
		if (order(&records[i - 1], &records[i]) > 0)
			return 0;
	return 1;
}

/* Chosen at run time, so that the calls stay calls. */
static compare *volatile orders[2] = {by_key, by_name};

static int right(void)
{
	uint32_t before = 0, after = 0;
	fill(4);
	for (uint32_t i = 0; i < COUNT; i++)
		before += records[i].key * (records[i].serial | 1);
	quick_sort((uint8_t *)records, COUNT, sizeof records[0], orders[1], 40);
	int ok = sorted(by_name);
	quick_sort((uint8_t *)records, COUNT, sizeof records[0], orders[0], 3);
	for (uint32_t i = 0; i < COUNT; i++)
		after += records[i].key * (records[i].serial | 1);
	return ok && sorted(by_key) && before == after;
}

RF_EXPORT uint32_t sortcb(uint32_t n)
{
	if (n == 0)
		return (uint32_t)right();
	uint32_t digest = n;
	fill(n);
	quick_sort((uint8_t *)records, COUNT, sizeof records[0], orders[0], 40);
	digest = mix(digest, records[COUNT / 3].serial);
	quick_sort((uint8_t *)records, COUNT, sizeof records[0], orders[1], 40);
	return mix(digest, records[COUNT / 2].key);
}
