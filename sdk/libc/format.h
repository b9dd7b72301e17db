/* SPDX-License-Identifier: Apache-2.0 */
/* The engine behind the printf family. */
#ifndef RF_LIBC_FORMAT_H
#define RF_LIBC_FORMAT_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* Where formatted text goes: to a stream, or to memory as far as there is room. */
struct sink {
	FILE *stream; /* NULL: memory */
	char *to;
	size_t room;
	size_t length; /* of all text so far, what had no room included */
};

void sink_put(struct sink *sink, const char *text, size_t length);
void sink_fill(struct sink *sink, char c, size_t count);

/* Length of the text, or -1 with errno EINVAL (bad format) or EOVERFLOW (more than INT_MAX bytes). */
int format_to(struct sink *sink, const char *format, va_list arguments);

/* What stands between % and the conversion's letter. */
struct conversion {
	int width;
	int precision; /* -1: none given */
	char letter;
	char size; /* 0, 'H' (hh), 'h', 'l', 'L' (ll, j) */
	unsigned char left : 1, plus : 1, space : 1, alternate : 1, zero : 1;
};

/*
 * Puts `prefix` (sign, 0x) and then `digits`, padded to the width: with zeros
 * between them if the conversion says so. `zeros` more of them come first.
 */
void put_number(struct sink *sink, const struct conversion *conversion, const char *prefix, size_t zeros,
                const char *digits, size_t length);

/* The conversions a A e E f F g G. */
void format_double(struct sink *sink, const struct conversion *conversion, double value);

/* Writes `length` bytes to a stream. */
void stream_write(FILE *stream, const char *text, size_t length);

#endif
