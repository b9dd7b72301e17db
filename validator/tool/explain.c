/* SPDX-License-Identifier: Apache-2.0 */
/* --explain: the rule's section of docs/rules.md, which rules.S holds, for a terminal. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define COLUMNS 78

extern const char rules_text[], rules_text_end[];

/* ---- Sections ----------------------------------------------------------- */

static const char *next_line(const char *line)
{
	const char *end = memchr(line, '\n', (size_t)(rules_text_end - line));

	return end == NULL ? rules_text_end : end + 1;
}

static bool is_heading(const char *line)
{
	return strncmp(line, "## ", 3) == 0 || strncmp(line, "### ", 4) == 0;
}

const char *rule_markdown(enum rfv_rule rule, size_t *size)
{
	const char *name = rfv_rule_name(rule);
	const size_t length = strlen(name);
	const char *line = rules_text;
	const char *start;

	while (line < rules_text_end && !(strncmp(line, "### ", 4) == 0 &&
	                                  strncmp(line + 4, name, length) == 0 && line[4 + length] == '\n'))
		line = next_line(line);
	if (line == rules_text_end)
		return NULL;
	start = line = next_line(line);
	while (line < rules_text_end && !is_heading(line))
		line = next_line(line);
	while (line > start && isspace((unsigned char)line[-1]))
		line--;
	*size = (size_t)(line - start);
	return start;
}

/* ---- Plain text --------------------------------------------------------- */

/* One word of a paragraph on the line at hand or the next. */
static void put_word(FILE *out, const char *word, size_t length, size_t *column)
{
	if (*column > 0 && *column + 1 + length > COLUMNS) {
		(void)fputc('\n', out);
		*column = 0;
	} else if (*column > 0) {
		(void)fputc(' ', out);
		++*column;
	}
	(void)fwrite(word, 1, length, out);
	*column += length;
}

/* Markdown's marks taken out of one line, in place: *emphasis*, `code`, [text](target). */
static void strip_marks(char *line)
{
	char *out = line;
	bool code = false;

	for (const char *in = line; *in != '\0'; in++) {
		const char *target = *in == ']' && in[1] == '(' ? strchr(in, ')') : NULL;

		if (*in == '`') {
			code = !code;
		} else if (!code && target != NULL) {
			in = target;
		} else if (code || (*in != '*' && !(*in == '[' && strstr(in, "](") != NULL))) {
			*out++ = *in;
		}
	}
	*out = '\0';
}

static void put_paragraph_line(FILE *out, char *line, size_t *column)
{
	strip_marks(line);
	while (*line != '\0') {
		const size_t length = strcspn(line, " \t");

		if (length > 0)
			put_word(out, line, length, column);
		line += length;
		line += strspn(line, " \t");
	}
}

static void end_paragraph(FILE *out, size_t *column)
{
	if (*column > 0)
		(void)fputc('\n', out);
	*column = 0;
}

/* Each of a section's parts is a paragraph: what is demanded, Why, Broken by, Fix. */
static void put_plain(FILE *out, const char *markdown, size_t size)
{
	const char *end = markdown + size;
	size_t column = 0;
	bool code = false;

	for (const char *at = markdown; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		char *line = strndup(at, (size_t)((stop == NULL ? end : stop) - at));

		at = stop == NULL ? end : stop + 1;
		if (line == NULL)
			return;
		if (strncmp(line, "```", 3) == 0) {
			end_paragraph(out, &column);
			code = !code;
		} else if (code) {
			(void)fprintf(out, "    %s\n", *line == '\t' ? line + 1 : line);
		} else if (*line == '\0') {
			end_paragraph(out, &column);
			(void)fputc('\n', out);
		} else {
			put_paragraph_line(out, line, &column);
		}
		free(line);
	}
	end_paragraph(out, &column);
}

char *rule_plain(enum rfv_rule rule)
{
	size_t size = 0;
	const char *markdown = rule_markdown(rule, &size);
	char *plain = NULL;
	size_t length = 0;
	FILE *out = markdown == NULL ? NULL : open_memstream(&plain, &length);

	if (out == NULL)
		return NULL;
	put_plain(out, markdown, size);
	if (fclose(out) == 0)
		return plain;
	free(plain);
	return NULL;
}

/* ---- Names -------------------------------------------------------------- */

/* How many letters must be changed, added or taken away to turn one into the other (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[64];
	const size_t width = strlen(b);

	if (width + 1 > sizeof row / sizeof *row)
		return width;
	for (size_t i = 0; i <= width; i++)
		row[i] = i;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t corner = row[0];

		row[0] = i + 1;
		for (size_t k = 1; k <= width; k++) {
			const size_t change = corner + (a[i] != b[k - 1]);

			corner = row[k];
			row[k] = row[k] < row[k - 1] ? row[k] + 1 : row[k - 1] + 1;
			if (change < row[k])
				row[k] = change;
		}
	}
	return row[width];
}

static bool is_near(const char *name, const char *rule)
{
	return strstr(rule, name) != NULL || (strlen(name) < 64 && distance(name, rule) <= strlen(rule) / 3);
}

static void suggest(const char *name)
{
	bool any = false;

	(void)fputs("rf-validate: there is no rule '", stderr);
	put_display(stderr, name);
	(void)fputs("'", stderr);
	for (int rule = RFV_RULE_NONE + 1; rule < RFV_RULE_COUNT && *name != '\0'; rule++) {
		if (!is_near(name, rfv_rule_name((enum rfv_rule)rule)))
			continue;
		(void)fprintf(stderr, "%s %s", any ? "," : "; did you mean",
		              rfv_rule_name((enum rfv_rule)rule));
		any = true;
	}
	(void)fputs(any ? "?\n" : "; --list-rules lists them\n", stderr);
}

bool explain(const char *name)
{
	for (int rule = RFV_RULE_NONE + 1; rule < RFV_RULE_COUNT; rule++) {
		char *plain;

		if (strcmp(name, rfv_rule_name((enum rfv_rule)rule)) != 0)
			continue;
		plain = rule_plain((enum rfv_rule)rule);
		(void)printf("%s: %s\n\n%s", name, rfv_rule_summary((enum rfv_rule)rule),
		             plain == NULL ? "" : plain);
		free(plain);
		return true;
	}
	suggest(name);
	return false;
}
