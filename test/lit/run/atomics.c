// SPDX-License-Identifier: Apache-2.0
// C11 atomics, GNU's __atomic and __sync functions, thread-local variables.
// RUN: %host_cc -O1 %s -o %t.native -latomic
// RUN: %python %S/Inputs/compare.py %t.native "%rf_cc -w -std=gnu17" %rf_run %s %t
#include "Inputs/run.h"

#include <stdatomic.h>
#include <stdbool.h>

#define EACH(X) X(uint8_t) X(uint16_t) X(uint32_t) X(uint64_t) X(int8_t) X(int64_t)

#define TRY(type)                                                                                            \
	static NOINLINE uint32_t try_##type(uint32_t x)                                                      \
	{                                                                                                    \
		static _Atomic(type) a;                                                                      \
		static type b;                                                                               \
		type expected = (type)(x * 3);                                                               \
		uint64_t sum = 0;                                                                            \
                                                                                                             \
		atomic_store(&a, (type)x);                                                                   \
		sum += (uint64_t)atomic_fetch_add(&a, (type)5);                                              \
		sum = sum * 31 + (uint64_t)atomic_fetch_sub_explicit(&a, (type)x, memory_order_relaxed);     \
		sum = sum * 31 + (uint64_t)atomic_fetch_or(&a, (type)0x55);                                  \
		sum = sum * 31 + (uint64_t)atomic_fetch_and(&a, (type)x);                                    \
		sum = sum * 31 + (uint64_t)atomic_fetch_xor(&a, (type)(x >> 1));                             \
		sum = sum * 31 + (uint64_t)atomic_exchange(&a, (type)(x * 3));                               \
		sum = sum * 31 + atomic_compare_exchange_strong(&a, &expected, (type)7);                     \
		sum =                                                                                        \
		    sum * 31 + atomic_compare_exchange_strong(&a, &expected, (type)8) + (uint64_t)expected;  \
		a += (type)3;                                                                                \
		a *= (type)3;                                                                                \
		sum = sum * 31 + (uint64_t)atomic_load(&a);                                                  \
		b = (type)x;                                                                                 \
		sum = sum * 31 + (uint64_t)__atomic_nand_fetch(&b, (type)0x3c, __ATOMIC_SEQ_CST);            \
		sum = sum * 31 + (uint64_t)__sync_fetch_and_add(&b, (type)9);                                \
		sum = sum * 31 + __sync_bool_compare_and_swap(&b, b, (type)x);                               \
		sum = sum * 31 + (uint64_t)__sync_lock_test_and_set(&b, (type)2);                            \
		__sync_lock_release(&b);                                                                     \
		__sync_synchronize();                                                                        \
		return (uint32_t)(sum ^ sum >> 32) + (uint32_t)b;                                            \
	}
EACH(TRY)

RUN_EXPORT uint32_t integers(uint32_t x)
{
#define ADD(type) +try_##type(x)
	return 0 EACH(ADD);
}

RUN_EXPORT uint32_t pointers(uint32_t x)
{
	static uint32_t array[8] = {1, 2, 3, 4, 5, 6, 7, 8};
	static _Atomic(uint32_t *) at = array;
	uint32_t *expected;

	atomic_store(&at, array + (x & 3));
	expected = atomic_fetch_add(&at, 2);
	const bool swapped = atomic_compare_exchange_strong(&at, &expected, array);
	return *atomic_load(&at) * 10 + *expected + swapped;
}

RUN_EXPORT uint32_t flags(uint32_t x)
{
	static atomic_flag flag = ATOMIC_FLAG_INIT;
	static _Atomic bool truth;
	uint32_t result = 0;

	if (x & 1)
		atomic_flag_clear(&flag);
	result += atomic_flag_test_and_set(&flag);
	result = result * 2 + atomic_exchange(&truth, x & 2);
	atomic_thread_fence(memory_order_seq_cst);
	return result * 2 + atomic_load(&truth);
}

struct pair {
	uint32_t a, b;
};

RUN_EXPORT uint32_t structures(uint32_t x)
{
	static _Atomic struct pair shared;
	struct pair mine = {x, x * 3}, old = atomic_exchange(&shared, mine);

	mine = atomic_load(&shared);
	return old.a + mine.b;
}

struct odd {
	uint8_t bytes[13];
};

// No instruction serves these: calls of the library.
RUN_EXPORT uint32_t large(uint32_t x)
{
	static _Atomic struct odd shared;
	static _Atomic(unsigned __int128) wide;
	struct odd mine = {{(uint8_t)x, 2, 3}}, seen;
	unsigned __int128 expected;
	uint32_t sum = 0;

	seen = atomic_exchange(&shared, mine);
	sum += seen.bytes[0];
	seen.bytes[0] ^= 1;
	sum = sum * 3 + atomic_compare_exchange_strong(&shared, &seen, mine);
	sum = sum * 3 + atomic_compare_exchange_strong(&shared, &seen, (struct odd){{9}});
	sum = sum * 31 + atomic_load(&shared).bytes[0] + seen.bytes[1];
	atomic_store(&wide, (unsigned __int128)x << 70);
	sum += (uint32_t)(atomic_fetch_add(&wide, 5) >> 64) + (uint32_t)(atomic_fetch_xor(&wide, x) >> 60);
	sum = sum * 31 + (uint32_t)atomic_fetch_and(&wide, ~(unsigned __int128)3);
	wide -= 7;
	expected = atomic_load(&wide);
	sum = sum * 31 + atomic_compare_exchange_strong(&wide, &expected, 77);
	sum = sum * 31 + atomic_compare_exchange_strong(&wide, &expected, 78);
	return sum * 31 + (uint32_t)expected + (uint32_t)atomic_exchange(&wide, x);
}

struct __attribute__((packed)) unaligned {
	uint8_t before;
	_Atomic uint32_t number;
	_Atomic uint64_t wide;
	uint8_t after;
};

// Nor these: they may cross a cache line.
RUN_EXPORT uint32_t misaligned(uint32_t x)
{
	static struct unaligned shared;
	uint64_t expected = x;

	shared.number = x;
	shared.number++;
	shared.number ^= 0x55;
	shared.wide = shared.number;
	shared.wide += (uint64_t)x << 9;
	uint32_t sum = __c11_atomic_compare_exchange_strong(&shared.wide, &expected, 7, 5, 5);
	sum = sum * 31 + (uint32_t)expected + __c11_atomic_exchange(&shared.number, 9, 5);
	return sum * 31 + (uint32_t)(shared.wide >> 3) + shared.number + shared.before + shared.after;
}

RUN_EXPORT uint32_t locals_of_threads(uint32_t x)
{
	static _Thread_local uint32_t count = 3;
	static __thread uint64_t total;

	count += x & 7;
	total += count;
	return (uint32_t)total;
}

RUN_MAIN({integers}, {pointers}, {flags}, {structures}, {large}, {misaligned}, {locals_of_threads})
