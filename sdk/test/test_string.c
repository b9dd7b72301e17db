/* SPDX-License-Identifier: Apache-2.0 */
/*
 * string.h against the host's, at every alignment and around every size class,
 * in memory that ends at an inaccessible page.
 */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "native.h"

/* `bytes` of memory that ends where a page begins which faults. */
static unsigned char *guarded(size_t bytes)
{
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	const size_t all = (bytes + page - 1) / page * page;
	unsigned char *memory =
	    mmap(NULL, all + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	cr_assert(memory != MAP_FAILED);
	cr_assert_eq(mprotect(memory + all, page, PROT_NONE), 0);
	return memory + all - bytes;
}

static void fill(unsigned char *memory, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		memory[i] = (unsigned char)native_random();
}

Test(memory, copy_every_size_and_alignment)
{
	unsigned char *const from = guarded(700), *const to = guarded(700);
	unsigned char expected[700];

	for (size_t size = 0; size < 300; size++) {
		for (size_t skew = 0; skew < 17; skew++) {
			const size_t at = 700 - size - skew; /* with skew 0 it ends at the guard */

			fill(from, 700);
			fill(to, 700);
			memcpy(expected, to, 700);
			memcpy(expected + at, from + 700 - size, size);
			cr_assert_eq(rft_memcpy(to + at, from + 700 - size, size), to + at);
			cr_assert(memcmp(to, expected, 700) == 0, "memcpy of %zu at -%zu", size, skew);
		}
	}
}

Test(memory, move_overlapping)
{
	unsigned char mine[1024], theirs[1024];

	for (size_t size = 0; size < 400; size += size < 140 ? 1 : 13) {
		for (size_t to = 0; to < 300; to += 7) {
			fill(mine, sizeof(mine));
			memcpy(theirs, mine, sizeof(mine));
			memmove(theirs + to, theirs + 150, size);
			cr_assert_eq(rft_memmove(mine + to, mine + 150, size), mine + to);
			cr_assert(memcmp(mine, theirs, sizeof(mine)) == 0, "memmove of %zu by %d", size,
			          (int)to - 150);
		}
	}
}

Test(memory, set_every_size)
{
	unsigned char *const mine = guarded(512);
	unsigned char theirs[512];

	for (size_t size = 0; size < 400; size++) {
		for (size_t at = 0; at < 20 && at + size <= 512; at++) {
			fill(mine, 512);
			memcpy(theirs, mine, 512);
			memset(theirs + 512 - size - at, 0x1a5, size);
			cr_assert_eq(rft_memset(mine + 512 - size - at, 0x1a5, size), mine + 512 - size - at);
			cr_assert(memcmp(mine, theirs, 512) == 0, "memset of %zu", size);
		}
	}
}

static int sign(int value)
{
	return (value > 0) - (value < 0);
}

Test(memory, compare)
{
	unsigned char *const a = guarded(200), *const b = guarded(200);

	for (size_t size = 0; size < 200; size++) {
		unsigned char *const x = a + 200 - size, *const y = b + 200 - size;

		fill(x, size);
		memcpy(y, x, size);
		cr_assert_eq(rft_memcmp(x, y, size), 0);
		for (size_t i = 0; i < size; i++) {
			y[i] ^= 0x81;
			cr_assert_eq(sign(rft_memcmp(x, y, size)), sign(memcmp(x, y, size)),
			             "size %zu, byte %zu", size, i);
			y[i] ^= 0x81;
		}
	}
}

Test(memory, find)
{
	unsigned char *const text = guarded(128);

	for (size_t size = 0; size <= 128; size++) {
		unsigned char *const at = text + 128 - size;

		for (size_t i = 0; i < size; i++)
			at[i] = (unsigned char)('a' + native_random() % 40);
		for (int byte = 'a' - 1; byte < 'a' + 41; byte++) {
			cr_assert_eq(rft_memchr(at, byte, size), memchr(at, byte, size));
			cr_assert_eq(rft_memrchr(at, byte, size), memrchr(at, byte, size));
		}
	}
	cr_assert_null(rft_memchr("abc", 'c', 2));
}

Test(string, lengths_and_searches)
{
	char *const text = (char *)guarded(100);

	for (size_t length = 0; length < 100; length++) {
		char *const at = text + 99 - length;

		for (size_t i = 0; i < length; i++)
			at[i] = (char)('a' + native_random() % 30);
		at[length] = '\0';
		cr_assert_eq(rft_strlen(at), length);
		cr_assert_eq(rft_strnlen(at, length / 2), length / 2);
		cr_assert_eq(rft_strnlen(at, 1000), length);
		for (int byte = 'a'; byte < 'a' + 32; byte++) {
			cr_assert_eq(rft_strchr(at, byte), strchr(at, byte));
			cr_assert_eq(rft_strrchr(at, byte), strrchr(at, byte));
		}
		cr_assert_eq(rft_strchr(at, 0), at + length);
		cr_assert_eq(rft_strspn(at, "abcdefghij"), strspn(at, "abcdefghij"));
		cr_assert_eq(rft_strcspn(at, "xyz"), strcspn(at, "xyz"));
		cr_assert_eq(rft_strpbrk(at, "uvw"), strpbrk(at, "uvw"));
	}
	cr_assert_eq(rft_strspn("\xff\x80z", "\x80\xff"), 2);
}

/* Short alphabets make many partial matches and periodic needles. */
Test(string, substrings)
{
	char hay[400], needle[40];

	for (int round = 0; round < 60000; round++) {
		const unsigned int letters = (unsigned int)(native_random() % 3) + 1;
		const size_t length = native_random() % sizeof(hay),
		             needle_length = native_random() % sizeof(needle);

		for (size_t i = 0; i < length; i++)
			hay[i] = (char)('a' + native_random() % letters);
		for (size_t i = 0; i < needle_length; i++)
			needle[i] = (char)('a' + native_random() % letters);
		hay[length ? length - 1 : 0] = '\0';
		needle[needle_length ? needle_length - 1 : 0] = '\0';
		if (round % 2 && length > needle_length + 1) /* a needle that is there */
			memcpy(needle, hay + native_random() % (length - needle_length),
			       needle_length ? needle_length - 1 : 0);
		cr_assert_eq(rft_strstr(hay, needle), strstr(hay, needle), "\"%s\" in \"%s\"", needle, hay);
		cr_assert_eq(rft_memmem(hay, length, needle, needle_length),
		             memmem(hay, length, needle, needle_length));
	}
	cr_assert_str_eq(rft_strcasestr("Some Header: x", "header"), "Header: x");
	cr_assert_null(rft_strcasestr("abc", "abd"));
}

Test(string, comparisons)
{
	static const char *const texts[] = {"",    "a",    "A",    "b",     "ab", "aB", "abc",
	                                    "abd", "\x80", "\xff", "a\xff", "[",  "`",  "@"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
			const char *const a = texts[i], *const b = texts[j];

			cr_assert_eq(sign(rft_strcmp(a, b)), sign(strcmp(a, b)), "%s %s", a, b);
			cr_assert_eq(sign(rft_strcasecmp(a, b)), sign(strcasecmp(a, b)), "%s %s", a, b);
			for (size_t n = 0; n < 4; n++) {
				cr_assert_eq(sign(rft_strncmp(a, b, n)), sign(strncmp(a, b, n)));
				cr_assert_eq(sign(rft_strncasecmp(a, b, n)), sign(strncasecmp(a, b, n)));
			}
		}
	}
}

