/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings and blocks of memory: C11 7.24 and, of POSIX and GNU, what portable
 * code commonly uses. There is one locale, "C": strcoll is strcmp.
 */
#ifndef _STRING_H
#define _STRING_H

#define __need_size_t
#define __need_NULL
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#define restrict __restrict
#endif

void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *where, int value, size_t length);
int memcmp(const void *left, const void *right, size_t length);
void *memchr(const void *where, int byte, size_t length);
void *memrchr(const void *where, int byte, size_t length);
void *rawmemchr(const void *where, int byte);
void *memmem(const void *where, size_t length, const void *what, size_t what_length);
void *memccpy(void *restrict to, const void *restrict from, int stop, size_t length);
void *mempcpy(void *restrict to, const void *restrict from, size_t length);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
char *strcpy(char *restrict to, const char *restrict from);
char *strncpy(char *restrict to, const char *restrict from, size_t limit);
char *stpcpy(char *restrict to, const char *restrict from);
char *stpncpy(char *restrict to, const char *restrict from, size_t limit);
char *strcat(char *restrict to, const char *restrict from);
char *strncat(char *restrict to, const char *restrict from, size_t limit);
size_t strlcpy(char *restrict to, const char *restrict from, size_t size);
size_t strlcat(char *restrict to, const char *restrict from, size_t size);

int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t limit);
int strcoll(const char *left, const char *right);
size_t strxfrm(char *restrict to, const char *restrict from, size_t size);

char *strchr(const char *text, int byte);
char *strchrnul(const char *text, int byte);
char *strrchr(const char *text, int byte);
char *strstr(const char *text, const char *what);
char *strcasestr(const char *text, const char *what);
size_t strspn(const char *text, const char *accept);
size_t strcspn(const char *text, const char *reject);
char *strpbrk(const char *text, const char *accept);
char *strtok(char *restrict text, const char *restrict separators);
char *strtok_r(char *restrict text, const char *restrict separators, char **restrict state);
char *strsep(char **text, const char *separators);

/* On the heap; NULL if there is no room. The caller frees them. */
char *strdup(const char *text);
char *strndup(const char *text, size_t limit);

/* English text for an errno value; never NULL. */
char *strerror(int error);

#ifdef __cplusplus
#undef restrict
}
#endif

#include <strings.h>

#endif
