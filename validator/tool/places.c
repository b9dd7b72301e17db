/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file's section headers, symbols and DWARF are as hostile as the rest of
 * it, and the libraries that read them are large. So a child process reads
 * them, which can only compute and write its answer into one pipe, and has
 * limits of time and memory. What it answers is not trusted either.
 */
#include <errno.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#if defined __SANITIZE_ADDRESS__
#define SANITIZED true /* reserves terabytes of addresses */
#else
#define SANITIZED false
#endif

#define CHILD_SECONDS 10
#define CHILD_MEMORY (UINT64_C(2) << 30)
#define PATIENCE_MS 60000 /* for a child that does not even use its time */
#define NAME_MAX_BYTES 4096u
#define ANSWER_MAX (UINT64_C(256) << 20)

/* One answer, followed by the names with a NUL each; a length includes it and is 0 where there is none. */
struct answer {
	uint32_t symbol_offset;
	int32_t line;
	uint32_t symbol_length;
	uint32_t file_length;
};

/* ---- The child ---------------------------------------------------------- */

/* No more than this, and than there is already. */
static bool limit(int resource, rlim_t most)
{
	struct rlimit limits;

	if (getrlimit(resource, &limits) != 0)
		return false;
	if (limits.rlim_max > most)
		limits.rlim_max = most;
	if (limits.rlim_cur > most)
		limits.rlim_cur = most;
	return setrlimit(resource, &limits) == 0;
}

static bool confine(int pipe_end)
{
	static const int calls[] = {SCMP_SYS(brk),        SCMP_SYS(munmap),
	                            SCMP_SYS(mremap),     SCMP_SYS(madvise),
	                            SCMP_SYS(futex),      SCMP_SYS(exit),
	                            SCMP_SYS(exit_group), SCMP_SYS(rt_sigreturn),
	                            SCMP_SYS(getrandom),  SCMP_SYS(restart_syscall),
	                            SCMP_SYS(sigaltstack) /* sanitizers */};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	bool good = filter != NULL && prctl(PR_SET_DUMPABLE, 0) == 0 && limit(RLIMIT_CPU, CHILD_SECONDS) &&
	            limit(RLIMIT_CORE, 0) && (SANITIZED || limit(RLIMIT_AS, CHILD_MEMORY));

	for (size_t i = 0; good && i < sizeof calls / sizeof *calls; i++)
		good = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) == 0;
	good = good &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	                        SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)) == 0 &&
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
	                        SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)pipe_end)) == 0 &&
	       seccomp_load(filter) == 0;
	seccomp_release(filter);
	return good;
}

static bool write_all(int file, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0) {
		const ssize_t written = write(file, at, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		at += written;
		size -= (size_t)written;
	}
	return true;
}

static uint32_t name_length(const char *name)
{
	return name == NULL || *name == '\0' ? 0 : (uint32_t)strnlen(name, NAME_MAX_BYTES - 1) + 1;
}

static bool write_name(int file, const char *name, uint32_t length)
{
	return length == 0 || (write_all(file, name, length - 1) && write_all(file, "", 1));
}

/* Not exit: what stdio holds is the parent's. Nor _exit, where sanitizers look for leaks. */
static _Noreturn void leave(int code)
{
	for (;;)
		(void)syscall(SYS_exit_group, code);
}

static _Noreturn void child(int pipe_end, const void *bytes, size_t size, const uint32_t *addresses,
                            size_t count)
{
	struct symbols *symbols;

	if (!confine(pipe_end))
		leave(1);
	symbols = symbols_open(bytes, size);
	for (size_t i = 0; i < count; i++) {
		const struct place place = symbols_find(symbols, addresses[i]);
		const struct answer answer = {.symbol_offset = place.symbol_offset,
		                              .line = place.line,
		                              .symbol_length = name_length(place.symbol),
		                              .file_length = name_length(place.file)};

		if (!write_all(pipe_end, &answer, sizeof answer) ||
		    !write_name(pipe_end, place.symbol, answer.symbol_length) ||
		    !write_name(pipe_end, place.file, answer.file_length))
			leave(2);
	}
	leave(0);
}

/* ---- The parent --------------------------------------------------------- */

static int64_t now_ms(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

/* Everything that comes until the other end is closed, the time is over or it is too much. */
static char *read_answers(int pipe_end, size_t *size)
{
	const int64_t end = now_ms() + PATIENCE_MS;
	size_t capacity = 1 << 16;
	char *bytes = malloc(capacity);

	*size = 0;
	while (bytes != NULL && *size < ANSWER_MAX) {
		struct pollfd wait = {.fd = pipe_end, .events = POLLIN};
		const int64_t left = end - now_ms();
		ssize_t got;

		if (*size == capacity) {
			char *larger = realloc(bytes, capacity *= 2);
			if (larger == NULL)
				break;
			bytes = larger;
		}
		if (left <= 0 || (poll(&wait, 1, (int)left) < 0 && errno != EINTR))
			break;
		if (wait.revents == 0)
			continue;
		got = read(pipe_end, bytes + *size, capacity - *size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		*size += (size_t)got;
	}
	return bytes;
}

/* The name at `*at`, which it moves on; NULL if there is none. */
static const char *take_name(char *bytes, size_t *at, uint32_t length)
{
	char *name = bytes + *at;

	if (length == 0)
		return NULL;
	*at += length;
	name[length - 1] = '\0';
	return *name == '\0' ? NULL : name;
}

static void take_answers(struct places *places, size_t size, size_t count)
{
	size_t at = 0;

	for (size_t i = 0; i < count && places->names != NULL; i++) {
		struct place *place = &places->places[i];
		struct answer answer;

		if (size - at < sizeof answer)
			return;
		memcpy(&answer, places->names + at, sizeof answer);
		at += sizeof answer;
		if (answer.symbol_length > NAME_MAX_BYTES || answer.file_length > NAME_MAX_BYTES ||
		    size - at < answer.symbol_length + answer.file_length)
			return;
		place->symbol_offset = answer.symbol_offset;
		place->symbol = take_name(places->names, &at, answer.symbol_length);
		place->file = take_name(places->names, &at, answer.file_length);
		place->line = answer.line;
		if (answer.line < 1)
			place->file = NULL;
	}
}

static const char *ask_child(struct places *places, const void *bytes, size_t size, const uint32_t *addresses,
                             size_t count)
{
	int ends[2];
	size_t answered;
	int status = 0;
	pid_t pid;

	if (pipe(ends) != 0)
		return "no pipe for the process that reads them";
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		child(ends[1], bytes, size, addresses, count);
	}
	(void)close(ends[1]);
	if (pid > 0)
		places->names = read_answers(ends[0], &answered);
	(void)close(ends[0]);
	if (pid < 0)
		return "no process to read them";
	(void)kill(pid, SIGKILL); /* it has ended, or has had its time */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	take_answers(places, answered, count);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return NULL;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return "the process that reads them could not be confined";
	return "reading them took too long or failed";
}

void places_find(struct places *places, const void *bytes, size_t size, const uint32_t *addresses,
                 size_t count)
{
	*places = (struct places){.places = calloc(count + 1, sizeof *places->places)};
	if (places->places == NULL)
		places->problem = "not enough memory";
	else if (count > 0)
		places->problem = ask_child(places, bytes, size, addresses, count);
}

void places_free(struct places *places)
{
	free(places->places);
	free(places->names);
}
