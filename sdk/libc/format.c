/* SPDX-License-Identifier: Apache-2.0 */
/* printf's formats (C11 7.21.6.1) except floating point, and the functions that use them. */
#include "format.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Not of ISO C: a program may have functions of these names. */
#pragma weak asprintf
#pragma weak vasprintf

void sink_put(struct sink *sink, const char *text, size_t length)
{
	if (sink->stream) {
		stream_write(sink->stream, text, length);
	} else if (sink->length < sink->room) {
		const size_t room = sink->room - sink->length;

		memcpy(sink->to + sink->length, text, length < room ? length : room);
	}
	sink->length += length;
}

void sink_fill(struct sink *sink, char c, size_t count)
{
	char block[32];

	if (!count)
		return;
	memset(block, c, sizeof(block));
	/* A width of 2^31 must not take 2^26 rounds where all of it is cut anyway. */
	if (!sink->stream && sink->length >= sink->room) {
		sink->length += count;
		return;
	}
	for (; count > sizeof(block); count -= sizeof(block))
		sink_put(sink, block, sizeof(block));
	sink_put(sink, block, count);
}

void put_number(struct sink *sink, const struct conversion *conversion, const char *prefix, size_t zeros,
                const char *digits, size_t length)
{
	const size_t prefix_length = strlen(prefix);
	const size_t all = prefix_length + zeros + length;
	const size_t pad = (size_t)conversion->width > all ? (size_t)conversion->width - all : 0;

	if (!conversion->left && !conversion->zero)
		sink_fill(sink, ' ', pad);
	sink_put(sink, prefix, prefix_length);
	if (!conversion->left && conversion->zero)
		sink_fill(sink, '0', pad);
	sink_fill(sink, '0', zeros);
	sink_put(sink, digits, length);
	if (conversion->left)
		sink_fill(sink, ' ', pad);
}

/* ---- Reading a conversion ------------------------------------------------- */

/* A va_list may be an array, which cannot be passed by address; in a struct it can. */
struct arguments {
	va_list list;
};

/* Digits, or `*`; false if the number is beyond int. */
static bool read_count(const char **format, struct arguments *arguments, int *count)
{
	if (**format == '*') {
		(*format)++;
		*count = va_arg(arguments->list, int);
		return true;
	}
	for (*count = 0; **format >= '0' && **format <= '9'; (*format)++) {
		if (__builtin_mul_overflow(*count, 10, count) ||
		    __builtin_add_overflow(*count, **format - '0', count))
			return false;
	}
	return true;
}

static void read_flags(const char **format, struct conversion *conversion)
{
	for (;; (*format)++) {
		switch (**format) {
		case '-':
			conversion->left = 1;
			break;
		case '+':
			conversion->plus = 1;
			break;
		case ' ':
			conversion->space = 1;
			break;
		case '#':
			conversion->alternate = 1;
			break;
		case '0':
			conversion->zero = 1;
			break;
		default:
			return;
		}
	}
}

static void read_size(const char **format, struct conversion *conversion)
{
	const char c = **format;

	switch (c) {
	case 'h':
	case 'l':
		conversion->size = c;
		if (*++*format == c) {
			conversion->size = c == 'h' ? 'H' : 'L';
			++*format;
		}
		break;
	case 'j':
	case 'q':
		conversion->size = 'L';
		++*format;
		break;
	case 'z':
	case 't':
		conversion->size = sizeof(size_t) == sizeof(long) ? 'l' : 0;
		++*format;
		break;
	case 'L':
		++*format;
		break;
	default:
		break;
	}
}

/* Reads what follows a %; false if width or precision are beyond int. */
static bool read_conversion(const char **format, struct arguments *arguments, struct conversion *conversion)
{
	*conversion = (struct conversion){.precision = -1};
	read_flags(format, conversion);
	if (!read_count(format, arguments, &conversion->width))
		return false;
	if (conversion->width < 0) { /* from an argument: means the flag '-' */
		if (conversion->width == INT_MIN)
			return false;
		conversion->left = 1;
		conversion->width = -conversion->width;
	}
	if (**format == '.') {
		++*format;
		if (!read_count(format, arguments, &conversion->precision))
			return false;
		if (conversion->precision < 0)
			conversion->precision = -1;
	}
	read_size(format, conversion);
	conversion->letter = **format;
	if (conversion->letter)
		++*format;
	return true;
}

/* ---- Integers and text ------------------------------------------------------ */

static uint64_t unsigned_argument(struct arguments *arguments, char size)
{
	switch (size) {
	case 'H':
		return (unsigned char)va_arg(arguments->list, unsigned int);
	case 'h':
		return (unsigned short)va_arg(arguments->list, unsigned int);
	case 'l':
		return va_arg(arguments->list, unsigned long);
	case 'L':
		return va_arg(arguments->list, unsigned long long);
	default:
		return va_arg(arguments->list, unsigned int);
	}
}

static int64_t signed_argument(struct arguments *arguments, char size)
{
	switch (size) {
	case 'H':
		return (signed char)va_arg(arguments->list, int);
	case 'h':
		return (short)va_arg(arguments->list, int);
	case 'l':
		return va_arg(arguments->list, long);
	case 'L':
		return va_arg(arguments->list, long long);
	default:
		return va_arg(arguments->list, int);
	}
}

/* Enough for 64 bits in octal. */
#define DIGITS_MAX 24

