/* SPDX-License-Identifier: Apache-2.0 */
/* strto* against the host's: value, end and errno. */
#include <criterion/criterion.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "native.h"

static const char *const integers[] = {
    "0",
    "1",
    "-1",
    "+5",
    "  42",
    "\t\n-17",
    "0x",
    "0x1F",
    "0XfF",
    "0xg",
    "-0x80",
    "017",
    "08",
    "z",
    "Zz9",
    "",
    " ",
    "-",
    "+-3",
    "- 3",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "-9223372036854775809",
    "18446744073709551615",
    "18446744073709551616",
    "-18446744073709551615",
    "-18446744073709551616",
    "99999999999999999999999999 tail",
    "2147483647",
    "2147483648",
    "4294967296x",
    "1_000",
    "12 34",
    "0b101",
    "111222",
    "7fffffff",
    "deadBEEFcafe",
    "0x0x1",
    "00x1",
};

#define SAME(function, text, base)                                                                           \
	do {                                                                                                 \
		char *mine_end, *theirs_end;                                                                 \
		rft_errno = errno = 0;                                                                       \
		const __auto_type mine = rft_##function(text, &mine_end, base);                              \
		const __auto_type theirs = function(text, &theirs_end, base);                                \
		cr_assert(mine == theirs && mine_end == theirs_end && rft_errno == errno,                    \
		          "%s(\"%s\", %d): end %td, errno %d; expected end %td, errno %d", #function, text,  \
		          base, mine_end - text, rft_errno, theirs_end - text, errno);                       \
	} while (0)

Test(number, integers)
{
	for (size_t i = 0; i < sizeof(integers) / sizeof(integers[0]); i++) {
		const char *const text = integers[i];

		for (int base = 0; base <= 36; base++) {
			if (base == 1)
				continue;
			SAME(strtol, text, base);
			SAME(strtoll, text, base);
			SAME(strtoul, text, base);
			SAME(strtoull, text, base);
		}
	}
}

Test(number, bad_base)
{
	char *end;

	rft_errno = 0;
	cr_assert_eq(rft_strtol("12", &end, 37), 0);
	cr_assert_eq(rft_errno, EINVAL);
}

static void same_double(const char *text)
{
	char *mine_end, *theirs_end;
	uint64_t mine_bits, theirs_bits;
	uint32_t mine_float_bits, theirs_float_bits;

	rft_errno = errno = 0;
	const double mine = rft_strtod(text, &mine_end);
	const double theirs = strtod(text, &theirs_end);

	memcpy(&mine_bits, &mine, sizeof(mine));
	memcpy(&theirs_bits, &theirs, sizeof(theirs));
	cr_assert(mine_bits == theirs_bits && mine_end == theirs_end && rft_errno == errno,
	          "strtod(\"%.60s\"): %a, end %td, errno %d; expected %a, end %td, errno %d", text, mine,
	          mine_end - text, rft_errno, theirs, theirs_end - text, errno);

	rft_errno = errno = 0;
	const float mine_float = rft_strtof(text, &mine_end);
	const float theirs_float = strtof(text, &theirs_end);

	memcpy(&mine_float_bits, &mine_float, sizeof(mine_float));
	memcpy(&theirs_float_bits, &theirs_float, sizeof(theirs_float));
	cr_assert(mine_float_bits == theirs_float_bits && mine_end == theirs_end && rft_errno == errno,
	          "strtof(\"%.60s\"): %a, errno %d; expected %a, errno %d", text, (double)mine_float,
	          rft_errno, (double)theirs_float, errno);
}

