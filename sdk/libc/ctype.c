/* SPDX-License-Identifier: Apache-2.0 */
/* ASCII character classes, as comparisons of unsigned distances. */
#include <ctype.h>

/* Not of ISO C: a program may have functions of these names. */
#pragma weak isascii
#pragma weak toascii

int isdigit(int c)
{
	return (unsigned int)c - '0' < 10;
}

int islower(int c)
{
	return (unsigned int)c - 'a' < 26;
}

int isupper(int c)
{
	return (unsigned int)c - 'A' < 26;
}

int isalpha(int c)
{
	return ((unsigned int)c | 0x20) - 'a' < 26;
}

int isalnum(int c)
{
	return isalpha(c) || isdigit(c);
}

int isascii(int c)
{
	return (unsigned int)c < 128;
}

int isblank(int c)
{
	return c == ' ' || c == '\t';
}

int iscntrl(int c)
{
	return (unsigned int)c < 32 || c == 127;
}

int isgraph(int c)
{
	return (unsigned int)c - '!' < 94;
}

int isprint(int c)
{
	return (unsigned int)c - ' ' < 95;
}

int ispunct(int c)
{
	return isgraph(c) && !isalnum(c);
}

int isspace(int c)
{
	return c == ' ' || (unsigned int)c - '\t' < 5;
}

int isxdigit(int c)
{
	return isdigit(c) || ((unsigned int)c | 0x20) - 'a' < 6;
}

int toascii(int c)
{
	return c & 127;
}

int tolower(int c)
{
	return isupper(c) ? c | 0x20 : c;
}

int toupper(int c)
{
	return islower(c) ? c & ~0x20 : c;
}
