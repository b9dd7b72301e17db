/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clang calls for atomic objects that no instruction serves: those of 16
 * bytes (without -mcx16) and of odd sizes. A cell has one thread, so that plain
 * accesses will do; the memory orders say nothing.
 *
 * clang knows these functions by other types than they have: hence the labels.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef unsigned __int128 word;

void atomic_load_any(size_t size, const void *object, void *result, int order) __asm__("__atomic_load");
void atomic_store_any(size_t size, void *object, const void *value, int order) __asm__("__atomic_store");
void atomic_exchange_any(size_t size, void *object, const void *value, void *result, int order)
    __asm__("__atomic_exchange");
bool atomic_compare_exchange_any(size_t size, void *object, void *expected, const void *desired, int success,
                                 int failure) __asm__("__atomic_compare_exchange");
bool atomic_is_lock_free_any(size_t size, const void *object) __asm__("__atomic_is_lock_free");
word atomic_load_16(const word *object, int order) __asm__("__atomic_load_16");
void atomic_store_16(word *object, word value, int order) __asm__("__atomic_store_16");
word atomic_exchange_16(word *object, word value, int order) __asm__("__atomic_exchange_16");
bool atomic_compare_exchange_16(word *object, word *expected, word desired, int success, int failure)
    __asm__("__atomic_compare_exchange_16");

void atomic_load_any(size_t size, const void *object, void *result, int order)
{
	(void)order;
	memcpy(result, object, size);
}

void atomic_store_any(size_t size, void *object, const void *value, int order)
{
	(void)order;
	memcpy(object, value, size);
}

void atomic_exchange_any(size_t size, void *object, const void *value, void *result, int order)
{
	unsigned char *to = object, *old = result;
	const unsigned char *from = value;

	(void)order;
	/* Byte by byte: `result` may be `value`. */
	for (size_t i = 0; i < size; i++) {
		const unsigned char byte = from[i];
		old[i] = to[i];
		to[i] = byte;
	}
}

bool atomic_compare_exchange_any(size_t size, void *object, void *expected, const void *desired, int success,
                                 int failure)
{
	(void)success;
	(void)failure;
	if (memcmp(object, expected, size) == 0) {
		memcpy(object, desired, size);
		return true;
	}
	memcpy(expected, object, size);
	return false;
}

bool atomic_is_lock_free_any(size_t size, const void *object)
{
	(void)size;
	(void)object;
	return true;
}

word atomic_load_16(const word *object, int order)
{
	(void)order;
	return *object;
}

void atomic_store_16(word *object, word value, int order)
{
	(void)order;
	*object = value;
}

word atomic_exchange_16(word *object, word value, int order)
{
	const word old = *object;

	(void)order;
	*object = value;
	return old;
}

bool atomic_compare_exchange_16(word *object, word *expected, word desired, int success, int failure)
{
	(void)success;
	(void)failure;
	if (*object == *expected) {
		*object = desired;
		return true;
	}
	*expected = *object;
	return false;
}

#define FETCH(name, expression)                                                                              \
	word atomic_fetch_##name##_16(word *object, word value, int order)                                   \
	    __asm__("__atomic_fetch_" #name "_16");                                                          \
	word atomic_fetch_##name##_16(word *object, word value, int order)                                   \
	{                                                                                                    \
		const word old = *object;                                                                    \
                                                                                                             \
		(void)order;                                                                                 \
		*object = (expression);                                                                      \
		return old;                                                                                  \
	}
FETCH(add, old + value)
FETCH(sub, old - value)
FETCH(and, old &value)
FETCH(or, old | value)
FETCH(xor, old ^ value)
FETCH(nand, ~(old & value))
