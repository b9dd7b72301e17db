/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of any bytes, made safe for each kind of reader. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

/* The character at the start of the bytes: its length in UTF-8, or 0 if that is none. RFC 3629. */
static size_t character(const char *text, uint32_t *point)
{
	static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	const uint8_t *bytes = (const uint8_t *)text;
	size_t length = bytes[0] < 0x80   ? 1
	                : bytes[0] < 0xc0 ? 0
	                : bytes[0] < 0xe0 ? 2
	                : bytes[0] < 0xf0 ? 3
	                : bytes[0] < 0xf8 ? 4
	                                  : 0;

	if (length == 1)
		*point = bytes[0];
	else if (length > 0)
		*point = bytes[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80) /* a NUL ends it here */
			return 0;
		*point = *point << 6 | (bytes[i] & 0x3fu);
	}
	if (length > 1 && (*point < lowest[length] || *point > 0x10ffff || (*point & ~0x7ffu) == 0xd800))
		return 0;
	return length;
}

/* Control characters and those that reorder the text around them. */
static bool is_deceptive(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point < 0xa0) || (point >= 0x200b && point <= 0x200f) ||
	       (point >= 0x2028 && point <= 0x202e) || (point >= 0x2060 && point <= 0x206f) ||
	       point == 0x061c || point == 0xfeff;
}

void put_display(FILE *out, const char *bytes)
{
	while (*bytes != '\0') {
		uint32_t point = 0;
		const size_t length = character(bytes, &point);
		const size_t step = length == 0 ? 1 : length;

		for (size_t i = 0; i < step; i++) {
			if (length == 0 || is_deceptive(point))
				(void)fprintf(out, "\\x%02x", (uint8_t)bytes[i]);
			else
				(void)fputc(bytes[i], out);
		}
		bytes += step;
	}
}

static void put_replacement(FILE *out)
{
	(void)fputs("\xef\xbf\xbd", out);
}

void put_xml(FILE *out, const char *bytes)
{
	while (*bytes != '\0') {
		uint32_t point = 0;
		const size_t length = character(bytes, &point);
		const bool space = point == '\t' || point == '\n' || point == '\r';
		/* XML 1.0, production 2: other characters cannot be written at all. */
		const bool legal =
		    length > 0 && (point >= 0x20 || space) && point != 0xfffe && point != 0xffff;

		if (!legal)
			put_replacement(out);
		else if (space || strchr("&<>\"'", (int)(uint8_t)*bytes) != NULL ||
		         (point >= 0x7f && point < 0xa0))
			(void)fprintf(out, "&#%u;", (unsigned)point);
		else
			(void)fwrite(bytes, 1, length, out);
		bytes += length == 0 ? 1 : length;
	}
}

void put_workflow(FILE *out, const char *bytes, bool property)
{
	while (*bytes != '\0') {
		uint32_t point = 0;
		const size_t length = character(bytes, &point);

		if (length == 0)
			put_replacement(out);
		else if (point == '%' || point == '\r' || point == '\n' ||
		         (property && (point == ':' || point == ',')))
			(void)fprintf(out, "%%%02X", (unsigned)point);
		else
			(void)fwrite(bytes, 1, length, out);
		bytes += length == 0 ? 1 : length;
	}
}

char *utf8_copy(const char *bytes)
{
	char *copy = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&copy, &size);

	if (out == NULL)
		return NULL;
	while (*bytes != '\0') {
		uint32_t point = 0;
		const size_t length = character(bytes, &point);

		if (length == 0)
			put_replacement(out);
		else
			(void)fwrite(bytes, 1, length, out);
		bytes += length == 0 ? 1 : length;
	}
	if (fclose(out) == 0)
		return copy;
	free(copy);
	return NULL;
}

/* "." and ".." taken out of an absolute path, without looking at the disk: sources need not be there. */
static void normalise(char *path)
{
	char *out = path;

	for (const char *in = path; *in != '\0';) {
		const size_t length = strcspn(in + 1, "/");

		if (length == 2 && strncmp(in + 1, "..", 2) == 0) {
			while (out > path && *--out != '/')
				;
		} else if (length > 0 && !(length == 1 && in[1] == '.')) {
			memmove(out, in, length + 1);
			out += length + 1;
		}
		in += length + 1;
	}
	*out = '\0';
}

char *relative_path(const char *root, const char *directory, const char *path)
{
	const size_t length = strlen(root);
	const bool absolute = *path == '/';
	char *full = malloc(strlen(directory) + strlen(path) + 3);
	char *result;

	if (full == NULL)
		return NULL;
	(void)sprintf(full, "%s/%s", absolute ? "" : directory, path);
	normalise(full);
	if (strncmp(full, root, length) == 0 && full[length] == '/' && full[length + 1] != '\0') {
		memmove(full, full + length + 1, strlen(full + length + 1) + 1);
		return full;
	}
	result = *full == '\0' ? strdup("/") : strdup(full);
	free(full);
	return result;
}

char *path_uri(const char *path)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
	char *uri = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&uri, &size);

	if (out == NULL)
		return NULL;
	if (*path == '/')
		(void)fputs("file://", out);
	for (; *path != '\0'; path++)
		(void)fprintf(out, strchr(plain, *path) != NULL ? "%c" : "%%%02X", (uint8_t)*path);
	if (fclose(out) == 0)
		return uri;
	free(uri);
	return NULL;
}
