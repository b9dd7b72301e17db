/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SELF program_invocation_short_name

bool tool_directory(char *directory, size_t size)
{
	const ssize_t length = readlink("/proc/self/exe", directory, size - 1);
	if (length < 0) {
		fprintf(stderr, "%s: cannot tell where it is installed: %s\n", SELF, strerror(errno));
		return false;
	}
	directory[length] = '\0';
	/* The kernel gives an absolute path. */
	*strrchr(directory, '/') = '\0';
	return true;
}

void tool_path(char *path, size_t size, const char *directory, const char *name)
{
	const int length = snprintf(path, size, "%s/%s", directory, name);
	if (length >= 0 && (size_t)length < size)
		return;
	fprintf(stderr, "%s: the path is too long: %s/%s\n", SELF, directory, name);
	exit(EXIT_INTERNAL);
}

int tool_run(char *const *arguments, bool output_to_stderr)
{
	const pid_t child = fork();
	if (child < 0) {
		fprintf(stderr, "%s: cannot start %s: %s\n", SELF, arguments[0], strerror(errno));
		return EXIT_INTERNAL;
	}
	if (child == 0) {
		signal(SIGINT, SIG_DFL);
		signal(SIGTERM, SIG_DFL);
		if (output_to_stderr)
			dup2(STDERR_FILENO, STDOUT_FILENO);
		execvp(arguments[0], arguments);
		fprintf(stderr, "%s: cannot run %s: %s\n", SELF, arguments[0], strerror(errno));
		_exit(EXIT_INTERNAL);
	}
	int status = 0;
	while (waitpid(child, &status, 0) < 0) {
		if (errno == EINTR)
			continue;
		fprintf(stderr, "%s: lost sight of %s: %s\n", SELF, arguments[0], strerror(errno));
		return EXIT_INTERNAL;
	}
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	fprintf(stderr, "%s: %s was ended by signal %d\n", SELF, arguments[0], WTERMSIG(status));
	return EXIT_INTERNAL;
}
