/* SPDX-License-Identifier: Apache-2.0 */
/*
 * qsort and bsearch. Sorting is introsort (Musser, 1997): quicksort with a
 * median of three, insertion sort for short ranges, heapsort once a range was
 * divided too unevenly too often; so never more than O(n log n) comparisons.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Not of ISO C: a program may have functions of these names. */
#pragma weak qsort_r

#define SHORT_RANGE 12

typedef int compare_function(const void *, const void *, void *);

struct sort {
	size_t size;
	compare_function *compare;
	void *context;
};

static inline int order(const struct sort *sort, const char *a, const char *b)
{
	return sort->compare(a, b, sort->context);
}

static inline void swap_bytes(char *a, char *b, size_t size)
{
	for (; size >= 8; size -= 8, a += 8, b += 8) {
		uint64_t x, y;

		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(a, &y, 8);
		memcpy(b, &x, 8);
	}
	for (; size >= 4; size -= 4, a += 4, b += 4) {
		uint32_t x, y;

		memcpy(&x, a, 4);
		memcpy(&y, b, 4);
		memcpy(a, &y, 4);
		memcpy(b, &x, 4);
	}
	for (; size; size--, a++, b++) {
		const char x = *a;

		*a = *b;
		*b = x;
	}
}

static void insertion_sort(const struct sort *sort, char *base, size_t count)
{
	const size_t size = sort->size;

	for (size_t i = 1; i < count; i++) {
		for (char *at = base + i * size; at > base && order(sort, at - size, at) > 0; at -= size)
			swap_bytes(at - size, at, size);
	}
}

/* Moves element `root` down until neither child is greater. */
static void sift_down(const struct sort *sort, char *base, size_t root, size_t count)
{
	const size_t size = sort->size;

	for (size_t child; (child = 2 * root + 1) < count; root = child) {
		if (child + 1 < count && order(sort, base + child * size, base + (child + 1) * size) < 0)
			child++;
		if (order(sort, base + root * size, base + child * size) >= 0)
			return;
		swap_bytes(base + root * size, base + child * size, size);
	}
}

static void heap_sort(const struct sort *sort, char *base, size_t count)
{
	for (size_t root = count / 2; root-- > 0;)
		sift_down(sort, base, root, count);
	while (count-- > 1) {
		swap_bytes(base, base + count * sort->size, sort->size);
		sift_down(sort, base, 0, count);
	}
}

/* Puts the median of first, middle and last element first. */
static void choose_pivot(const struct sort *sort, char *first, size_t count)
{
	char *const middle = first + count / 2 * sort->size;
	char *const last = first + (count - 1) * sort->size;

	if (order(sort, middle, last) > 0)
		swap_bytes(middle, last, sort->size);
	if (order(sort, middle, first) > 0)
		swap_bytes(middle, first, sort->size);
	/* Now first is not below middle, and middle is not above last. */
	if (order(sort, first, last) > 0)
		swap_bytes(first, last, sort->size);
}

/*
 * Divides around the first element; returns its final place. Both scans stop
 * at elements equal to it, so equal elements divide evenly; the bounds are
 * tested, as a comparison function need not be consistent.
 */
static size_t divide(const struct sort *sort, char *base, size_t count)
{
	const size_t size = sort->size;
	size_t low = 0, high = count;

	choose_pivot(sort, base, count);
	for (;;) {
		do
			low++;
		while (low < count && order(sort, base + low * size, base) < 0);
		do
			high--;
		while (high > 0 && order(sort, base + high * size, base) > 0);
		if (low >= high)
			break;
		swap_bytes(base + low * size, base + high * size, size);
	}
	swap_bytes(base, base + high * size, size);
	return high;
}

/* Recurses into the shorter part only: the depth is at most log2(count). */
static void intro_sort(const struct sort *sort, char *base, size_t count, uint32_t budget)
{
	while (count > SHORT_RANGE) {
		if (!budget--) {
			heap_sort(sort, base, count);
			return;
		}
		const size_t pivot = divide(sort, base, count);
		char *const right = base + (pivot + 1) * sort->size;
		const size_t right_count = count - pivot - 1;

		if (pivot < right_count) {
			intro_sort(sort, base, pivot, budget);
			base = right;
			count = right_count;
		} else {
			intro_sort(sort, right, right_count, budget);
			count = pivot;
		}
	}
	insertion_sort(sort, base, count);
}

void qsort_r(void *base, size_t count, size_t size, compare_function *compare, void *context)
{
	const struct sort sort = {size, compare, context};

	if (count < 2 || !size)
		return;
	intro_sort(&sort, base, count, 2 * (32 - (uint32_t)__builtin_clz((uint32_t)count)));
}

static int compare_plain(const void *a, const void *b, void *context)
{
	int (*const *compare)(const void *, const void *) = context;

	return (*compare)(a, b);
}

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *))
{
	qsort_r(base, count, size, compare_plain, (void *)&compare);
}

void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *, const void *))
{
	const char *low = base;

	while (count) {
		const char *const middle = low + count / 2 * size;
		const int difference = compare(key, middle);

		if (!difference)
			return (void *)(uintptr_t)middle;
		if (difference > 0) {
			low = middle + size;
			count -= count / 2 + 1;
		} else {
			count /= 2;
		}
	}
	return NULL;
}