/* Writes the digits of `value` so that they end at `end`; returns where they start. Nothing for 0. */
static char *digits_of(char *end, uint64_t value, char letter)
{
	const char *const letters = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";

	switch (letter) {
	case 'o':
		for (; value; value >>= 3)
			*--end = (char)('0' + (value & 7));
		break;
	case 'x':
	case 'X':
		for (; value; value >>= 4)
			*--end = letters[value & 15];
		break;
	default:
		for (; value >> 32; value /= 10)
			*--end = (char)('0' + value % 10);
		for (uint32_t low = (uint32_t)value; low; low /= 10)
			*--end = (char)('0' + low % 10);
		break;
	}
	return end;
}

static void put_integer(struct sink *sink, struct conversion *conversion, uint64_t value, const char *prefix)
{
	char buffer[DIGITS_MAX];
	char *const end = buffer + sizeof(buffer);
	char *const start = digits_of(end, value, conversion->letter);
	const size_t length = (size_t)(end - start);
	size_t wanted = conversion->precision < 0 ? 1 : (size_t)conversion->precision;

	if (conversion->precision >= 0)
		conversion->zero = 0;
	if (conversion->letter == 'o' && conversion->alternate && wanted <= length)
		wanted = length + 1;
	put_number(sink, conversion, prefix, wanted > length ? wanted - length : 0, start, length);
}

static void put_signed(struct sink *sink, struct conversion *conversion, struct arguments *arguments)
{
	const int64_t value = signed_argument(arguments, conversion->size);
	const char *const sign = value < 0 ? "-" : conversion->plus ? "+" : conversion->space ? " " : "";

	put_integer(sink, conversion, value < 0 ? -(uint64_t)value : (uint64_t)value, sign);
}

static void put_unsigned(struct sink *sink, struct conversion *conversion, struct arguments *arguments)
{
	const uint64_t value = unsigned_argument(arguments, conversion->size);
	const bool marked = conversion->alternate && value;

	put_integer(sink, conversion, value,
	            !marked                     ? ""
	            : conversion->letter == 'x' ? "0x"
	            : conversion->letter == 'X' ? "0X"
	                                        : "");
}

static void put_text(struct sink *sink, struct conversion *conversion, const char *text, size_t length)
{
	conversion->zero = 0;
	put_number(sink, conversion, "", 0, text, length);
}

static void put_string(struct sink *sink, struct conversion *conversion, const char *text)
{
	if (!text)
		text = "(null)";
	put_text(sink, conversion, text,
	         conversion->precision < 0 ? strlen(text) : strnlen(text, (size_t)conversion->precision));
}

static void put_pointer(struct sink *sink, struct conversion *conversion, const void *pointer)
{
	if (!pointer) {
		put_text(sink, conversion, "(nil)", 5);
		return;
	}
	conversion->letter = 'x';
	put_integer(sink, conversion, (uintptr_t)pointer, "0x");
}

/* False for a conversion that is not supported. */
static bool convert(struct sink *sink, struct conversion *conversion, struct arguments *arguments)
{
	char c;

	switch (conversion->letter) {
	case 'd':
	case 'i':
		put_signed(sink, conversion, arguments);
		return true;
	case 'o':
	case 'u':
	case 'x':
	case 'X':
		put_unsigned(sink, conversion, arguments);
		return true;
	case 'a':
	case 'A':
	case 'e':
	case 'E':
	case 'f':
	case 'F':
	case 'g':
	case 'G':
		format_double(sink, conversion, va_arg(arguments->list, double));
		return true;
	case 'p':
		put_pointer(sink, conversion, va_arg(arguments->list, void *));
		return true;
	case '%':
		sink_put(sink, "%", 1);
		return true;
	case 'c':
		if (conversion->size)
			return false;
		c = (char)va_arg(arguments->list, int);
		put_text(sink, conversion, &c, 1);
		return true;
	case 's':
		if (conversion->size)
			return false;
		put_string(sink, conversion, va_arg(arguments->list, const char *));
		return true;
	default:
		return false;
	}
}

int format_to(struct sink *sink, const char *format, va_list list)
{
	struct arguments arguments;
	int result = 0;

	va_copy(arguments.list, list);
	for (;;) {
		struct conversion conversion;
		const char *const percent = strchrnul(format, '%');

		sink_put(sink, format, (size_t)(percent - format));
		if (!*percent)
			break;
		format = percent + 1;
		if (!read_conversion(&format, &arguments, &conversion)) {
			errno = EOVERFLOW;
			result = -1;
			break;
		}
		if (!convert(sink, &conversion, &arguments)) {
			errno = EINVAL;
			result = -1;
			break;
		}
		if (sink->length > INT_MAX)
			break;
	}
	va_end(arguments.list);
	if (!result && sink->length > INT_MAX) {
		errno = EOVERFLOW;
		result = -1;
	}
	return result ? result : (int)sink->length;
}

/* ---- To memory -------------------------------------------------------------- */

int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list arguments)
{
	struct sink sink = {.to = to, .room = size ? size - 1 : 0};
	const int length = format_to(&sink, format, arguments);

	if (size)
		to[sink.length < sink.room ? sink.length : sink.room] = '\0';
	return length;
}

int snprintf(char *restrict to, size_t size, const char *restrict format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(to, size, format, arguments);
	va_end(arguments);
	return length;
}

int vsprintf(char *restrict to, const char *restrict format, va_list arguments)
{
	return vsnprintf(to, INT_MAX, format, arguments);
}

int sprintf(char *restrict to, const char *restrict format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsprintf(to, format, arguments);
	va_end(arguments);
	return length;
}

int vasprintf(char **restrict to, const char *restrict format, va_list arguments)
{
	va_list again;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	*to = length < 0 ? NULL : malloc((size_t)length + 1);
	if (!*to)
		return -1;
	return vsnprintf(*to, (size_t)length + 1, format, arguments);
}

int asprintf(char **restrict to, const char *restrict format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(to, format, arguments);
	va_end(arguments);
	return length;
}