Test(string, copies)
{
	char mine[32], theirs[32];

	for (size_t n = 0; n < 20; n++) {
		memset(mine, '#', sizeof(mine));
		memset(theirs, '#', sizeof(theirs));
		rft_strncpy(mine, "ten bytes.", n);
		/* The host's compiler warns of what is tested here. */
		for (size_t i = 0; i < n; i++)
			theirs[i] = i < 10 ? "ten bytes."[i] : '\0';
		cr_assert_arr_eq(mine, theirs, sizeof(mine));
		rft_strcpy(mine, "ab");
		rft_strncat(mine, "cdefgh", n);
		cr_assert_eq(strlen(mine), 2 + (n < 6 ? n : 6));
		rft_strcpy(mine, "ab");
		cr_assert_eq(rft_strlcat(mine, "cdefgh", n), (n < 2 ? n : 2) + 6);
		cr_assert_eq(strlen(mine), n <= 2 ? 2 : n < 9 ? n - 1 : 8);
		cr_assert_eq(rft_strlcpy(mine, "cdefgh", n + 1), 6);
		cr_assert_eq(strlen(mine), n < 6 ? n : 6);
	}
	cr_assert_str_eq(rft_strcat(rft_strcpy(mine, "x"), "yz"), "xyz");
	cr_assert_eq(rft_memccpy(mine, "abcdef", 'd', 6), mine + 4);
	cr_assert_null(rft_memccpy(mine, "abcdef", 'z', 6));
}

