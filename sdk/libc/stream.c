/* SPDX-License-Identifier: Apache-2.0 */
/* stdout and stderr: one stream of lines to the host's log. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <ringfence/host.h>

#include "format.h"

struct __rf_file {
	size_t length;
	char line[RF_LOG_MAX];
};

static FILE log_stream;

#undef stdout
#undef stderr
FILE *const stdout = &log_stream;
FILE *const stderr = &log_stream;

static void end_line(FILE *stream)
{
	rf_host_log(stream->line, (uint32_t)stream->length);
	stream->length = 0;
}

void stream_write(FILE *stream, const char *text, size_t length)
{
	while (length) {
		const char *const newline = memchr(text, '\n', length);
		const size_t part = newline ? (size_t)(newline - text) : length;
		const size_t room = sizeof(stream->line) - stream->length;
		const size_t copied = part < room ? part : room;

		memcpy(stream->line + stream->length, text, copied);
		stream->length += copied;
		text += copied;
		length -= copied;
		if (copied < part) {
			end_line(stream); /* full */
		} else if (newline) {
			end_line(stream);
			text++;
			length--;
		}
	}
}

int vfprintf(FILE *restrict stream, const char *restrict format, va_list arguments)
{
	struct sink sink = {.stream = stream};

	return format_to(&sink, format, arguments);
}

int fprintf(FILE *restrict stream, const char *restrict format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vfprintf(stream, format, arguments);
	va_end(arguments);
	return length;
}

int vprintf(const char *restrict format, va_list arguments)
{
	return vfprintf(stdout, format, arguments);
}

int printf(const char *restrict format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vfprintf(stdout, format, arguments);
	va_end(arguments);
	return length;
}

int fputs(const char *restrict text, FILE *restrict stream)
{
	stream_write(stream, text, strlen(text));
	return 0;
}

int puts(const char *text)
{
	fputs(text, stdout);
	return fputs("\n", stdout);
}

int fputc(int c, FILE *stream)
{
	const char byte = (char)c;

	stream_write(stream, &byte, 1);
	return (unsigned char)c;
}

int putc(int c, FILE *stream)
{
	return fputc(c, stream);
}

int putchar(int c)
{
	return fputc(c, stdout);
}

size_t fwrite(const void *restrict from, size_t size, size_t count, FILE *restrict stream)
{
	size_t bytes;

	if (__builtin_mul_overflow(size, count, &bytes))
		return 0;
	stream_write(stream, from, bytes);
	return count;
}

int fflush(FILE *stream)
{
	if (!stream)
		stream = stdout;
	if (stream->length)
		end_line(stream);
	return 0;
}

void perror(const char *text)
{
	if (text && *text)
		fprintf(stderr, "%s: ", text);
	fprintf(stderr, "%s\n", strerror(errno));
}
