/* SPDX-License-Identifier: Apache-2.0 */
/* Host calls for strings and formats, and everything that ends a cell. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/host.h>

#undef errno
int errno;

void rf_log(const char *text)
{
	rf_host_log(text, (uint32_t)strnlen(text, RF_LOG_MAX));
}

void rf_vlogf(const char *format, va_list arguments)
{
	char line[RF_LOG_MAX];
	const int length = vsnprintf(line, sizeof(line), format, arguments);

	if (length < 0)
		return;
	rf_host_log(line, (uint32_t)length < sizeof(line) ? (uint32_t)length : (uint32_t)sizeof(line) - 1);
}

void rf_logf(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	rf_vlogf(format, arguments);
	va_end(arguments);
}

void rf_abort(const char *reason)
{
	rf_host_abort(reason, (uint32_t)strnlen(reason, RF_LOG_MAX));
}

uint64_t rf_time_ns(void)
{
	return rf_host_time();
}

void abort(void)
{
	rf_abort("abort() called");
}

static __attribute__((noreturn)) void end(int status)
{
	char reason[32];

	snprintf(reason, sizeof(reason), "exit(%d) called", status);
	rf_abort(reason);
}

void exit(int status)
{
	fflush(stdout);
	end(status);
}

void _Exit(int status)
{
	end(status);
}

void quick_exit(int status)
{
	end(status);
}

__rf_handler signal(int which, __rf_handler handler)
{
	(void)which;
	(void)handler;
	errno = EINVAL;
	return SIG_ERR;
}

int raise(int which)
{
	char reason[32];

	snprintf(reason, sizeof(reason), "raise(%d) called", which);
	rf_abort(reason);
}

int atexit(void (*function)(void))
{
	(void)function;
	return 0;
}

int at_quick_exit(void (*function)(void))
{
	(void)function;
	return 0;
}

char *getenv(const char *name)
{
	(void)name;
	return NULL;
}

int system(const char *command)
{
	return command ? -1 : 0;
}

void __assert_fail(const char *expression, const char *file, unsigned int line, const char *function)
{
	char reason[RF_LOG_MAX];

	snprintf(reason, sizeof(reason), "%s:%u: %s: assertion failed: %s", file, line, function, expression);
	rf_abort(reason);
}
