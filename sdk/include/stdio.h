/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Formatted text. A network function has no files: opening one fails with errno
 * ENOENT, and there is nothing to read from stdin. stdout and stderr are one
 * stream that goes to the host's log line by line (a line longer than
 * RF_LOG_MAX - 1 bytes is broken).
 *
 * Conversions: d i o u x X c s p f F e E g G a A %, with flags, width,
 * precision and the length modifiers hh h l ll j z t L. Floating point is
 * exact: correctly rounded to any precision. %n is refused (-1, errno
 * EINVAL), as it serves attacks more than programs; %lc and %ls are too.
 */
#ifndef _STDIO_H
#define _STDIO_H

#define __need_size_t
#define __need_NULL
#include <stddef.h>

#define __need___va_list
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#define restrict __restrict
#endif

#define EOF (-1)
#define BUFSIZ 1024
#define FILENAME_MAX 256
#define L_tmpnam 20
#define SEEK_SET 0
#define SEEK_CUR 1
#define SEEK_END 2
#define _IOFBF 0
#define _IOLBF 1
#define _IONBF 2

typedef struct __rf_file FILE;
typedef __gnuc_va_list __rf_va_list;

extern FILE *const stdin;
extern FILE *const stdout;
extern FILE *const stderr;
#define stdin stdin
#define stdout stdout
#define stderr stderr

#define __RF_PRINTF(at, first) __attribute__((__format__(__printf__, at, first)))

int snprintf(char *restrict to, size_t size, const char *restrict format, ...) __RF_PRINTF(3, 4);
int vsnprintf(char *restrict to, size_t size, const char *restrict format, __rf_va_list arguments)
    __RF_PRINTF(3, 0);
int sprintf(char *restrict to, const char *restrict format, ...) __RF_PRINTF(2, 3);
int vsprintf(char *restrict to, const char *restrict format, __rf_va_list arguments) __RF_PRINTF(2, 0);
/* On the heap, to be freed by the caller; -1 and *to NULL where there is no room. */
int asprintf(char **restrict to, const char *restrict format, ...) __RF_PRINTF(2, 3);
int vasprintf(char **restrict to, const char *restrict format, __rf_va_list arguments) __RF_PRINTF(2, 0);

/* From text only. Numbers end after 511 characters. No %lc, %ls, %l[. */
int sscanf(const char *restrict text, const char *restrict format, ...)
    __attribute__((__format__(__scanf__, 2, 3)));
int vsscanf(const char *restrict text, const char *restrict format, __rf_va_list arguments)
    __attribute__((__format__(__scanf__, 2, 0)));

int printf(const char *restrict format, ...) __RF_PRINTF(1, 2);
int vprintf(const char *restrict format, __rf_va_list arguments) __RF_PRINTF(1, 0);
int fprintf(FILE *restrict stream, const char *restrict format, ...) __RF_PRINTF(2, 3);
int vfprintf(FILE *restrict stream, const char *restrict format, __rf_va_list arguments) __RF_PRINTF(2, 0);
int puts(const char *text);
int fputs(const char *restrict text, FILE *restrict stream);
int putchar(int c);
int putc(int c, FILE *stream);
int fputc(int c, FILE *stream);
size_t fwrite(const void *restrict from, size_t size, size_t count, FILE *restrict stream);
/* Logs what stands unfinished as a line. */
int fflush(FILE *stream);
void perror(const char *text);

/* NULL with errno ENOENT: there are no files. */
FILE *fopen(const char *restrict path, const char *restrict mode);
FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict stream);
FILE *tmpfile(void);
/* -1 with errno ENOENT. */
int remove(const char *path);
int rename(const char *from, const char *to);
/* The end of the input. */
size_t fread(void *restrict to, size_t size, size_t count, FILE *restrict stream);
char *fgets(char *restrict to, int size, FILE *restrict stream);
int fgetc(FILE *stream);
int getc(FILE *stream);
int getchar(void);
int ungetc(int c, FILE *stream);
/* A stream of the log has no position: -1 with errno EINVAL. */
int fseek(FILE *stream, long offset, int from);
long ftell(FILE *stream);
void rewind(FILE *stream);
/* True of stdin. */
int feof(FILE *stream);
/* False. */
int ferror(FILE *stream);
void clearerr(FILE *stream);
int fclose(FILE *stream);
/* Accepted; lines are logged when they are complete all the same. */
int setvbuf(FILE *restrict stream, char *restrict buffer, int mode, size_t size);
void setbuf(FILE *restrict stream, char *restrict buffer);

#ifdef __cplusplus
#undef restrict
}
#endif

#endif
