/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <locale.h>
#include <string.h>

static char none[] = "", point[] = ".", name_of_c[] = "C";

char *setlocale(int category, const char *name)
{
	if (category < LC_CTYPE || category > LC_ALL)
		return NULL;
	if (!name || !*name || strcmp(name, "C") == 0 || strcmp(name, "POSIX") == 0)
		return name_of_c;
	return NULL;
}

struct lconv *localeconv(void)
{
	static struct lconv c = {point,    none,     none,     none,     none,     none,
	                         none,     none,     none,     none,     CHAR_MAX, CHAR_MAX,
	                         CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX,
	                         CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX, CHAR_MAX};

	return &c;
}
