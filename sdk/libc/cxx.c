/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C++'s operators new and delete, and what the compiler calls for static and
 * thread-local objects, under the names that the Itanium ABI gives them where
 * size_t is unsigned int. Without exceptions there is nothing to do about a
 * lack of memory but to end the cell, except where the program asked for a
 * null pointer. All are weak: a program may replace each of the operators.
 */
#include <stdint.h>
#include <stdlib.h>

struct nothrow;

#define OPERATOR(type, name, ...)                                                                            \
	__attribute__((weak)) type name(__VA_ARGS__);                                                        \
	type name(__VA_ARGS__)

static void *allocate(unsigned size)
{
	return malloc(size != 0 ? size : 1);
}

/* `new` promises at least what malloc does. */
static void *allocate_aligned(unsigned size, unsigned alignment)
{
	return aligned_alloc(alignment, size != 0 ? size : 1);
}

static void *existing(void *object)
{
	if (object == NULL)
		abort();
	return object;
}

/* clang-format off */

/* operator new(size), new[]; with an alignment; with std::nothrow; with both. */
OPERATOR(void *, _Znwj, unsigned size) { return existing(allocate(size)); }
OPERATOR(void *, _Znaj, unsigned size) { return _Znwj(size); }
OPERATOR(void *, _ZnwjSt11align_val_t, unsigned size, unsigned alignment) { return existing(allocate_aligned(size, alignment)); }
OPERATOR(void *, _ZnajSt11align_val_t, unsigned size, unsigned alignment) { return _ZnwjSt11align_val_t(size, alignment); }
OPERATOR(void *, _ZnwjRKSt9nothrow_t, unsigned size, const struct nothrow *tag) { (void)tag; return allocate(size); }
OPERATOR(void *, _ZnajRKSt9nothrow_t, unsigned size, const struct nothrow *tag) { return _ZnwjRKSt9nothrow_t(size, tag); }
OPERATOR(void *, _ZnwjSt11align_val_tRKSt9nothrow_t, unsigned size, unsigned alignment, const struct nothrow *tag)
{ (void)tag; return allocate_aligned(size, alignment); }
OPERATOR(void *, _ZnajSt11align_val_tRKSt9nothrow_t, unsigned size, unsigned alignment, const struct nothrow *tag)
{ return _ZnwjSt11align_val_tRKSt9nothrow_t(size, alignment, tag); }

/* operator delete(object), delete[]; with the size, the alignment, std::nothrow. */
OPERATOR(void, _ZdlPv, void *object) { free(object); }
OPERATOR(void, _ZdaPv, void *object) { _ZdlPv(object); }
OPERATOR(void, _ZdlPvj, void *object, unsigned size) { (void)size; _ZdlPv(object); }
OPERATOR(void, _ZdaPvj, void *object, unsigned size) { (void)size; _ZdaPv(object); }
OPERATOR(void, _ZdlPvRKSt9nothrow_t, void *object, const struct nothrow *tag) { (void)tag; _ZdlPv(object); }
OPERATOR(void, _ZdaPvRKSt9nothrow_t, void *object, const struct nothrow *tag) { (void)tag; _ZdaPv(object); }
OPERATOR(void, _ZdlPvSt11align_val_t, void *object, unsigned alignment) { (void)alignment; free(object); }
OPERATOR(void, _ZdaPvSt11align_val_t, void *object, unsigned alignment) { _ZdlPvSt11align_val_t(object, alignment); }
OPERATOR(void, _ZdlPvjSt11align_val_t, void *object, unsigned size, unsigned alignment)
{ (void)size; _ZdlPvSt11align_val_t(object, alignment); }
OPERATOR(void, _ZdaPvjSt11align_val_t, void *object, unsigned size, unsigned alignment)
{ (void)size; _ZdaPvSt11align_val_t(object, alignment); }
OPERATOR(void, _ZdlPvSt11align_val_tRKSt9nothrow_t, void *object, unsigned alignment, const struct nothrow *tag)
{ (void)tag; _ZdlPvSt11align_val_t(object, alignment); }
OPERATOR(void, _ZdaPvSt11align_val_tRKSt9nothrow_t, void *object, unsigned alignment, const struct nothrow *tag)
{ (void)tag; _ZdaPvSt11align_val_t(object, alignment); }

/* std::nothrow */
extern const char _ZSt7nothrow;
__attribute__((weak)) const char _ZSt7nothrow;

/* clang-format on */

/* -fthreadsafe-statics: a cell has one thread. The guard's first byte says whether the object stands. */
OPERATOR(int, __cxa_guard_acquire, uint64_t *guard)
{
	return *(const uint8_t *)guard == 0;
}

OPERATOR(void, __cxa_guard_release, uint64_t *guard)
{
	*(uint8_t *)guard = 1;
}

OPERATOR(void, __cxa_guard_abort, uint64_t *guard)
{
	(void)guard;
}

/* Like those of static objects, the destructors of thread-local ones never run. */
OPERATOR(int, __cxa_thread_atexit, void (*destructor)(void *), void *argument, void *handle)
{
	(void)destructor;
	(void)argument;
	(void)handle;
	return 0;
}

OPERATOR(void, __cxa_deleted_virtual, void)
{
	abort();
}
