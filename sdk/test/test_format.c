/* SPDX-License-Identifier: Apache-2.0 */
/* snprintf against the host's, over a product of flags, widths, precisions and values. */
#include <criterion/criterion.h>
#include <errno.h>
#include <float.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

#define SIZE 2048

static const char *const widths[] = {"", "1", "5", "23"};
static const char *const precisions[] = {"", ".", ".0", ".1", ".3", ".17", ".30"};
static const char all_flags[] = "-+ #0";

/* The flags whose bits are set in `set`. */
static void flags_of(char *to, unsigned int set)
{
	for (unsigned int i = 0; all_flags[i]; i++) {
		if (set >> i & 1)
			*to++ = all_flags[i];
	}
	*to = '\0';
}

/* Calls `check` with every format made of flags, width, precision and `conversion`. */
static void for_each_format(const char *conversion, void (*check)(const char *, const void *),
                            const void *value)
{
	for (unsigned int set = 0; set < 32; set++) {
		for (size_t w = 0; w < sizeof(widths) / sizeof(widths[0]); w++) {
			for (size_t p = 0; p < sizeof(precisions) / sizeof(precisions[0]); p++) {
				char flags[8], format[32];

				flags_of(flags, set);
				snprintf(format, sizeof(format), "<%%%s%s%s%s>", flags, widths[w],
				         precisions[p], conversion);
				check(format, value);
			}
		}
	}
}

static void expect_same(const char *format, int mine, const char *my_text, int theirs, const char *their_text)
{
	cr_assert(mine == theirs && strcmp(my_text, their_text) == 0,
	          "format \"%s\": \"%s\" (%d), expected \"%s\" (%d)", format, my_text, mine, their_text,
	          theirs);
}

#define CHECK(name, type)                                                                                    \
	static void name(const char *format, const void *value)                                              \
	{                                                                                                    \
		char mine[SIZE], theirs[SIZE];                                                               \
		type v;                                                                                      \
                                                                                                             \
		memcpy(&v, value, sizeof(v));                                                                \
		const int my_length = rft_snprintf(mine, sizeof(mine), format, v);                           \
		const int their_length = snprintf(theirs, sizeof(theirs), format, v);                        \
		expect_same(format, my_length, mine, their_length, theirs);                                  \
	}

CHECK(check_int, int)
CHECK(check_long_long, long long)
CHECK(check_double, double)
CHECK(check_string, const char *)
CHECK(check_pointer, void *)

Test(format, integers)
{
	static const int values[] = {0, 1, -1, 7, 42, -100, 255, 65536, INT_MAX, INT_MIN};
	static const char *const conversions[] = {"d",  "i",  "u",  "o",   "x",   "X",  "hd",
	                                          "hu", "ho", "hx", "hhd", "hhu", "hhX"};

	for (size_t c = 0; c < sizeof(conversions) / sizeof(conversions[0]); c++) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			for_each_format(conversions[c], check_int, &values[i]);
	}
}

Test(format, wide_integers)
{
	static const long long values[] = {0,         -1,        4294967295,   4294967296,
	                                   LLONG_MAX, LLONG_MIN, 1234567890123};
	static const char *const conversions[] = {"lld", "llu", "llo", "llx", "ld", "lX",
	                                          "jd",  "ju",  "zu",  "zx",  "td"};

	for (size_t c = 0; c < sizeof(conversions) / sizeof(conversions[0]); c++) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			for_each_format(conversions[c], check_long_long, &values[i]);
	}
}

Test(format, text)
{
	static const char *const values[] = {"", "a", "hello", "a longer text, of some forty characters"};
	static const int bytes[] = {'a', '\n', 200};
	static void *const pointers[] = {NULL, (void *)1, (void *)0x7fffdeadbeef};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		check_string("<%s>", &values[i]);
		check_string("<%10s|>", &values[i]);
		check_string("<%-10s|>", &values[i]);
		check_string("<%.3s|>", &values[i]);
		check_string("<%-7.2s|>", &values[i]);
		check_string("<%.s|>", &values[i]);
	}
	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		check_int("<%c>", &bytes[i]);
		check_int("<%4c>", &bytes[i]);
		check_int("<%-4c>", &bytes[i]);
	}
	for (size_t i = 0; i < sizeof(pointers) / sizeof(pointers[0]); i++) {
		check_pointer("<%p>", &pointers[i]);
		check_pointer("<%20p>", &pointers[i]);
		check_pointer("<%-20p>", &pointers[i]);
	}
	check_int("100%% of %d", &bytes[0]);
}

static const char *const double_conversions[] = {"f", "F", "e", "E", "g", "G", "a", "A"};
#define DOUBLE_CONVERSIONS (sizeof(double_conversions) / sizeof(double_conversions[0]))

Test(format, doubles)
{
	const double values[] = {0.0,          -0.0,        1.0,
	                         -1.0,         0.5,         1.5,
	                         2.5,          0.1,         -0.125,
	                         9.5,          9.995,       99.99999999,
	                         1e15,         1e16,        123456.0,
	                         1e-4,         9.9999e-5,   1e-5,
	                         1e100,        DBL_MAX,     DBL_MIN,
	                         DBL_TRUE_MIN, DBL_EPSILON, 4503599627370497.5,
	                         INFINITY,     -INFINITY,   0x1.fffffffffffffp0,
	                         0x1.8p-1060,  1.0 / 3};

	for (size_t c = 0; c < DOUBLE_CONVERSIONS; c++) {
		for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			for_each_format(double_conversions[c], check_double, &values[i]);
	}
}