Test(string, tokens)
{
	char mine[64], theirs[64], *mine_state, *theirs_state;

	rft_strcpy(mine, ",,a,b;;c,");
	strcpy(theirs, ",,a,b;;c,");
	char *a = rft_strtok_r(mine, ",;", &mine_state), *b = strtok_r(theirs, ",;", &theirs_state);

	for (int i = 0; i < 5; i++) {
		cr_assert((!a && !b) || strcmp(a, b) == 0);
		a = rft_strtok_r(NULL, ",;", &mine_state);
		b = strtok_r(NULL, ",;", &theirs_state);
	}
	char *mine_rest = rft_strcpy(mine, "a,,b"), *theirs_rest = strcpy(theirs, "a,,b");

	for (int i = 0; i < 4; i++) {
		a = rft_strsep(&mine_rest, ",");
		b = strsep(&theirs_rest, ",");
		cr_assert((!a && !b) || strcmp(a, b) == 0);
	}
}

int rft_mblen(const char *, size_t);
int rft_mbtowc(wchar_t *, const char *, size_t);
int rft_wctomb(char *, wchar_t);
size_t rft_mbstowcs(wchar_t *, const char *, size_t);
size_t rft_wcstombs(char *, const wchar_t *, size_t);

/* In the "C" locale a wide character is a byte. */
Test(string, wide_characters)
{
	wchar_t wide[8] = {7, 7, 7, 7, 7, 7, 7, 7};
	char bytes[8] = "#######";

	cr_assert_eq(rft_mbtowc(wide, "\xe4", 1), 1);
	cr_assert_eq(wide[0], 0xe4);
	cr_assert_eq(rft_mbtowc(wide, "", 1), 0);
	cr_assert_eq(wide[0], 0);
	cr_assert_eq(rft_mbtowc(wide, "x", 0), -1);
	cr_assert_eq(rft_mbtowc(wide, NULL, 0), 0);
	cr_assert_eq(rft_mblen("x", 1), 1);
	cr_assert_eq(rft_wctomb(bytes, 0xe4), 1);
	cr_assert_eq(bytes[0], '\xe4');
	cr_assert_eq(rft_wctomb(bytes, 0x263a), -1);
	cr_assert_eq(rft_wctomb(NULL, 'x'), 0);

	cr_assert_eq(rft_mbstowcs(NULL, "abc", 0), 3);
	cr_assert_eq(rft_mbstowcs(wide, "abc", 2), 2);
	cr_assert_eq(wide[1], 'b');
	cr_assert_eq(wide[2], 7, "nothing past the limit");
	cr_assert_eq(rft_mbstowcs(wide, "abc", 8), 3);
	cr_assert_eq(wide[3], 0);
	cr_assert_eq(wide[4], 7);
	cr_assert_eq(rft_wcstombs(NULL, L"abc", 0), 3);
	cr_assert_eq(rft_wcstombs(bytes, L"abc", 2), 2);
	cr_assert_eq(bytes[2], '#');
	cr_assert_eq(rft_wcstombs(bytes, L"abc", 8), 3);
	cr_assert_str_eq(bytes, "abc");
	cr_assert_eq(bytes[4], '#');
	cr_assert_eq(rft_wcstombs(bytes, L"a\x263a", 8), (size_t)-1);
}
