/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool.h"

static bool read_all(int file, struct contents *contents, size_t capacity)
{
	contents->bytes = malloc(capacity);
	while (contents->bytes != NULL && contents->size <= RFV_FILE_MAX) {
		ssize_t got;

		if (contents->size == capacity) {
			uint8_t *larger = realloc(contents->bytes, capacity *= 2);
			if (larger == NULL)
				return false;
			contents->bytes = larger;
		}
		got = read(file, contents->bytes + contents->size, capacity - contents->size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return false;
		if (got == 0)
			break;
		contents->size += (size_t)got;
	}
	contents->whole = contents->size <= RFV_FILE_MAX;
	return contents->bytes != NULL;
}

bool read_file(const char *path, struct contents *contents)
{
	const int file = open(path, O_RDONLY | O_CLOEXEC);
	size_t capacity = 1 << 16;
	struct stat status;
	bool good = false;
	int error;

	*contents = (struct contents){0};
	if (file < 0)
		return false;
	if (fstat(file, &status) == 0) {
		if (status.st_size > 0 && status.st_size <= RFV_FILE_MAX)
			capacity = (size_t)status.st_size + 1;
		good = read_all(file, contents, capacity);
	}
	error = errno;
	if (!good) {
		free(contents->bytes);
		contents->bytes = NULL;
	}
	(void)close(file);
	errno = error;
	return good;
}

static bool write_and_close(int file, const char *bytes, size_t size)
{
	bool good = file >= 0;
	int error = errno;

	while (good && size > 0) {
		const ssize_t written = write(file, bytes, size);

		if (written < 0 && errno == EINTR)
			continue;
		good = written >= 0;
		error = errno;
		if (good) {
			bytes += written;
			size -= (size_t)written;
		}
	}
	if (file >= 0 && close(file) != 0 && good) {
		good = false;
		error = errno;
	}
	errno = error;
	return good;
}

static bool replace(const char *path, const char *bytes, size_t size)
{
	const mode_t mask = umask(0);
	const size_t length = strlen(path) + sizeof ".XXXXXX";
	char *temporary = malloc(length);
	int error;
	int file;

	(void)umask(mask);
	if (temporary == NULL)
		return false;
	(void)snprintf(temporary, length, "%s.XXXXXX", path);
	file = mkstemp(temporary);
	if (file >= 0)
		(void)fchmod(file, 0666 & ~mask);
	if (file >= 0 && write_and_close(file, bytes, size) && rename(temporary, path) == 0) {
		free(temporary);
		return true;
	}
	error = errno;
	if (file >= 0)
		(void)unlink(temporary);
	free(temporary);
	errno = error;
	return false;
}

bool write_file(const char *path, const void *bytes, size_t size)
{
	struct stat status;
	char *target;
	bool good;

	if (stat(path, &status) != 0)
		return replace(path, bytes, size);
	if (!S_ISREG(status.st_mode)) /* a device or a pipe */
		return write_and_close(open(path, O_WRONLY | O_CLOEXEC), bytes, size);
	target = realpath(path, NULL); /* not the link but what it leads to */
	good = target != NULL && replace(target, bytes, size);
	free(target);
	return good;
}
