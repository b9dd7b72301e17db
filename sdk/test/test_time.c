/* SPDX-License-Identifier: Apache-2.0 */
/* time.h against the host's. The nine fields of the library's struct tm come first in the host's too. */
#define _GNU_SOURCE
#include <criterion/criterion.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "native.h"

/* With the sizes that the types have in a cell; long is the host's here. */
struct cell_timespec {
	int64_t tv_sec;
	long tv_nsec;
};

int64_t rft_time(int64_t *);
int64_t rft_clock(void);
int rft_clock_gettime(int, struct cell_timespec *);
int rft_timespec_get(struct cell_timespec *, int);
double rft_difftime(int64_t, int64_t);
struct tm *rft_gmtime_r(const int64_t *, struct tm *);
struct tm *rft_localtime(const int64_t *);
int64_t rft_timegm(struct tm *);
int64_t rft_mktime(struct tm *);

#define FIELDS (offsetof(struct tm, tm_isdst) + sizeof(int))

static void check_date(int64_t seconds)
{
	const time_t host_seconds = seconds;
	struct tm mine = {0}, host = {0};

	cr_assert_not_null(rft_gmtime_r(&seconds, &mine));
	cr_assert_not_null(gmtime_r(&host_seconds, &host));
	cr_assert_eq(memcmp(&mine, &host, FIELDS), 0,
	             "gmtime(%lld): %d-%d-%d %d:%d:%d, day %d of week, %d of year", (long long)seconds,
	             mine.tm_year + 1900, mine.tm_mon + 1, mine.tm_mday, mine.tm_hour, mine.tm_min,
	             mine.tm_sec, mine.tm_wday, mine.tm_yday);
	cr_assert_eq(rft_timegm(&mine), seconds);
}

Test(time, dates)
{
	for (int day = -800000; day < 800000; day++)
		check_date((int64_t)day * 86400 + day % 86400);
	for (int i = 0; i < 200000; i++)
		check_date((int64_t)(native_random() >> 8) - (1ll << 55));
	check_date(0);
	check_date(-1);
	check_date(INT32_MAX);
}

Test(time, years_that_do_not_fit)
{
	const int64_t far = INT64_MAX;
	struct tm result = {.tm_year = INT_MAX, .tm_mon = 12, .tm_mday = 1};

	rft_errno = 0;
	cr_assert_null(rft_gmtime_r(&far, &result));
	cr_assert_eq(rft_errno, EOVERFLOW);
	cr_assert_eq(rft_timegm(&result), -1);
}

/* Fields out of range are put right as the host does. */
Test(time, normalisation)
{
	for (int i = 0; i < 100000; i++) {
		struct tm mine = {0}, host;

		mine.tm_sec = (int)(native_random() % 200000) - 100000;
		mine.tm_min = (int)(native_random() % 20000) - 10000;
		mine.tm_hour = (int)(native_random() % 2000) - 1000;
		mine.tm_mday = (int)(native_random() % 2000) - 1000;
		mine.tm_mon = (int)(native_random() % 200) - 100;
		mine.tm_year = (int)(native_random() % 2000) - 1000;
		host = mine;
		cr_assert_eq(rft_mktime(&mine), timegm(&host));
		cr_assert_eq(memcmp(&mine, &host, FIELDS), 0);
	}
}

Test(time, clocks)
{
	struct cell_timespec now;
	int64_t second = 0;

	native_time_ns = 1700000000123456789;
	cr_assert_eq(rft_time(&second), 1700000000);
	cr_assert_eq(second, 1700000000);
	cr_assert_eq(rft_clock_gettime(CLOCK_REALTIME, &now), 0);
	cr_assert(now.tv_sec == 1700000000 && now.tv_nsec == 123456789);
	cr_assert_eq(rft_timespec_get(&now, TIME_UTC), TIME_UTC);
	cr_assert(now.tv_sec == 1700000000 && now.tv_nsec == 123456789);
	cr_assert_eq(rft_clock(), 0);
	native_time_ns += 2500000;
	cr_assert_eq(rft_clock(), 2500);
	/* The host's clock goes back: only real time follows. */
	native_time_ns -= 1000000000;
	cr_assert_eq(rft_clock(), 2500);
	rft_clock_gettime(CLOCK_MONOTONIC, &now);
	cr_assert(now.tv_sec == 1700000000 && now.tv_nsec == 125956789);
	rft_clock_gettime(CLOCK_REALTIME, &now);
	cr_assert(now.tv_sec == 1699999999);
	rft_errno = 0;
	cr_assert_eq(rft_clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), -1);
	cr_assert_eq(rft_errno, EINVAL);
	cr_assert(rft_difftime(5, 7) < -1.9);
}
