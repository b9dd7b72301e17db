/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings. The searches read aligned 16-byte blocks, so they may look past a
 * string's end but never past the page it ends in.
 */
#include <emmintrin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Not of ISO C: a program may have functions of these names. */
#pragma weak rawmemchr
#pragma weak memrchr
#pragma weak memmem
#pragma weak memccpy
#pragma weak strnlen
#pragma weak strchrnul
#pragma weak stpcpy
#pragma weak stpncpy
#pragma weak strlcpy
#pragma weak strlcat
#pragma weak strdup
#pragma weak strndup
#pragma weak strcasecmp
#pragma weak strncasecmp
#pragma weak strcasestr
#pragma weak strsep
#pragma weak strtok_r
#pragma weak bcopy
#pragma weak bzero
#pragma weak explicit_bzero
#pragma weak ffs
#pragma weak ffsl
#pragma weak ffsll

#define ONES ((size_t)-1)

static inline unsigned int equal_bits(const __m128i *block, __m128i pattern)
{
	return (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_load_si128(block), pattern));
}

/* The aligned block that `where` lies in; the bits of a block's mask that are before `where` go. */
#define BLOCK(where) ((const __m128i *)((uintptr_t)(where) & ~(uintptr_t)15))
#define BEFORE(where) (~0u << ((uintptr_t)(where) & 15))

/* First byte equal to `byte` in `length` bytes, or NULL. Nothing behind a match need exist. */
static void *find_byte(const void *where, int byte, size_t length)
{
	const __m128i pattern = _mm_set1_epi8((char)byte);
	const __m128i *block = BLOCK(where);
	size_t seen = 16 - ((uintptr_t)where & 15); /* bytes of the range in this block and before */
	unsigned int bits;

	if (!length)
		return NULL;
	bits = equal_bits(block, pattern) & BEFORE(where);
	while (!bits && seen < length) {
		bits = equal_bits(++block, pattern);
		seen += 16;
	}
	if (!bits)
		return NULL;
	const char *found = (const char *)block + __builtin_ctz(bits);

	return (size_t)(found - (const char *)where) < length ? (void *)(uintptr_t)found : NULL;
}

void *memchr(const void *where, int byte, size_t length)
{
	return find_byte(where, byte, length);
}

void *rawmemchr(const void *where, int byte)
{
	return find_byte(where, byte, ONES);
}

void *memrchr(const void *where, int byte, size_t length)
{
	const unsigned char *bytes = where;

	while (length--) {
		if (bytes[length] == (unsigned char)byte)
			return (void *)(uintptr_t)(bytes + length);
	}
	return NULL;
}

size_t strlen(const char *text)
{
	const __m128i zero = _mm_setzero_si128();
	const __m128i *block = BLOCK(text);
	unsigned int bits = equal_bits(block, zero) & BEFORE(text);

	while (!bits)
		bits = equal_bits(++block, zero);
	return (size_t)((const char *)block + __builtin_ctz(bits) - text);
}

size_t strnlen(const char *text, size_t limit)
{
	const char *end = find_byte(text, 0, limit);

	return end ? (size_t)(end - text) : limit;
}

char *strchrnul(const char *text, int byte)
{
	const __m128i zero = _mm_setzero_si128(), pattern = _mm_set1_epi8((char)byte);
	const __m128i *block = BLOCK(text);
	unsigned int bits = (equal_bits(block, zero) | equal_bits(block, pattern)) & BEFORE(text);

	while (!bits) {
		block++;
		bits = equal_bits(block, zero) | equal_bits(block, pattern);
	}
	return (char *)(uintptr_t)block + __builtin_ctz(bits);
}

char *strchr(const char *text, int byte)
{
	char *found = strchrnul(text, byte);

	return *found == (char)byte ? found : NULL;
}

char *strrchr(const char *text, int byte)
{
	return memrchr(text, byte, strlen(text) + 1);
}

/* ---- Copying ------------------------------------------------------------ */

char *stpcpy(char *restrict to, const char *restrict from)
{
	const size_t length = strlen(from);

	memcpy(to, from, length + 1);
	return to + length;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	stpcpy(to, from);
	return to;
}

char *stpncpy(char *restrict to, const char *restrict from, size_t limit)
{
	const size_t length = strnlen(from, limit);

	memcpy(to, from, length);
	memset(to + length, 0, limit - length);
	return to + length;
}

