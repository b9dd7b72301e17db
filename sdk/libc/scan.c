/* SPDX-License-Identifier: Apache-2.0 */
/* sscanf (C11 7.21.6.2), on strings only. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The longest number that is read; what is longer is a number of this many characters. */
#define NUMBER_MAX 512

struct input {
	const char *start;
	const char *at;
};

/* What stands between % and the end of a conversion. */
struct directive {
	size_t width; /* 0: none given */
	char letter;
	char size; /* 0, 'H' (hh), 'h', 'l', 'L' (ll, j) */
	bool discard;
	bool set[256]; /* of %[ */
};

/* A va_list may be an array, which cannot be passed by address; in a struct it can. */
struct arguments {
	va_list list;
};

/* The set behind "%["; returns what follows its ']', or NULL if there is none. */
static const char *read_set(const char *format, struct directive *directive)
{
	const bool negated = *format == '^';
	const unsigned char *at = (const unsigned char *)format + negated;
	bool first = true;

	memset(directive->set, negated, sizeof(directive->set));
	for (; *at && (first || *at != ']'); at++, first = false) {
		unsigned int last = *at;

		if (at[1] == '-' && at[2] && at[2] != ']')
			last = at[2];
		for (unsigned int c = *at; c <= last; c++)
			directive->set[c] = !negated;
		if (last != *at || (at[1] == '-' && at[2] && at[2] != ']'))
			at += 2;
	}
	return *at ? (const char *)at + 1 : NULL;
}

static const char *read_size(const char *format, struct directive *directive)
{
	const char c = *format;

	switch (c) {
	case 'h':
	case 'l':
		directive->size = c;
		if (*++format == c) {
			directive->size = c == 'h' ? 'H' : 'L';
			format++;
		}
		return format;
	case 'j':
	case 'q':
	case 'L':
		directive->size = 'L';
		return format + 1;
	case 'z':
	case 't':
		directive->size = sizeof(size_t) == sizeof(long) ? 'l' : 0;
		return format + 1;
	default:
		return format;
	}
}

/* Reads what follows a %; returns what follows it, or NULL if the format is malformed. */
static const char *read_directive(const char *format, struct directive *directive)
{
	memset(directive, 0, offsetof(struct directive, set));
	if (*format == '*') {
		directive->discard = true;
		format++;
	}
	for (; isdigit((unsigned char)*format); format++) {
		if (directive->width < 100000000)
			directive->width = directive->width * 10 + (size_t)(*format - '0');
	}
	format = read_size(format, directive);
	directive->letter = *format;
	if (!*format)
		return NULL;
	return *format == '[' ? read_set(format + 1, directive) : format + 1;
}

static void store_integer(struct arguments *arguments, char size, uint64_t value)
{
	switch (size) {
	case 'H':
		*va_arg(arguments->list, unsigned char *) = (unsigned char)value;
		break;
	case 'h':
		*va_arg(arguments->list, unsigned short *) = (unsigned short)value;
		break;
	case 'l':
		*va_arg(arguments->list, unsigned long *) = (unsigned long)value;
		break;
	case 'L':
		*va_arg(arguments->list, unsigned long long *) = value;
		break;
	default:
		*va_arg(arguments->list, unsigned int *) = (unsigned int)value;
		break;
	}
}

/* A number's text, cut to the width; strto* then say where it really ends. */
static void copy_number(char *to, const struct input *input, const struct directive *directive)
{
	const size_t limit =
	    directive->width && directive->width < NUMBER_MAX ? directive->width : NUMBER_MAX - 1;
	const size_t length = strnlen(input->at, limit);

	memcpy(to, input->at, length);
	to[length] = '\0';
}

static bool scan_integer(struct input *input, const struct directive *directive, int base, bool is_signed,
                         struct arguments *arguments)
{
	char text[NUMBER_MAX], *end;
	const int saved = errno;
	uint64_t value;

	copy_number(text, input, directive);
	value = is_signed ? (uint64_t)strtoll(text, &end, base) : strtoull(text, &end, base);
	errno = saved;
	if (end == text)
		return false;
	input->at += end - text;
	if (!directive->discard)
		store_integer(arguments,
		              directive->letter == 'p' ? (sizeof(void *) == 8 ? 'L' : 0) : directive->size,
		              value);
	return true;
}

