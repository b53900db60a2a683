/* SPDX-License-Identifier: Apache-2.0 */
/* posix_spawn, a pipe, and a deadline. */
#include "aws/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/exchange.h"
#include "base/clock.h"
#include "base/mem.h"

#define WORDS_MAX 64
#define LOOK_MS 100
#define REAP_MS 2000

/* Cuts command up in place. -1: a quote that is not closed, or too many words. */
static int split(char *command, char *words[WORDS_MAX + 1])
{
	static const char space[] = " \t\r\n";
	char *from = command, *to;
	int n = 0;

	for (from += strspn(from, space); *from != '\0'; from += strspn(from, space)) {
		char quote = '\0';

		if (n == WORDS_MAX)
			return -1;
		words[n++] = to = from;
		for (; *from != '\0' && (quote != '\0' || strchr(space, *from) == NULL); from++) {
			if (*from == quote)
				quote = '\0';
			else if (quote == '\0' && (*from == '\'' || *from == '"'))
				quote = *from;
			else if (*from == '\\' && quote != '\'' && from[1] != '\0' &&
				 (quote == '\0' || from[1] == '"' || from[1] == '\\'))
				*to++ = *++from;
			else
				*to++ = *from;
		}
		if (quote != '\0')
			return -1;
		if (*from != '\0')
			from++;
		*to = '\0';
	}
	words[n] = NULL;
	return n > 0 ? 0 : -1;
}

/* An errno; *out_fd reads what it prints. */
static int spawn(char **words, pid_t *pid, int *out_fd)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int ends[2], rc;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return errno;
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, ends[1], 1);
	posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	rc = posix_spawnp(pid, words[0], &files, &attributes, words, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	if (rc != 0)
		close(ends[0]);
	else
		*out_fd = ends[0];
	return rc;
}

/* Until it closes its output; false: too long, or too much. */
static bool read_output(int fd, char *text, size_t size, int64_t until_ms)
{
	size_t len = 0;
	ssize_t n = 1;

	while (n != 0 && len < size && clock_boot_ms() < until_ms && !exchange_stopped()) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, LOOK_MS) <= 0)
			continue;
		n = read(fd, text + len, size - len);
		len += n > 0 ? (size_t)n : 0;
	}
	return n == 0;
}

/* -1: it has not ended by itself. */
static int wait_end(pid_t pid, int64_t until_ms)
{
	const struct timespec look = { .tv_nsec = LOOK_MS / 10 * 1000000L };
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (clock_boot_ms() >= until_ms || exchange_stopped())
			return -1;
		nanosleep(&look, NULL);
	}
	return status;
}

/* It may have left the group; and one that may not be killed, since it runs as somebody else, is not waited for. */
static void end_group(pid_t pid)
{
	const struct timespec look = { .tv_nsec = LOOK_MS / 10 * 1000000L };
	const int64_t until_ms = clock_boot_ms() + REAP_MS;

	kill(-pid, SIGKILL);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, WNOHANG) == 0 && clock_boot_ms() < until_ms)
		nanosleep(&look, NULL);
}

/* What became of it, for a person; 0 when all is well. */
static int judge(int status, const char *name, struct error *e)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return error_set(e, ERROR_WAIT_PERSON, ENOENT, "'%s' cannot be run", name);
	if (WIFEXITED(status))
		return error_set(e, ERROR_WAIT_PERSON, ECHILD, "'%s' ended with status %d: run it by hand to see why",
				 name, WEXITSTATUS(status));
	return error_set(e, ERROR_WAIT_PERSON, ECHILD, "'%s' was ended by signal %d", name, WTERMSIG(status));
}

/* words: at least one. */
static int run(char **words, char *text, size_t size, int deadline_ms, struct error *e)
{
	const int64_t until_ms = clock_boot_ms() + deadline_ms;
	int fd = -1, status = -1;
	pid_t pid = 0;
	int rc = spawn(words, &pid, &fd);
	bool whole;

	if (rc != 0)
		return error_set(e, ERROR_WAIT_PERSON, rc,
				 "cannot run '%s': %s (a service's sandbox may forbid it: kafka2s3(8), CREDENTIALS)",
				 words[0], strerror(rc));
	whole = read_output(fd, text, size, until_ms);
	close(fd);
	if (whole)
		status = wait_end(pid, until_ms);
	if (status != -1)
		return judge(status, words[0], e);
	end_group(pid);
	if (exchange_stopped())
		return error_set(e, ERROR_RETRY, EINTR, "stopped");
	if (clock_boot_ms() < until_ms)
		return error_set(e, ERROR_WAIT_PERSON, EFBIG, "'%s' prints more than %zu bytes", words[0], size - 1);
	return error_set(e, ERROR_RETRY, ETIMEDOUT, "'%s' has not ended within %d ms", words[0], deadline_ms);
}

int process_output(const char *command, size_t max, int deadline_ms, char **out, struct error *e)
{
	char *own = mem_strdup(command), *text = mem_zalloc(max + 2);
	char *words[WORDS_MAX + 1] = { NULL };
	int rc;

	if (split(own, words) != 0)
		rc = error_set(e, ERROR_WAIT_PERSON, EINVAL,
			       "the command is empty, has a quote that is not closed, or more than %d words",
			       WORDS_MAX);
	else
		rc = run(words, text, max + 1, deadline_ms, e);
	*out = rc == 0 ? mem_strdup(text) : NULL;
	explicit_bzero(text, max + 2);
	free(text);
	free(own);
	return rc;
}
