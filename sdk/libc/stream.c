/* SPDX-License-Identifier: Apache-2.0 */
/* stdout and stderr: one stream of lines to the host's log. There are no files, and stdin is at its end. */
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

static FILE log_stream, no_input;

#undef stdin
#undef stdout
#undef stderr
FILE *const stdin = &no_input;
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

static int refuse(int error)
{
	errno = error;
	return -1;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
	(void)path;
	(void)mode;
	errno = ENOENT;
	return NULL;
}

FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict stream)
{
	(void)stream;
	return fopen(path, mode);
}

FILE *tmpfile(void)
{
	return fopen("", "");
}

int remove(const char *path)
{
	(void)path;
	return refuse(ENOENT);
}

int rename(const char *from, const char *to)
{
	(void)from;
	(void)to;
	return refuse(ENOENT);
}

size_t fread(void *restrict to, size_t size, size_t count, FILE *restrict stream)
{
	(void)to;
	(void)size;
	(void)count;
	(void)stream;
	return 0;
}

char *fgets(char *restrict to, int size, FILE *restrict stream)
{
	(void)to;
	(void)size;
	(void)stream;
	return NULL;
}

int fgetc(FILE *stream)
{
	(void)stream;
	return EOF;
}

int getc(FILE *stream)
{
	return fgetc(stream);
}

int getchar(void)
{
	return EOF;
}

int ungetc(int c, FILE *stream)
{
	(void)c;
	(void)stream;
	return EOF;
}

int fseek(FILE *stream, long offset, int from)
{
	(void)stream;
	(void)offset;
	(void)from;
	return refuse(EINVAL);
}

long ftell(FILE *stream)
{
	(void)stream;
	return refuse(EINVAL);
}

void rewind(FILE *stream)
{
	(void)stream;
}

int feof(FILE *stream)
{
	return stream == stdin;
}

int ferror(FILE *stream)
{
	(void)stream;
	return 0;
}

void clearerr(FILE *stream)
{
	(void)stream;
}

int fclose(FILE *stream)
{
	return stream == stdin ? 0 : fflush(stream);
}

int setvbuf(FILE *restrict stream, char *restrict buffer, int mode, size_t size)
{
	(void)stream;
	(void)buffer;
	(void)mode;
	(void)size;
	return 0;
}

void setbuf(FILE *restrict stream, char *restrict buffer)
{
	(void)stream;
	(void)buffer;
}
