/* SPDX-License-Identifier: Apache-2.0 */
/* What a person sees on a terminal: a line an event, with time and level, and nothing below the level that is asked. */
#include "base/log.h"

#include <fcntl.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char said[8192];

static void speak(void)
{
	static const struct log_field fields[] = { { "TOPIC", "a field" } };

	log_debug("not %d", 1);
	log_info("a text of %d words and a \"name\"", 7);
	log_event(LOG_LEVEL_WARNING, fields, 1, "beware");
	log_warning("kafka: no \"%s\"", "\033[2Ja\n2026-01-01T00:00:00.000Z error   forged");
	log_error("%0*d", 4000, 0);
}

/* What speak() writes to stderr. */
static void listen_to_it(void)
{
	int file = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600), kept = dup(STDERR_FILENO);
	ssize_t n;

	assert_true(file >= 0 && kept >= 0);
	dup2(file, STDERR_FILENO);
	speak();
	fflush(stderr);
	dup2(kept, STDERR_FILENO);
	n = pread(file, said, sizeof(said) - 1, 0);
	assert_true(n >= 0);
	said[n] = '\0';
	close(kept);
	close(file);
}

static void test_lines(void **state)
{
	static const char pattern[] = "^20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z info    "
				      "a text of 7 words and a \"name\"\n"
				      "20[^ ]+Z warning beware\n"
				      "20[^ ]+Z warning kafka: no \"\\\\x1b\\[2Ja\\\\x0a2026[^\n]*forged\"\n"
				      "20[^ ]+Z error   0+\n$";
	regex_t regex;

	(void)state;
	listen_to_it();
	assert_int_equal(regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB), 0);
	if (regexec(&regex, said, 0, NULL, 0) != 0)
		fail_msg("said: %.300s", said);
	regfree(&regex);
	assert_true(strlen(said) < 3000); /* the long one is cut, and still ends its line */
}

static void test_levels(void **state)
{
	enum log_level level;

	(void)state;
	assert_int_equal(log_level_parse("error", &level), 0);
	log_set_level(level);
	listen_to_it();
	assert_null(strstr(said, "beware"));
	assert_non_null(strstr(said, " error "));
	assert_int_equal(log_level_parse("debug", &level), 0);
	log_set_level(level);
	listen_to_it();
	assert_non_null(strstr(said, " debug   not 1\n"));
	log_set_level(LOG_LEVEL_INFO);
	assert_int_equal(log_level_parse("loud", &level), -1);
}

/* Whatever a service starts inherits the variable; the journal listens only if stderr still is that stream. */
static void test_another_stream_than_the_journals(void **state)
{
	(void)state;
	setenv("JOURNAL_STREAM", "8:1", 1);
	listen_to_it();
	unsetenv("JOURNAL_STREAM");
	assert_non_null(strstr(said, "beware"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_levels),
		cmocka_unit_test(test_another_stream_than_the_journals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
