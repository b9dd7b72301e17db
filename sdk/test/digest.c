/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Uses the C library and the compiler's helpers at random and condenses the
 * results into one number. Compiled twice, for the host with its own library
 * and as a network function: test_cell.py compares the numbers.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef IN_CELL
#include <ringfence/nf.h>
#else
#define RF_EXPORT
#endif

#define EXPORTS(X)                                                                                           \
	X(digest_format)                                                                                     \
	X(digest_parse)                                                                                      \
	X(digest_integers)                                                                                   \
	X(digest_heap)                                                                                       \
	X(digest_sort)                                                                                       \
	X(digest_memory)                                                                                     \
	X(digest_strings)                                                                                    \
	X(digest_wide)                                                                                       \
	X(digest_floats)

#define DECLARE(name) uint32_t name(uint32_t seed);
EXPORTS(DECLARE)

static uint64_t state;

static uint64_t next(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void start(uint32_t seed)
{
	state = 0x9e3779b97f4a7c15 ^ seed;
}

/* FNV-1a */
static uint32_t mix(uint32_t hash, const void *data, size_t length)
{
	const unsigned char *bytes = data;

	while (length--)
		hash = (hash ^ *bytes++) * 16777619;
	return hash;
}

static double random_double(void)
{
	const uint64_t bits = next();
	double value;

	if (bits % 3 == 0)
		return (double)(int64_t)next() / (double)(1 + (bits & 0xffff));
	memcpy(&value, &bits, sizeof(value));
	return value == value ? value : 0.5; /* the sign of a printed NaN is not interesting */
}

RF_EXPORT uint32_t digest_format(uint32_t seed)
{
	static const char *const conversions[] = {"%.*f",  "%.*e",  "%.*g",  "%.*a",
	                                          "%+.*F", "% .*E", "%#.*G", "%012.*f"};
	uint32_t hash = seed;
	char text[512];

	start(seed);
	for (int i = 0; i < 2000; i++) {
		const char *const conversion = conversions[next() % 8];
		const double value = random_double();
		const int precision = (int)(next() % 25);
		int length = snprintf(text, sizeof(text), conversion, precision, value);

		hash = mix(hash, text, strlen(text));
		hash = mix(hash, &length, sizeof(length));
		/* Arguments are evaluated in any order: draw them first. */
		const uint64_t a = next(), b = next(), c = next();
		length = snprintf(text, sizeof(text), "%d|%-12u|%#x|%08" PRIx64 "|%lld|%c|%10.3s|%%|%hhd",
		                  (int)a, (unsigned int)(a >> 32), (unsigned int)b, b, (long long)c,
		                  (int)(' ' + a % 90), "string", (signed char)b);
		hash = mix(hash, text, (size_t)length);
	}
	return hash;
}

RF_EXPORT uint32_t digest_parse(uint32_t seed)
{
	uint32_t hash = seed;
	char text[128];

	start(seed);
	for (int i = 0; i < 3000; i++) {
		char *end;
		float single;
		double value = random_double();

		const int precision = (int)(next() % 22);
		snprintf(text, sizeof(text), "%.*e tail", precision, value);
		value = strtod(text, &end);
		hash = mix(hash, &value, sizeof(value));
		hash = mix(hash, end, strlen(end));
		single = strtof(text, NULL);
		hash = mix(hash, &single, sizeof(single));
	}
	return hash;
}

RF_EXPORT uint32_t digest_integers(uint32_t seed)
{
	uint32_t hash = seed;
	char text[64];

	start(seed);
	for (int i = 0; i < 3000; i++) {
		char *end;
		const uint64_t number = next(), shape = next();
		const int base = (int)(shape % 37);
		long long value;
		unsigned long long unsigned_value;

		snprintf(text, sizeof(text), "%s%" PRIx64 "%c", shape >> 8 & 1 ? "-" : "  0x",
		         number >> (shape >> 16) % 64, (int)(shape >> 32 & 127));
		errno = 0;
		value = base == 1 ? 1 : strtoll(text, &end, base);
		hash = mix(hash, &value, sizeof(value));
		unsigned_value = base == 1 ? 1 : strtoull(text, &end, base);
		hash = mix(hash, &unsigned_value, sizeof(unsigned_value));
		hash = mix(hash, &errno, sizeof(int));
		value = llabs(atoi("-12") / (1 + (int)(shape >> 48) % 9));
		hash = mix(hash, &value, sizeof(value));
		for (int c = 0; c < 128; c++) {
			const int class = (isalpha(c) ? 1 : 0) + (isspace(c) ? 2 : 0) + (ispunct(c) ? 4 : 0) +
			                  8 * toupper(c);

			hash = mix(hash, &class, sizeof(class));
		}
	}
	return hash;
}

RF_EXPORT uint32_t digest_heap(uint32_t seed)
{
	enum { SLOTS = 64 };
	unsigned char *blocks[SLOTS] = {NULL};
	uint32_t sizes[SLOTS] = {0}, hash = seed;

	start(seed);
	for (int i = 0; i < 20000; i++) {
		const uint32_t slot = next() % SLOTS, size = (uint32_t)(next() % 3000);

		if (blocks[slot] && next() % 2) {
			hash = mix(hash, blocks[slot], sizes[slot] < 64 ? sizes[slot] : 64);
			free(blocks[slot]);
			blocks[slot] = NULL;
			continue;
		}
		const uint32_t kept = blocks[slot] ? sizes[slot] : 0;

		blocks[slot] = realloc(blocks[slot], size ? size : 1);
		if (!blocks[slot])
			return 0;
		sizes[slot] = size;
		for (uint32_t at = kept; at < size; at++)
			blocks[slot][at] = (unsigned char)(at * 7 + slot);
	}
	for (int slot = 0; slot < SLOTS; slot++)
		free(blocks[slot]);
	return hash;
}

struct item {
	uint32_t key;
	char name[11];
};

static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return x->key < y->key ? -1 : x->key > y->key;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->name, ((const struct item *)b)->name);
}

