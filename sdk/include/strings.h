/* SPDX-License-Identifier: Apache-2.0 */
/* POSIX: ASCII comparison without case, bit search, and the old BSD names. */
#ifndef _STRINGS_H
#define _STRINGS_H

#define __need_size_t
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

int strcasecmp(const char *left, const char *right);
int strncasecmp(const char *left, const char *right, size_t limit);

int bcmp(const void *left, const void *right, size_t length);
void bcopy(const void *from, void *to, size_t length);
void bzero(void *where, size_t length);
void explicit_bzero(void *where, size_t length);

/* Number of the lowest bit set, counted from 1; 0 if there is none. */
int ffs(int value);
int ffsl(long value);
int ffsll(long long value);

#ifdef __cplusplus
}
#endif

#endif
