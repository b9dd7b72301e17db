/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include <ringfence/host.h>

#define NS_PER_SEC 1000000000u
#define SEC_PER_DAY 86400
#define DAYS_PER_ERA 146097 /* 400 years */
#define EPOCH_DAY 719468    /* 1970-01-01, in days since 0000-03-01 */

static struct timespec timespec_of(uint64_t ns)
{
	return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_SEC), .tv_nsec = (long)(ns % NS_PER_SEC)};
}

static uint64_t monotonic_ns(void)
{
	static uint64_t latest;
	const uint64_t now = rf_host_time();

	if (now > latest)
		latest = now;
	return latest;
}

time_t time(time_t *result)
{
	const time_t now = (time_t)(rf_host_time() / NS_PER_SEC);

	if (result)
		*result = now;
	return now;
}

clock_t clock(void)
{
	static uint64_t start;
	const uint64_t now = monotonic_ns();

	if (start == 0)
		start = now;
	return (clock_t)((now - start) / (NS_PER_SEC / CLOCKS_PER_SEC));
}

int clock_gettime(clockid_t which, struct timespec *result)
{
	if (which != CLOCK_REALTIME && which != CLOCK_MONOTONIC) {
		errno = EINVAL;
		return -1;
	}
	*result = timespec_of(which == CLOCK_REALTIME ? rf_host_time() : monotonic_ns());
	return 0;
}

int timespec_get(struct timespec *result, int base)
{
	if (base != TIME_UTC)
		return 0;
	*result = timespec_of(rf_host_time());
	return base;
}

double difftime(time_t end, time_t start)
{
	return (double)end - (double)start;
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

/* Years are counted from March, so that the leap day is a year's last: the day of a month is then linear. */
struct tm *gmtime_r(const time_t *restrict time, struct tm *restrict result)
{
	const int64_t days = floor_divide(*time, SEC_PER_DAY), second = *time - days * SEC_PER_DAY;
	const int64_t era = floor_divide(days + EPOCH_DAY, DAYS_PER_ERA);
	const int64_t day = days + EPOCH_DAY - era * DAYS_PER_ERA;
	const int64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	const int from_march = (int)(day - (365 * year + year / 4 - year / 100));
	const int month = (5 * from_march + 2) / 153;
	const bool next = month >= 10; /* January and February belong to the next year */
	const int64_t full = era * 400 + year + next;
	const bool leap = (full % 4 == 0 && full % 100 != 0) || full % 400 == 0;

	if (full - 1900 > INT_MAX || full - 1900 < INT_MIN) {
		errno = EOVERFLOW;
		return NULL;
	}
	*result = (struct tm){.tm_sec = (int)(second % 60),
	                      .tm_min = (int)(second / 60 % 60),
	                      .tm_hour = (int)(second / 3600),
	                      .tm_mday = from_march - (153 * month + 2) / 5 + 1,
	                      .tm_mon = next ? month - 10 : month + 2,
	                      .tm_year = (int)(full - 1900),
	                      .tm_wday = (int)((days % 7 + 11) % 7),
	                      .tm_yday = next ? from_march - 306 : from_march + 59 + leap};
	return result;
}

struct tm *localtime_r(const time_t *restrict time, struct tm *restrict result)
{
	return gmtime_r(time, result);
}

static struct tm shared;

struct tm *gmtime(const time_t *time)
{
	return gmtime_r(time, &shared);
}

struct tm *localtime(const time_t *time)
{
	return gmtime_r(time, &shared);
}

time_t timegm(struct tm *time)
{
	const int64_t months = (int64_t)time->tm_mon - 2; /* since March */
	const int64_t year = (int64_t)time->tm_year + 1900 + floor_divide(months, 12);
	const int64_t month = months - floor_divide(months, 12) * 12;
	const int64_t era = floor_divide(year, 400), in_era = year - era * 400;
	const int64_t day = in_era * 365 + in_era / 4 - in_era / 100 + (153 * month + 2) / 5;
	const int64_t days = era * DAYS_PER_ERA + day + time->tm_mday - 1 - EPOCH_DAY;
	const time_t seconds =
	    days * SEC_PER_DAY + (int64_t)time->tm_hour * 3600 + (int64_t)time->tm_min * 60 + time->tm_sec;
	struct tm right;

	if (!gmtime_r(&seconds, &right))
		return -1;
	*time = right;
	return seconds;
}

time_t mktime(struct tm *time)
{
	return timegm(time);
}
