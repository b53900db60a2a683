/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_SETTINGS_SCRATCH_H
#define TESTS_SETTINGS_SCRATCH_H

#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "settings/settings.h"

/* A folder of its own for each test program, which is the working directory, and an environment without AWS. */

/* What a file needs at least: two lines. */
#define HEAD "kafka = { topics = [ \"a\" ]; group = \"g\"; };\ns3 = { bucket = \"my-lake\"; };\n"

static inline void scratch_write(const char *name, const char *text, mode_t mode)
{
	FILE *f = fopen(name, "w");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(name, mode), 0);
}

static inline int scratch_setup(void **state)
{
	static const char *const variables[] = { "AWS_REGION",        "AWS_DEFAULT_REGION",
						 "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
						 "AWS_SESSION_TOKEN", "CREDENTIALS_DIRECTORY" };
	char name[] = "/tmp/kafka2s3-settings-XXXXXX";

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	if (mkdtemp(name) == NULL)
		return -1;
	*state = strdup(name);
	return chdir(name);
}

static inline int scratch_teardown(void **state)
{
	static const char *const names[] = { "a.conf", "b.conf", "c.conf", "secret", "token", "log" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		unlink(names[i]);
	rmdir("folder");
	if (chdir("/") != 0 || rmdir(*state) != 0)
		return -1;
	free(*state);
	return 0;
}

static inline struct settings *scratch_load(const char *text)
{
	struct settings *s;
	struct error e;

	scratch_write("a.conf", text, 0600);
	if (settings_load("a.conf", &s, &e) < 0)
		fail_msg("%s", e.text);
	return s;
}

#endif
