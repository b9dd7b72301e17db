/* SPDX-License-Identifier: Apache-2.0 */
/* <string.h> for WebAssembly: Ringfence's own is written with SSE2. Copying and filling are single instructions there. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

size_t strlen(const char *text)
{
	size_t length = 0;
	while (text[length])
		length++;
	return length;
}

size_t strnlen(const char *text, size_t limit)
{
	size_t length = 0;
	while (length < limit && text[length])
		length++;
	return length;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit > 0; limit--, a++, b++) {
		if (*a != *b)
			return (uint8_t)*a - (uint8_t)*b;
		if (*a == 0)
			break;
	}
	return 0;
}

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + 32 : (unsigned char)c;
}

int strncasecmp(const char *a, const char *b, size_t limit)
{
	for (size_t i = 0; i < limit; i++)
		if (lower(a[i]) != lower(b[i]) || a[i] == 0)
			return lower(a[i]) - lower(b[i]);
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

int strcoll(const char *a, const char *b)
{
	return strcmp(a, b);
}

char *strchrnul(const char *text, int c)
{
	while (*text && *text != (char)c)
		text++;
	return (char *)(uintptr_t)text;
}

char *strchr(const char *text, int c)
{
	for (;; text++) {
		if (*text == (char)c)
			return (char *)(uintptr_t)text;
		if (*text == 0)
			return NULL;
	}
}

void *memchr(const void *bytes, int c, size_t size)
{
	const uint8_t *byte = bytes;
	for (; size > 0; size--, byte++)
		if (*byte == (uint8_t)c)
			return (void *)(uintptr_t)byte;
	return NULL;
}

size_t strcspn(const char *text, const char *stop)
{
	size_t length = 0;
	while (text[length] && !strchr(stop, text[length]))
		length++;
	return length;
}

size_t strspn(const char *text, const char *accepted)
{
	size_t length = 0;
	while (text[length] && strchr(accepted, text[length]))
		length++;
	return length;
}

char *strpbrk(const char *text, const char *stop)
{
	text += strcspn(text, stop);
	return *text ? (char *)(uintptr_t)text : NULL;
}

char *strstr(const char *text, const char *part)
{
	size_t length = strlen(part);
	for (; *text || length == 0; text++)
		if (strncmp(text, part, length) == 0)
			return (char *)(uintptr_t)text;
	return NULL;
}

char *strcpy(char *restrict to, const char *restrict from)
{
	return memcpy(to, from, strlen(from) + 1);
}

char *strncpy(char *restrict to, const char *restrict from, size_t size)
{
	size_t length = strnlen(from, size);
	memcpy(to, from, length);
	memset(to + length, 0, size - length);
	return to;
}

char *strcat(char *restrict to, const char *restrict from)
{
	strcpy(to + strlen(to), from);
	return to;
}