RF_EXPORT uint32_t digest_sort(uint32_t seed)
{
	static struct item items[3000];
	uint32_t hash = seed;

	start(seed);
	for (uint32_t i = 0; i < 3000; i++) {
		items[i].key = (uint32_t)next() | 1; /* keys differ, so the order is one */
		items[i].key = items[i].key * 4096 + i;
		snprintf(items[i].name, sizeof(items[i].name), "%x", (unsigned int)items[i].key);
	}
	qsort(items, 3000, sizeof(items[0]), by_key);
	for (int i = 0; i < 3000; i++)
		hash = mix(hash, &items[i].key, 4);
	qsort(items, 3000, sizeof(items[0]), by_name);
	for (int i = 0; i < 3000; i++)
		hash = mix(hash, items[i].name, strlen(items[i].name));
	const struct item key = items[1234];
	const struct item *const found = bsearch(&key, items, 3000, sizeof(items[0]), by_name);

	return mix(hash, found ? found->name : "?", 1);
}

RF_EXPORT uint32_t digest_memory(uint32_t seed)
{
	static unsigned char memory[4096];
	uint32_t hash = seed;

	start(seed);
	for (uint32_t i = 0; i < sizeof(memory); i++)
		memory[i] = (unsigned char)next();
	for (int i = 0; i < 20000; i++) {
		const uint32_t length = (uint32_t)(next() % (i % 8 ? 100 : 1500));
		const uint32_t a = (uint32_t)(next() % 2000), b = (uint32_t)(next() % 2000);
		int order;

		switch (next() % 4) {
		case 0:
			memmove(memory + a, memory + b, length);
			break;
		case 1:
			memcpy(memory + a, memory + 3500 + b % 500, length % 96);
			break;
		case 2:
			memset(memory + a, (int)next(), length % 64);
			break;
		default:
			order = memcmp(memory + a, memory + b, length);
			order = (order > 0) - (order < 0);
			hash = mix(hash, &order, sizeof(order));
			break;
		}
	}
	return mix(hash, memory, sizeof(memory));
}

