/* SPDX-License-Identifier: Apache-2.0 */
/* What the compiler's tools share: where they stand, and how they run other programs. */
#ifndef RINGFENCE_TOOL_PROCESS_H
#define RINGFENCE_TOOL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>

#define EXIT_INTERNAL 3

/* Directory of this program. False, with a message, if it cannot be told. */
bool tool_directory(char *directory, size_t size);

/* directory/name, or an exit: a path that long has no file. */
void tool_path(char *path, size_t size, const char *directory, const char *name);

/* Runs a program to its end; its exit status, or EXIT_INTERNAL where it has none. */
int tool_run(char *const *arguments, bool output_to_stderr);

#endif
