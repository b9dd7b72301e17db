/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C11 7.27 on the host's clock, which a cell can only read. time_t has 64 bits.
 * Local time is UTC. Each call of time, clock, clock_gettime and timespec_get
 * is a host call of some tens of nanoseconds; a packet's own arrival stands in
 * its descriptor. There is no strftime.
 */
#ifndef _TIME_H
#define _TIME_H

#define __need_size_t
#define __need_NULL
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#define restrict __restrict
#endif

#define CLOCKS_PER_SEC 1000000l
#define TIME_UTC 1
#define CLOCK_REALTIME 0
#define CLOCK_MONOTONIC 1
#define CLOCK_PROCESS_CPUTIME_ID 2

#ifndef _TIME_T_DEFINED
#define _TIME_T_DEFINED
typedef int64_t time_t;
#endif
typedef int64_t clock_t;
typedef int clockid_t;

struct timespec {
	time_t tv_sec;
	long tv_nsec;
};

struct tm {
	int tm_sec, tm_min, tm_hour;
	int tm_mday; /* from 1 */
	int tm_mon;  /* from 0 */
	int tm_year; /* since 1900 */
	int tm_wday; /* since Sunday */
	int tm_yday; /* from 0 */
	int tm_isdst;
};

/* Seconds since 1970; also to *result unless it is NULL. */
time_t time(time_t *result);
/* Microseconds since the cell's first call of clock: of real time, as a cell cannot know its CPU time. */
clock_t clock(void);
/*
 * CLOCK_REALTIME, and CLOCK_MONOTONIC: the same that does not go back where the host's
 * clock is put back. -1 with errno EINVAL for any other clock.
 */
int clock_gettime(clockid_t which, struct timespec *result);
int timespec_get(struct timespec *result, int base);
double difftime(time_t end, time_t start);

/* NULL with errno EOVERFLOW where the year does not fit. */
struct tm *gmtime_r(const time_t *restrict time, struct tm *restrict result);
struct tm *localtime_r(const time_t *restrict time, struct tm *restrict result);
/* In one buffer for both. */
struct tm *gmtime(const time_t *time);
struct tm *localtime(const time_t *time);
/* Fields may be out of range; they are put right. -1 with errno EOVERFLOW where the year does not fit. */
time_t timegm(struct tm *time);
time_t mktime(struct tm *time);

#ifdef __cplusplus
#undef restrict
}
#endif

#endif
