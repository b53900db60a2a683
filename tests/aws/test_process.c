/* SPDX-License-Identifier: Apache-2.0 */
/* Commands: their words, what they print, and how they end. */
#include "aws/process.h"

#include <errno.h>
#include <setjmp.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

#define PATIENCE_MS 120000
#define MAX 256

static void assert_prints(const char *command, const char *text)
{
	struct error e = { .text = "" };
	char *out;

	if (process_output(command, MAX, PATIENCE_MS, &out, &e) != 0)
		fail_msg("%s: %s", command, e.text);
	assert_string_equal(out, text);
	free(out);
}

static void assert_fails(const char *command, int deadline_ms, enum error_action action, int code, const char *says)
{
	struct error e;
	char *out;

	assert_int_equal(process_output(command, MAX, deadline_ms, &out, &e), -1);
	assert_null(out);
	assert_int_equal(e.action, action);
	assert_int_equal(e.code, code);
	if (strstr(e.text, says) == NULL)
		fail_msg("'%s' does not say '%s'", e.text, says);
}

static void words_are_parted_as_a_shell_does(void **state)
{
	(void)state;
	assert_prints("printf %s|", "|");
	assert_prints("  printf\t'%s|' a  b ", "a|b|");
	assert_prints("printf '%s|' \"a b\" 'c \"d\"' e\\ f \"g\\\"h\" '' i'j'\"k\"", "a b|c \"d\"|e f|g\"h||ijk|");
	assert_prints("printf '%s|' $HOME `id` * a;b \"\\n\" '\\n'", "$HOME|`id`|*|a;b|\\n|\\n|");
}

static void a_command_sees_nothing_of_ours(void **state)
{
	(void)state;
	assert_prints("sh -c 'cat; echo unseen >&2; ls /proc/self/fd | tr \"\\n\" \" \"'", "0 1 2 3 ");
	assert_prints("sh -c 'kill -0 $$; trap | wc -l | tr -d \"\\n\"'", "0");
}

/* Where no memory can be shared with a child (qemu-user), posix_spawn cannot tell why one was not begun: it ends
 * with 127, as POSIX has it. */
static bool spawn_tells(void)
{
	char helper[] = "/nonexistent/helper", *const words[] = { helper, NULL };
	pid_t pid;
	int rc = posix_spawn(&pid, words[0], NULL, NULL, words, words + 1);

	if (rc == 0)
		waitpid(pid, NULL, 0);
	return rc == ENOENT;
}

static void what_cannot_be_run_is_said(void **state)
{
	(void)state;
	if (!spawn_tells()) {
		assert_fails("/nonexistent/helper --secret x", PATIENCE_MS, ERROR_WAIT_PERSON, ENOENT,
			     "'/nonexistent/helper' cannot be run");
		return;
	}
	assert_fails("/nonexistent/helper --secret x", PATIENCE_MS, ERROR_WAIT_PERSON, ENOENT,
		     "cannot run '/nonexistent/helper': No such file or directory (a service's sandbox may forbid it");
	assert_fails("/dev/null", PATIENCE_MS, ERROR_WAIT_PERSON, EACCES, "cannot run '/dev/null'");
}

static void how_a_command_fails_is_said(void **state)
{
	(void)state;
	assert_fails("", PATIENCE_MS, ERROR_WAIT_PERSON, EINVAL, "empty");
	assert_fails("echo 'a", PATIENCE_MS, ERROR_WAIT_PERSON, EINVAL, "a quote that is not closed");
	assert_fails("sh -c 'echo secret; exit 3'", PATIENCE_MS, ERROR_WAIT_PERSON, ECHILD,
		     "'sh' ended with status 3: run it by hand");
	assert_fails("sh -c 'kill -9 $$'", PATIENCE_MS, ERROR_WAIT_PERSON, ECHILD, "'sh' was ended by signal 9");
	assert_fails("yes", PATIENCE_MS, ERROR_WAIT_PERSON, EFBIG, "prints more than 256 bytes");
}

static void the_deadline_ends_all_of_it(void **state)
{
	(void)state;
	assert_fails("sh -c 'sleep 1000 & sleep 1000'", 100, ERROR_RETRY, ETIMEDOUT, "has not ended within 100 ms");
	assert_fails("sh -c 'exec >&-; sleep 1000'", 100, ERROR_RETRY, ETIMEDOUT, "has not ended within 100 ms");
	assert_fails("perl -e 'setpgrp(0, getpgrp(getppid())); sleep 1000'", 100, ERROR_RETRY, ETIMEDOUT,
		     "has not ended within 100 ms");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_parted_as_a_shell_does), cmocka_unit_test(a_command_sees_nothing_of_ours),
		cmocka_unit_test(what_cannot_be_run_is_said),       cmocka_unit_test(how_a_command_fails_is_said),
		cmocka_unit_test(the_deadline_ends_all_of_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
