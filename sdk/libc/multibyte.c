/* SPDX-License-Identifier: Apache-2.0 */
/* Wide characters in the "C" locale: one byte each, with the same number. */
#include <errno.h>
#include <stdlib.h>

int mbtowc(wchar_t *restrict to, const char *restrict from, size_t limit)
{
	if (from == NULL)
		return 0; /* no shift states */
	if (limit == 0)
		return -1;
	if (to != NULL)
		*to = (unsigned char)*from;
	return *from != '\0';
}

int mblen(const char *text, size_t limit)
{
	return mbtowc(NULL, text, limit);
}

int wctomb(char *to, wchar_t from)
{
	if (to == NULL)
		return 0;
	if (from < 0 || from > 0xff) {
		errno = EILSEQ;
		return -1;
	}
	*to = (char)from;
	return 1;
}

size_t mbstowcs(wchar_t *restrict to, const char *restrict from, size_t limit)
{
	size_t length = 0;

	for (; to == NULL || length < limit; length++) {
		if (to != NULL)
			to[length] = (unsigned char)from[length];
		if (from[length] == '\0')
			break;
	}
	return length;
}

size_t wcstombs(char *restrict to, const wchar_t *restrict from, size_t limit)
{
	size_t length = 0;
	char byte;

	for (; to == NULL || length < limit; length++) {
		if (wctomb(&byte, from[length]) < 0)
			return (size_t)-1;
		if (to != NULL)
			to[length] = byte;
		if (byte == '\0')
			break;
	}
	return length;
}