char *strncpy(char *restrict to, const char *restrict from, size_t limit)
{
	stpncpy(to, from, limit);
	return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
	strcpy(to + strlen(to), from);
	return to;
}

char *strncat(char *restrict to, const char *restrict from, size_t limit)
{
	char *const end = to + strlen(to);
	const size_t length = strnlen(from, limit);

	memcpy(end, from, length);
	end[length] = '\0';
	return to;
}

size_t strlcpy(char *restrict to, const char *restrict from, size_t size)
{
	const size_t length = strlen(from);

	if (size) {
		const size_t copied = length < size ? length : size - 1;

		memcpy(to, from, copied);
		to[copied] = '\0';
	}
	return length;
}

size_t strlcat(char *restrict to, const char *restrict from, size_t size)
{
	const size_t length = strnlen(to, size);

	return length + strlcpy(to + length, from, size - length);
}

void *memccpy(void *restrict to, const void *restrict from, int stop, size_t length)
{
	const unsigned char *found = find_byte(from, stop, length);
	const size_t copied = found ? (size_t)(found - (const unsigned char *)from) + 1 : length;

	memcpy(to, from, copied);
	return found ? (unsigned char *)to + copied : NULL;
}

char *strdup(const char *text)
{
	const size_t size = strlen(text) + 1;
	char *copy = malloc(size);

	return copy ? memcpy(copy, text, size) : NULL;
}

