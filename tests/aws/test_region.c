/* SPDX-License-Identifier: Apache-2.0 */
/* Who says first which region it is. The instance's is test_sources.py's. */
#include "aws/region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static char path[] = "/tmp/region-test-XXXXXX";

static void assert_region(const struct settings *s, const char *region)
{
	char *given = region_given(s), *resolved = region_resolve(s);

	assert_string_equal(given, region);
	assert_string_equal(resolved, region);
	free(given);
	free(resolved);
}

static void the_nearest_says_it(void **state)
{
	struct settings s = { .s3_region = (char *)"settings-1", .s3_profile = (char *)"" };

	(void)state;
	setenv("AWS_REGION", "env-1", 1);
	setenv("AWS_DEFAULT_REGION", "env-2", 1);
	assert_region(&s, "settings-1");
	s.s3_region = (char *)"";
	assert_region(&s, "env-1");
	setenv("AWS_REGION", "", 1);
	assert_region(&s, "env-2");
	unsetenv("AWS_DEFAULT_REGION");
	assert_region(&s, "default-1");
	setenv("AWS_PROFILE", "one", 1);
	assert_region(&s, "one-1");
	s.s3_profile = (char *)"two";
	assert_region(&s, "two-1");
	s.s3_profile = (char *)"none";
	assert_region(&s, "");
}

static void files_that_cannot_be_read_say_nothing(void **state)
{
	struct settings s = { .s3_region = (char *)"", .s3_profile = (char *)"two" };

	(void)state;
	setenv("AWS_CONFIG_FILE", "/", 1);
	assert_region(&s, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nearest_says_it),
		cmocka_unit_test(files_that_cannot_be_read_say_nothing),
	};
	int fd = mkstemp(path), rc;

	if (fd < 0)
		return 1;
	dprintf(fd, "[default]\nregion = default-1\n[profile one]\nregion = one-1\n[profile two]\nregion = two-1\n");
	close(fd);
	setenv("AWS_CONFIG_FILE", path, 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null", 1);
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return rc;
}
