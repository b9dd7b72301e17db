/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network functions' C library, compiled for this host with every symbol
 * prefixed by "rft_", so that it stands beside the host's own library and can
 * be compared with it.
 */
#ifndef RF_TEST_NATIVE_H
#define RF_TEST_NATIVE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/nf_abi.h>

/* What the library would find in a cell. */
extern struct rf_cell_info rft___rf_info;
extern int rft_errno;

/* Gives the library a fresh heap of `bytes`; may be called once a test. */
void native_heap(size_t bytes);

/* Text of the last abort host call, "" before the first. */
extern char native_abort_text[1025];

/* Runs `body`; true if it ended in the abort host call. */
bool native_aborts(void (*body)(void *), void *context);

/* Lines logged so far, each followed by a newline. */
extern char native_log_text[65536];

/* What the time host call returns. */
extern uint64_t native_time_ns;

/* A pseudo-random sequence, the same in each run. */
uint64_t native_random(void);

int rft_snprintf(char *, size_t, const char *, ...);
int rft_vsnprintf(char *, size_t, const char *, va_list);
int rft_asprintf(char **, const char *, ...);
int rft_printf(const char *, ...);
int rft_puts(const char *);
int rft_putchar(int);
int rft_fflush(void *);
void rft_rf_logf(const char *, ...);
void rft_rf_log(const char *);
void rft___assert_fail(const char *, const char *, unsigned int, const char *);

double rft_strtod(const char *, char **);
float rft_strtof(const char *, char **);
long rft_strtol(const char *, char **, int);
long long rft_strtoll(const char *, char **, int);
unsigned long rft_strtoul(const char *, char **, int);
unsigned long long rft_strtoull(const char *, char **, int);

void *rft_malloc(size_t);
void *rft_calloc(size_t, size_t);
void *rft_realloc(void *, size_t);
void *rft_aligned_alloc(size_t, size_t);
size_t rft_malloc_usable_size(void *);
void rft_free(void *);
void rft_qsort(void *, size_t, size_t, int (*)(const void *, const void *));
void rft_qsort_r(void *, size_t, size_t, int (*)(const void *, const void *, void *), void *);
void *rft_bsearch(const void *, const void *, size_t, size_t, int (*)(const void *, const void *));

void *rft_memcpy(void *, const void *, size_t);
void *rft_memmove(void *, const void *, size_t);
void *rft_memset(void *, int, size_t);
int rft_memcmp(const void *, const void *, size_t);
void *rft_memchr(const void *, int, size_t);
void *rft_memrchr(const void *, int, size_t);
void *rft_memmem(const void *, size_t, const void *, size_t);
void *rft_memccpy(void *, const void *, int, size_t);
size_t rft_strlen(const char *);
size_t rft_strnlen(const char *, size_t);
char *rft_strcpy(char *, const char *);
char *rft_strncpy(char *, const char *, size_t);
char *rft_strcat(char *, const char *);
char *rft_strncat(char *, const char *, size_t);
size_t rft_strlcpy(char *, const char *, size_t);
size_t rft_strlcat(char *, const char *, size_t);
int rft_strcmp(const char *, const char *);
int rft_strncmp(const char *, const char *, size_t);
int rft_strcasecmp(const char *, const char *);
int rft_strncasecmp(const char *, const char *, size_t);
char *rft_strchr(const char *, int);
char *rft_strrchr(const char *, int);
char *rft_strstr(const char *, const char *);
char *rft_strcasestr(const char *, const char *);
size_t rft_strspn(const char *, const char *);
size_t rft_strcspn(const char *, const char *);
char *rft_strpbrk(const char *, const char *);
char *rft_strtok_r(char *, const char *, char **);
char *rft_strsep(char **, const char *);
char *rft_strdup(const char *);
char *rft_strerror(int);

#endif
