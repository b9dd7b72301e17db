/* SPDX-License-Identifier: Apache-2.0 */
/* Abstract states in words. Plays no part in the proof. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "check.h"

struct text {
	char *buffer;
	size_t size;
	size_t used; /* without the NUL; may exceed the size */
};

__attribute__((format(printf, 2, 3))) static void append(struct text *text, const char *format, ...)
{
	const size_t left = text->used < text->size ? text->size - text->used : 0;
	va_list arguments;

	va_start(arguments, format);
	text->used +=
	    (size_t)vsnprintf(left == 0 ? NULL : text->buffer + text->used, left, format, arguments);
	va_end(arguments);
}

static void append_value(struct text *text, struct value value)
{
	static const char *const names[] = {
	    [VALUE_ANY] = "any", [VALUE_BITS] = "bits", [VALUE_CELL] = "cell", [VALUE_HALF] = "bits"};

	if (value_is_init(value))
		append(text, "init(%s)", rfv_register_name(value_init_register(value)));
	else
		append(text, "%s(0x%" PRIx32 ")", names[value.kind], value.mask);
}

size_t rfv_format_state(const struct rfv_state *state, char *buffer, size_t size)
{
	const struct state *values = state->state;
	struct text text = {.buffer = buffer, .size = size};

	append(&text, "depth=%" PRId32, values->depth);
	for (uint8_t i = 0; i < R14; i++) {
		if (values->values[i].kind == VALUE_ANY)
			continue;
		append(&text, " %s=", rfv_register_name(i));
		append_value(&text, values->values[i]);
	}
	for (int32_t place = 0; place < values->depth; place += UNIT_SIZE) {
		const uint32_t unit = (uint32_t)(place - values->depth + RF_FRAME_MAX) / UNIT_SIZE + 1;
		const uint32_t number = state->frame->number[unit];

		if (number == 0 || values->values[FIRST_UNIT + number - 1].kind == VALUE_ANY)
			continue;
		append(&text, " [rsp+%" PRId32 "]=", place);
		append_value(&text, values->values[FIRST_UNIT + number - 1]);
	}
	return text.used;
}