Test(number, doubles)
{
	static const char *const texts[] = {
	    "0",
	    "-0",
	    "1",
	    "-1.5",
	    ".5",
	    "5.",
	    ".",
	    "",
	    "-",
	    "e5",
	    "1e",
	    "1e+",
	    "1e+x",
	    "1e5",
	    "1E-5",
	    "+3.25e+2x",
	    "1e308",
	    "1e309",
	    "-1e400",
	    "1e-307",
	    "1e-323",
	    "1e-324",
	    "2e-324",
	    "3e-324",
	    "1e-400",
	    "1e99999999999",
	    "1e-99999999999",
	    "0e99999999999",
	    "inf",
	    "-INF",
	    "infinity",
	    "Infinit",
	    "infinityx",
	    "1.7976931348623157e308",
	    "1.7976931348623158e308",
	    "1.7976931348623159e308",
	    "2.2250738585072014e-308",
	    "2.2250738585072011e-308",
	    "2.2250738585072012e-308",
	    "4.9406564584124654e-324",
	    "2.4703282292062327e-324",
	    "2.4703282292062328e-324",
	    "9007199254740993",
	    "9007199254740992.5",
	    "9007199254740993.0000000000000001",
	    "0.1",
	    "0.3",
	    "123456789012345678",
	    "1234567890123456789012345678901234567890",
	    "3.4028235677973366e38",
	    "3.4028235677973365e38",
	    "1.17549435e-38",
	    "1.4e-45",
	    "7e-46",
	    "7.1e-46",
	    "0x",
	    "0x.",
	    "0x1",
	    "0x1p",
	    "0x1p4",
	    "0x1.8p-3",
	    "-0x.8p1",
	    "0xfffffffffffff8p0",
	    "0x1.fffffffffffff8p0",
	    "0x1.fffffffffffff7fffp0",
	    "0x1.00000000000008p0",
	    "0x1.00000000000018p0",
	    "0x1.000000000000080001p0",
	    "0x1p-1074",
	    "0x1p-1075",
	    "0x1.8p-1075",
	    "0x1p1024",
	    "0x1p99999999999",
	    "0xg",
	    "0x123456789abcdef0123456789p-60",
	    "0x0.0000000000000000000001p80",
	    "  12",
	    "\n\t1.0",
	    "1..2",
	    "1.2.3",
	    "0x1.p1",
	    "0000000000000000000000000000000000000000001",
	    "0.00000000000000000000000000000000000000000000000001e50",
	    "1.00000005960464477539062500000000000000000000001",
	    "1.000000059604644775390625",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		same_double(texts[i]);
}

Test(number, nan)
{
	char *end;
	const char text[] = "nan(12ab)x";

	cr_assert(isnan(rft_strtod(text, &end)));
	cr_assert_eq(end - text, 9);
	cr_assert(isnan(rft_strtod("NaN", NULL)));
	cr_assert(isnan(rft_strtof("-nan(", &end)));
}

Test(number, random_doubles_round_trip)
{
	char text[64];

	for (int i = 0; i < 60000; i++) {
		const uint64_t bits = native_random();
		double value;

		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		if (i % 2)
			snprintf(text, sizeof(text), "%.17g", value);
		else
			snprintf(text, sizeof(text), "%.*e", (int)(native_random() % 25), value);
		same_double(text);
	}
}

Test(number, random_digits)
{
	char text[1200];

	for (int i = 0; i < 4000; i++) {
		const size_t digits = native_random() % (i % 50 ? 40 : 1100) + 1;

		for (size_t d = 0; d < digits; d++)
			text[d] = (char)('0' + native_random() % 10);
		if (digits > 2)
			text[native_random() % digits] = '.';
		snprintf(text + digits, sizeof(text) - digits, "e%d", (int)(native_random() % 700) - 350);
		same_double(text);
	}
}

/* Numbers exactly between two doubles, and a hair beside that: what rounding is about. */
Test(number, halfway_cases)
{
	char text[2600];

	for (int i = 0; i < 600; i++) {
		uint64_t bits = native_random() & 0x7fffffffffffffff;
		double value;

		if (i % 3 == 0)
			bits &= 0x000fffffffffffff; /* denormals */
		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value) || value > DBL_MAX / 2)
			continue;
		const long double half = ((long double)value + (long double)nextafter(value, INFINITY)) / 2;

		snprintf(text, sizeof(text), "%.1200Le", half);
		same_double(text);
		char *const exponent = strchr(text, 'e');
		exponent[-1] = '1';
		same_double(text);
		snprintf(text, sizeof(text), "%.800Le", half);
		same_double(text);
	}
}
