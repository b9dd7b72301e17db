/* SPDX-License-Identifier: Apache-2.0 */
/* sscanf against the host's. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "native.h"

int rft_sscanf(const char *, const char *, ...);

/* What one format stores from one text, into memory that shows every byte written. */
struct stored {
	_Alignas(16) char bytes[3][64];
	int result;
};

static void check(const char *text, const char *format)
{
	struct stored mine, theirs;

	memset(&mine, 0x5a, sizeof(mine));
	memset(&theirs, 0x5a, sizeof(theirs));
	mine.result = rft_sscanf(text, format, mine.bytes[0], mine.bytes[1], mine.bytes[2]);
	theirs.result = sscanf(text, format, theirs.bytes[0], theirs.bytes[1], theirs.bytes[2]);
	cr_assert(memcmp(&mine, &theirs, sizeof(mine)) == 0, "sscanf(\"%s\", \"%s\"): %d, expected %d", text,
	          format, mine.result, theirs.result);
}

Test(scan, table)
{
	static const char *const texts[] = {
	    "",
	    " ",
	    "12",
	    "-7 x",
	    " +5,6,7",
	    "0x1f 0x",
	    "077 8",
	    "99999999999",
	    "1.5e3abc",
	    "-.5 .",
	    "nan inf",
	    "abc def ghi",
	    "a-b]c^d",
	    "192.0.2.1:80",
	    "key=value",
	    "%5",
	    "12345678901234567890",
	    "  42  43  44",
	    "1,2",
	    "1 ,2",
	    "0b1",
	    "x12",
	    "-",
	    "+",
	    "1e5 2e-3",
	    "3.14159265358979",
	    "\t\nword",
	    "aaa",
	    "-0",
	    "7fff",
	    "256 65536",
	};
	static const char *const formats[] = {
	    "%d",     "%i",       "%u",       "%x",      "%o",      "%d %d %d",   "%d,%d,%d", "%2d%2d%2d",
	    "%*d %d", "%hhd %hd", "%lld",     "%llu %n", "%ld %lu", "%zu",        "%jd",      "%f",
	    "%lf",    "%lg%s",    "%5lf%n",   "%s",      "%3s%s",   "%*s %s",     "%c",       "%3c",
	    " %c%c",  "%[a-c]",   "%[^=]=%s", "%[]a-]",  "%[^]]%c", "%5[0-9.]%n", "%%%d",     "x%d",
	    "%d%%",   "%n%d",     "%d%n%s",   "a%nb",    "%i%i",    "%x:%x",      "%p",
	};

	for (size_t t = 0; t < sizeof(texts) / sizeof(texts[0]); t++) {
		for (size_t f = 0; f < sizeof(formats) / sizeof(formats[0]); f++)
			check(texts[t], formats[f]);
	}
}

Test(scan, typical_uses)
{
	unsigned int a, b, c, d, port;
	char name[16];
	double value;

	cr_assert_eq(rft_sscanf("192.0.2.1:80", "%u.%u.%u.%u:%u", &a, &b, &c, &d, &port), 5);
	cr_assert(a == 192 && d == 1 && port == 80);
	cr_assert_eq(rft_sscanf("rate = 2.5e3", " %15[a-z] = %lg", name, &value), 2);
	cr_assert_str_eq(name, "rate");
	cr_assert(value == 2500);
}
