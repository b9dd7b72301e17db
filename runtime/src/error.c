/* SPDX-License-Identifier: Apache-2.0 */
#include <ringfence/error.h>

#include <stdarg.h>
#include <stdio.h>

enum rf_status rf_fail(struct rf_error *error, enum rf_status status, const char *format, ...)
{
	if (error == NULL)
		return status;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return status;
}