char *strndup(const char *text, size_t limit)
{
	const size_t length = strnlen(text, limit);
	char *copy = malloc(length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

/* ---- Comparing ---------------------------------------------------------- */

int strncmp(const char *left, const char *right, size_t limit)
{
	const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;

	for (size_t i = 0; i < limit; i++) {
		if (a[i] != b[i] || !a[i])
			return a[i] - b[i];
	}
	return 0;
}

int strcmp(const char *left, const char *right)
{
	const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;

	for (; *a == *b && *a; a++)
		b++;
	return *a - *b;
}

int strcoll(const char *left, const char *right)
{
	return strcmp(left, right);
}

size_t strxfrm(char *restrict to, const char *restrict from, size_t size)
{
	return strlcpy(to, from, size);
}

static inline int lower(unsigned char c)
{
	return c - 'A' < 26u ? c + 32 : c;
}

int strncasecmp(const char *left, const char *right, size_t limit)
{
	const unsigned char *a = (const unsigned char *)left, *b = (const unsigned char *)right;

	for (size_t i = 0; i < limit; i++) {
		if (lower(a[i]) != lower(b[i]) || !a[i])
			return lower(a[i]) - lower(b[i]);
	}
	return 0;
}

int strcasecmp(const char *left, const char *right)
{
	return strncasecmp(left, right, ONES);
}

/* ---- Sets of bytes ------------------------------------------------------ */

struct byte_set {
	uint32_t bits[8];
};

static struct byte_set set_of(const char *bytes)
{
	struct byte_set set = {{0}};

	for (const unsigned char *byte = (const unsigned char *)bytes; *byte; byte++)
		set.bits[*byte >> 5] |= 1u << (*byte & 31);
	return set;
}

static inline bool in_set(const struct byte_set *set, unsigned char byte)
{
	return set->bits[byte >> 5] >> (byte & 31) & 1;
}

size_t strspn(const char *text, const char *accept)
{
	const struct byte_set set = set_of(accept);
	size_t i = 0;

	while (in_set(&set, (unsigned char)text[i]))
		i++;
	return i;
}

size_t strcspn(const char *text, const char *reject)
{
	struct byte_set set = set_of(reject);
	size_t i = 0;

	set.bits[0] |= 1; /* the end stops too */
	while (!in_set(&set, (unsigned char)text[i]))
		i++;
	return i;
}

char *strpbrk(const char *text, const char *accept)
{
	const char *found = text + strcspn(text, accept);

	return *found ? (char *)(uintptr_t)found : NULL;
}

char *strtok_r(char *restrict text, const char *restrict separators, char **restrict state)
{
	if (!text)
		text = *state;
	if (!text)
		return NULL;
	text += strspn(text, separators);
	if (!*text) {
		*state = NULL;
		return NULL;
	}
	char *const end = text + strcspn(text, separators);

	*state = *end ? end + 1 : NULL;
	*end = '\0';
	return text;
}

char *strtok(char *restrict text, const char *restrict separators)
{
	static char *state;

	return strtok_r(text, separators, &state);
}

char *strsep(char **text, const char *separators)
{
	char *const start = *text;

	if (!start)
		return NULL;
	char *const end = start + strcspn(start, separators);

	*text = *end ? end + 1 : NULL;
	*end = '\0';
	return start;
}

/* ---- Substrings ----------------------------------------------------------- */

/*
 * The two-way algorithm (Crochemore and Perrin, 1991): linear time, constant
 * space. The needle is cut where its maximal suffix starts; the right part is
 * compared first.
 */
struct two_way {
	size_t cut;
	size_t period;
	bool periodic; /* the whole needle has this period */
};

/* Start of the maximal suffix under the byte order, or its reverse, and that suffix' period. */
static size_t maximal_suffix(const unsigned char *needle, size_t length, bool reverse, size_t *period)
{
	size_t best = 0, candidate = 1, matched = 0;

	*period = 1;
	while (candidate + matched < length) {
		const unsigned char a = needle[candidate + matched], b = needle[best + matched];

		if (a == b) {
			if (++matched == *period) {
				candidate += matched;
				matched = 0;
			}
		} else if (reverse ? a > b : a < b) {
			candidate += matched + 1;
			matched = 0;
			*period = candidate - best;
		} else {
			best = candidate++;
			matched = 0;
			*period = 1;
		}
	}
	return best;
}

static struct two_way two_way_of(const unsigned char *needle, size_t length)
{
	size_t period, reverse_period;
	const size_t suffix = maximal_suffix(needle, length, false, &period);
	const size_t reverse_suffix = maximal_suffix(needle, length, true, &reverse_period);
	struct two_way cut = {.cut = suffix, .period = period};

	if (reverse_suffix > suffix) {
		cut.cut = reverse_suffix;
		cut.period = reverse_period;
	}
	cut.periodic = cut.cut + cut.period <= length && memcmp(needle, needle + cut.period, cut.cut) == 0;
	if (!cut.periodic) {
		const size_t right = length - cut.cut;

		cut.period = (cut.cut > right ? cut.cut : right) + 1;
	}
	return cut;
}

static const void *two_way_find(const unsigned char *hay, size_t hay_length, const unsigned char *needle,
                                size_t length)
{
	const struct two_way cut = two_way_of(needle, length);
	size_t memory = 0; /* bytes at the needle's start known to match */

	for (size_t at = 0; hay_length - at >= length;) {
		size_t i = memory > cut.cut ? memory : cut.cut;

		while (i < length && needle[i] == hay[at + i])
			i++;
		if (i < length) {
			at += i - cut.cut + 1;
			memory = 0;
			if (at > hay_length)
				return NULL;
			continue;
		}
		i = cut.cut;
		while (i > memory && needle[i - 1] == hay[at + i - 1])
			i--;
		if (i <= memory)
			return hay + at;
		at += cut.period;
		memory = cut.periodic ? length - cut.period : 0;
		if (at > hay_length)
			return NULL;
	}
	return NULL;
}

void *memmem(const void *where, size_t length, const void *what, size_t what_length)
{
	const unsigned char *hay = where, *needle = what;

	if (!what_length)
		return (void *)(uintptr_t)where;
	if (what_length > length)
		return NULL;
	const unsigned char *first = find_byte(hay, needle[0], length - what_length + 1);

	if (!first || what_length == 1)
		return (void *)(uintptr_t)first;
	return (void *)(uintptr_t)two_way_find(first, length - (size_t)(first - hay), needle, what_length);
}

char *strstr(const char *text, const char *what)
{
	return memmem(text, strlen(text), what, strlen(what));
}

char *strcasestr(const char *text, const char *what)
{
	const size_t length = strlen(what);

	for (;; text++) {
		if (strncasecmp(text, what, length) == 0)
			return (char *)(uintptr_t)text;
		if (!*text)
			return NULL;
	}
}

/* ---- strings.h ------------------------------------------------------------ */

void bcopy(const void *from, void *to, size_t length)
{
	memmove(to, from, length);
}

void bzero(void *where, size_t length)
{
	memset(where, 0, length);
}

void explicit_bzero(void *where, size_t length)
{
	memset(where, 0, length);
	__asm__ volatile("" : : "r"(where) : "memory"); /* keeps the stores although nothing reads them */
}

int ffs(int value)
{
	return __builtin_ffs(value);
}

int ffsl(long value)
{
	return __builtin_ffsl(value);
}

int ffsll(long long value)
{
	return __builtin_ffsll(value);
}