RF_EXPORT uint32_t digest_strings(uint32_t seed)
{
	uint32_t hash = seed;
	char text[128], needle[8], copy[160];

	start(seed);
	for (int i = 0; i < 5000; i++) {
		const uint32_t length = (uint32_t)(next() % 100), needle_length = (uint32_t)(next() % 5);
		char *rest;

		for (uint32_t c = 0; c < length; c++)
			text[c] = (char)('a' + next() % 4);
		text[length] = '\0';
		for (uint32_t c = 0; c < needle_length; c++)
			needle[c] = (char)('a' + next() % 4);
		needle[needle_length] = '\0';
		const char *const found = strstr(text, needle);
		int32_t result = found ? (int32_t)(found - text) : -1;

		hash = mix(hash, &result, sizeof(result));
		result = (int32_t)(strspn(text, needle) * 1000 + strcspn(text, needle));
		hash = mix(hash, &result, sizeof(result));
		snprintf(copy, sizeof(copy), "%s%s", text, needle);
		for (char *word = strtok_r(copy, "ab", &rest); word; word = strtok_r(NULL, "ab", &rest))
			hash = mix(hash, word, strlen(word));
		result = strncmp(text, needle, 3);
		result = (result > 0) - (result < 0);
		hash = mix(hash, &result, sizeof(result));
	}
	return hash;
}

RF_EXPORT uint32_t digest_wide(uint32_t seed)
{
	uint32_t hash = seed;

	start(seed);
	for (int i = 0; i < 5000; i++) {
		const uint64_t high = next(), low = next(), shift = next();
		const unsigned __int128 a = ((unsigned __int128)high << 64 | low) >> shift % 100;
		const unsigned __int128 b = ((unsigned __int128)low << 64 | high) >> (shift >> 8) % 128 | 1;
		unsigned __int128 results[4] = {a / b, a % b, a * b, a << (shift & 127)};
		__int128 signed_results[3] = {-(__int128)(a >> 1) / (__int128)(b >> 1 | 1), (__int128)a >> 5,
		                              -(__int128)(a >> 1) % (__int128)(b >> 1 | 1)};
		double value = (double)a + (double)(__int128)b;

		hash = mix(hash, results, sizeof(results));
		hash = mix(hash, signed_results, sizeof(signed_results));
		hash = mix(hash, &value, sizeof(value));
	}
	return hash;
}

RF_EXPORT uint32_t digest_floats(uint32_t seed)
{
	uint32_t hash = seed;

	start(seed);
	for (int i = 0; i < 5000; i++) {
		const double a = (double)(int64_t)next() / 1024, b = (double)(int64_t)next() / 4096 + 0.25;
		const float c = (float)a, d = (float)b;
		double _Complex product = a + b * 1i;
		const uint64_t rounded = (uint64_t)(a < 0 ? -a : a);
		const int32_t small = (int32_t)c % 1000 + (int32_t)(int64_t)(b / 1e9);
		float results[4] = {c * d, c / d, c - d, (float)small};

		product *= 3 - 4i;
		product /= 1 + 2i;
		hash = mix(hash, results, sizeof(results));
		hash = mix(hash, &rounded, sizeof(rounded));
		/* The last bits of a complex quotient are the library's own business. */
		const float rounded_product[2] = {(float)__real__ product, (float)__imag__ product};

		hash = mix(hash, rounded_product, sizeof(rounded_product));
	}
	return hash;
}

#ifndef IN_CELL
int main(int argc, char **argv)
{
#define PRINT(name) printf("%s %" PRIu32 "\n", #name, name(seed));
	const uint32_t seed = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 0;

	EXPORTS(PRINT)
	return 0;
}
#endif