Test(format, nan)
{
	const double values[] = {(double)NAN, -(double)NAN};

	for (size_t i = 0; i < 2; i++) {
		check_double("<%f|%%>", &values[i]);
		check_double("<%+010G>", &values[i]);
		check_double("<%-8e|>", &values[i]);
	}
}

/* Any bit pattern, any precision up to what tells all doubles apart in full. */
Test(format, random_doubles)
{
	for (int i = 0; i < 40000; i++) {
		const uint64_t bits = native_random();
		char format[32];
		double value;

		memcpy(&value, &bits, sizeof(value));
		if (i % 3 == 0) /* also numbers near 1, where all digits matter */
			value = (double)(int64_t)bits / (double)(1ull << (bits & 62));
		snprintf(format, sizeof(format), "%%.%u%s",
		         (unsigned int)(native_random() % (i % 100 ? 40 : 1200)),
		         double_conversions[native_random() % DOUBLE_CONVERSIONS]);
		check_double(format, &value);
	}
}

Test(format, halves_round_to_even)
{
	for (int i = -4000; i < 4000; i++) {
		const double value = i / 16.0;

		check_double("%.0f", &value);
		check_double("%.1f", &value);
		check_double("%.2e", &value);
		check_double("%.3g", &value);
		check_double("%.0a", &value);
	}
}

Test(format, star_arguments)
{
	char mine[SIZE], theirs[SIZE];

	for (int width = -12; width < 12; width++) {
		for (int precision = -2; precision < 9; precision++) {
			const int a = rft_snprintf(mine, SIZE, "%*.*d|%0*.*f", width, precision, 42, width,
			                           precision, 2.75);
			const int b = snprintf(theirs, SIZE, "%*.*d|%0*.*f", width, precision, 42, width,
			                       precision, 2.75);

			expect_same("%*.*d|%0*.*f", a, mine, b, theirs);
		}
	}
}

Test(format, cut_text_is_terminated)
{
	char text[16];

	for (size_t size = 0; size <= sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		cr_assert_eq(rft_snprintf(text, size, "%s-%d", "abcdef", 12345), 12);
		if (size)
			cr_assert_eq(strlen(text), size - 1 < 12 ? size - 1 : 12);
		for (size_t i = size < 13 ? size : 13; i < sizeof(text); i++)
			cr_assert_eq(text[i], '#', "byte %zu of a buffer of %zu was written", i, size);
	}
	cr_assert_eq(rft_snprintf(NULL, 0, "%05d", 7), 5);
}

Test(format, errors)
{
	char text[16];
	int count = 7;

	cr_assert_eq(rft_snprintf(text, sizeof(text), "%n", &count), -1);
	cr_assert_eq(count, 7, "%%n must not write");
	cr_assert_eq(rft_errno, EINVAL);
	cr_assert_eq(rft_snprintf(text, sizeof(text), "abc%"), -1);
	rft_errno = 0;
	cr_assert_eq(rft_snprintf(text, sizeof(text), "%2147483648d", 1), -1);
	cr_assert_eq(rft_errno, EOVERFLOW);
	cr_assert_eq(rft_snprintf(text, sizeof(text), "%2147483647d!", 1), -1);
	cr_assert_eq(rft_snprintf(text, sizeof(text), "%2147483647d", 1), INT_MAX);
}

Test(format, asprintf_allocates)
{
	char *text;

	native_heap(1 << 20);
	cr_assert_eq(rft_asprintf(&text, "%s %d", "number", 17), 9);
	cr_assert_str_eq(text, "number 17");
	rft_free(text);
}

Test(stream, lines_go_to_the_log)
{
	char long_text[2500];

	rft_printf("a%s", "b");
	cr_assert_str_eq(native_log_text, "");
	rft_printf("c\n\nd");
	cr_assert_str_eq(native_log_text, "abc\n\n");
	rft_puts("e");
	rft_putchar('f');
	rft_fflush(NULL);
	cr_assert_str_eq(native_log_text, "abc\n\nde\nf\n");
	native_log_text[0] = '\0';
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	rft_puts(long_text);
	cr_assert_eq(strlen(native_log_text), 2499 + 3, "2,499 bytes make three lines");
	cr_assert_eq(native_log_text[1024], '\n');
}

Test(host, log_and_assert)
{
	char reason[2048] = {0};

	rft_rf_logf("%d rules", 3);
	cr_assert_str_eq(native_log_text, "3 rules\n");
	memset(reason, 'y', sizeof(reason) - 1);
	native_log_text[0] = '\0';
	rft_rf_log(reason);
	cr_assert_eq(strlen(native_log_text), 1025);
}

static void fail_assertion(void *context)
{
	(void)context;
	rft___assert_fail("a == b", "x.c", 12, "f");
}

Test(host, failed_assertion_names_its_place)
{
	cr_assert(native_aborts(fail_assertion, NULL));
	cr_assert_str_eq(native_abort_text, "x.c:12: f: assertion failed: a == b");
}

Test(host, strerror)
{
	cr_assert_str_eq(rft_strerror(ENOMEM), strerror(ENOMEM));
	cr_assert_str_eq(rft_strerror(ERANGE), strerror(ERANGE));
	cr_assert_str_eq(rft_strerror(12345), strerror(12345));
}