static bool scan_double(struct input *input, const struct directive *directive, struct arguments *arguments)
{
	char text[NUMBER_MAX], *end;
	const int saved = errno;

	copy_number(text, input, directive);
	if (directive->size) {
		const double value = strtod(text, &end);

		if (end != text && !directive->discard)
			*va_arg(arguments->list, double *) = value;
	} else {
		const float value = strtof(text, &end);

		if (end != text && !directive->discard)
			*va_arg(arguments->list, float *) = value;
	}
	errno = saved;
	input->at += end - text;
	return end != text;
}

/* %s, %[ and %c: at least one character of the set, at most `width`. */
static bool scan_text(struct input *input, const struct directive *directive, struct arguments *arguments)
{
	const bool exact = directive->letter == 'c';
	const size_t limit = directive->width ? directive->width : exact ? 1 : SIZE_MAX;
	char *const to = directive->discard ? NULL : va_arg(arguments->list, char *);
	size_t length = 0;

	for (; length < limit; length++) {
		const unsigned char c = (unsigned char)input->at[length];

		if (!c || (directive->letter == 's' && isspace(c)) ||
		    (directive->letter == '[' && !directive->set[c]))
			break;
	}
	if (!length) /* %5c takes fewer at the end of the text, as glibc has it */
		return false;
	if (to) {
		memcpy(to, input->at, length);
		if (!exact)
			to[length] = '\0';
	}
	input->at += length;
	return true;
}

static bool scan(struct input *input, const struct directive *directive, struct arguments *arguments)
{
	switch (directive->letter) {
	case 'd':
		return scan_integer(input, directive, 10, true, arguments);
	case 'i':
		return scan_integer(input, directive, 0, true, arguments);
	case 'u':
		return scan_integer(input, directive, 10, false, arguments);
	case 'o':
		return scan_integer(input, directive, 8, false, arguments);
	case 'x':
	case 'X':
	case 'p':
		return scan_integer(input, directive, 16, false, arguments);
	case 'a':
	case 'A':
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
		return scan_double(input, directive, arguments);
	case 'c':
	case 's':
	case '[':
		return scan_text(input, directive, arguments);
	default:
		return false;
	}
}

static void skip_space(struct input *input)
{
	while (isspace((unsigned char)*input->at))
		input->at++;
}

/* Number of values stored, or EOF if the input ends before the first is stored. */
static int scan_all(struct input *input, const char *format, struct arguments *arguments)
{
	struct directive directive;
	int stored = 0;

	while (*format) {
		if (isspace((unsigned char)*format)) {
			skip_space(input);
			format++;
			continue;
		}
		if (*format != '%' || format[1] == '%') {
			if (*format == '%') {
				format++;
				skip_space(input);
			}
			if (*input->at != *format)
				return !*input->at && !stored ? EOF : stored;
			input->at++;
			format++;
			continue;
		}
		format = read_directive(format + 1, &directive);
		if (!format)
			return stored;
		if (directive.letter == 'n') {
			if (!directive.discard)
				store_integer(arguments, directive.size,
				              (uint64_t)(input->at - input->start));
			continue;
		}
		if (directive.letter != 'c' && directive.letter != '[')
			skip_space(input);
		if (!*input->at)
			return stored ? stored : EOF;
		if (!scan(input, &directive, arguments))
			return stored;
		stored += !directive.discard;
	}
	return stored;
}

int vsscanf(const char *restrict text, const char *restrict format, va_list list)
{
	struct arguments arguments;
	struct input input = {text, text};
	int stored;

	va_copy(arguments.list, list);
	stored = scan_all(&input, format, &arguments);
	va_end(arguments.list);
	return stored;
}

int sscanf(const char *restrict text, const char *restrict format, ...)
{
	va_list arguments;
	int stored;

	va_start(arguments, format);
	stored = vsscanf(text, format, arguments);
	va_end(arguments);
	return stored;
}
