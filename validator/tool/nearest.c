/* SPDX-License-Identifier: Apache-2.0 */
/* The names that are nearest to one that does not exist, by Levenshtein's distance. */
#include <stdlib.h>
#include <string.h>

#include "tool.h"

#define COMPARED 48 /* bytes of each name: names are the file's, and of any length */

/* How many characters have to be put in, left out or replaced to make one of the other. */
static unsigned distance(const char *a, const char *b)
{
	const size_t height = strnlen(a, COMPARED);
	const size_t width = strnlen(b, COMPARED);
	unsigned row[COMPARED + 1]; /* from the first i bytes of a to the first j of b */

	for (size_t j = 0; j <= width; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; i <= height; i++) {
		unsigned diagonal = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= width; j++) {
			const unsigned replaced = diagonal + (a[i - 1] != b[j - 1]);
			const unsigned moved = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

			diagonal = row[j];
			row[j] = replaced < moved ? replaced : moved;
		}
	}
	return row[width];
}

static bool is_listed(const struct nearest *nearest, const char *name)
{
	for (size_t i = 0; i < nearest->count; i++)
		if (strcmp(nearest->names[i].name, name) == 0)
			return true;
	return false;
}

bool nearest_add(struct nearest *nearest, const char *name)
{
	const unsigned far = distance(nearest->wanted, name);
	size_t at = nearest->count;
	char *copy;

	while (at > 0 && nearest->names[at - 1].distance > far)
		at--;
	if (at == NEAREST_MAX || is_listed(nearest, name))
		return true;
	copy = strdup(name);
	if (copy == NULL)
		return false;
	if (nearest->count == NEAREST_MAX)
		free(nearest->names[--nearest->count].name);
	memmove(&nearest->names[at + 1], &nearest->names[at],
	        (nearest->count - at) * sizeof nearest->names[0]);
	nearest->names[at].distance = far;
	nearest->names[at].name = copy;
	nearest->count++;
	return true;
}

void nearest_free(struct nearest *nearest)
{
	for (size_t i = 0; i < nearest->count; i++)
		free(nearest->names[i].name);
	nearest->count = 0;
}
