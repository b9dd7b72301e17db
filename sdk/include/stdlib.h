/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C11 7.22 for a network function: no environment, no processes, no files,
 * no multibyte locales. One thread.
 */
#ifndef _STDLIB_H
#define _STDLIB_H

#define __need_size_t
#define __need_NULL
#define __need_wchar_t
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define restrict __restrict
#endif

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define RAND_MAX 0x7fffffff
#define MB_CUR_MAX 1

typedef struct {
	int quot, rem;
} div_t;

typedef struct {
	long quot, rem;
} ldiv_t;

typedef struct {
	long long quot, rem;
} lldiv_t;

/*
 * The heap: all of the cell's memory that the image does not take. Blocks are
 * aligned to 16 bytes. Allocating and freeing take constant time. Returns
 * NULL with errno ENOMEM where there is no room. Freeing what was not
 * allocated, or twice, and a block header that was overwritten, end the cell
 * with a message.
 */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void *reallocarray(void *block, size_t count, size_t size);
void free(void *block);
/* `alignment` is a power of two; any size will do. */
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **block, size_t alignment, size_t size);
void *memalign(size_t alignment, size_t size);
/* Bytes that may be used of a block, at least what was asked for. */
size_t malloc_usable_size(void *block);

/* All end the cell as a fault; nothing registered with atexit runs. */
__attribute__((noreturn)) void abort(void);
__attribute__((noreturn)) void exit(int status);
__attribute__((noreturn)) void _Exit(int status);
__attribute__((noreturn)) void quick_exit(int status);
/* Accepted and forgotten: a network function ends when its cell does. */
int atexit(void (*function)(void));
int at_quick_exit(void (*function)(void));
/* There is no environment: NULL. */
char *getenv(const char *name);
/* There is no command processor: 0 for NULL, else -1. */
int system(const char *command);

int atoi(const char *text);
long atol(const char *text);
long long atoll(const char *text);
double atof(const char *text);
long strtol(const char *restrict text, char **restrict end, int base);
long long strtoll(const char *restrict text, char **restrict end, int base);
unsigned long strtoul(const char *restrict text, char **restrict end, int base);
unsigned long long strtoull(const char *restrict text, char **restrict end, int base);
/* Correctly rounded to nearest, ties to even; decimal, hexadecimal, inf and nan. */
float strtof(const char *restrict text, char **restrict end);
double strtod(const char *restrict text, char **restrict end);
long double strtold(const char *restrict text, char **restrict end);

/* At most O(n log n) comparisons on any input; not stable. */
void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
void qsort_r(void *base, size_t count, size_t size, int (*compare)(const void *, const void *, void *),
             void *context);
void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *, const void *));

int abs(int value);
long labs(long value);
long long llabs(long long value);
div_t div(int numerator, int denominator);
ldiv_t ldiv(long numerator, long denominator);
lldiv_t lldiv(long long numerator, long long denominator);

/* Not for secrets: xorshift, the same sequence in every cell until srand. */
int rand(void);
void srand(unsigned int seed);
int rand_r(unsigned int *seed);
long random(void);
void srandom(unsigned int seed);

/* In the "C" locale a byte is a character. */
int mblen(const char *text, size_t limit);
int mbtowc(wchar_t *restrict to, const char *restrict from, size_t limit);
int wctomb(char *to, wchar_t from);
size_t mbstowcs(wchar_t *restrict to, const char *restrict from, size_t limit);
size_t wcstombs(char *restrict to, const wchar_t *restrict from, size_t limit);

#define alloca(size) __builtin_alloca(size)

#ifdef __cplusplus
#undef restrict
}
#endif

#endif
